//! SOAP 1.1 envelopes of `SyyhConvertDataService`: read as tolerantly as partners write, written exactly.

use domain::socket::{FaceFault, ListClass};

use super::packed::Packed;
use crate::markup::{Element, push_text};
use crate::transport::charset::{Charset, decode_document};
use crate::transport::pull::{CALL_BYTES_MAX, LIMITS};

/// The service's namespace, as partners' clients were generated with it.
pub(crate) const NAMESPACE: &str = "http://syyh.service.webService.ckw.tdh/";

/// What an operation is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    List(ListClass),
    Papers(ListClass),
    Credentials,
    Feedback(ListClass),
    HandBack,
}

/// The operations: nine, and the older name of `cxwsInfo`.
pub(crate) const OPERATIONS: [(&str, Purpose); 10] = [
    ("getXzcxList", Purpose::List(ListClass::Queries)),
    ("getXzkzList", Purpose::List(ListClass::Controls)),
    ("cxwsInfo", Purpose::Papers(ListClass::Queries)),
    ("wsInfo", Purpose::Papers(ListClass::Queries)),
    ("kzwsInfo", Purpose::Papers(ListClass::Controls)),
    ("zjInfo", Purpose::Credentials),
    ("shfeedXzcxInfo", Purpose::Feedback(ListClass::Queries)),
    ("shfeedXzcxwlxxInfo", Purpose::Feedback(ListClass::Queries)),
    ("shfeedXzkzInfo", Purpose::Feedback(ListClass::Controls)),
    ("htInfo", Purpose::HandBack),
];

/// A call with its arguments unpacked.
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    pub(crate) purpose: Purpose,
    pub(crate) credential: Packed,
    pub(crate) argument: Option<Packed>,
}

/// Reads an envelope: any prefix, arguments by the names `arg0`, `arg1` or else by their order, plain or CDATA.
pub(crate) fn read(body: &[u8]) -> Result<Call, FaceFault> {
    if body.len() > CALL_BYTES_MAX {
        return Err(FaceFault::TooLarge("body".to_owned()));
    }
    let text = decode_document(body, Charset::Utf8)?;
    let envelope = Element::read(&text, LIMITS)?;
    let malformed = |place: &str| FaceFault::Malformed(place.to_owned());
    if !envelope.is("Envelope") {
        return Err(malformed("the root element is no SOAP envelope"));
    }
    let body = envelope.child("Body").ok_or_else(|| malformed("the envelope has no body"))?;
    let called = body.children.first().ok_or_else(|| malformed("the body is empty"))?;
    let (operation, purpose) =
        OPERATIONS.into_iter().find(|(name, _)| called.is(name)).ok_or(FaceFault::UnknownOperation)?;
    let mut arguments: Vec<&Element> = called.children.iter().collect();
    if arguments.iter().all(|argument| argument.is("arg0") || argument.is("arg1")) {
        arguments.sort_by_key(|argument| argument.name.to_ascii_lowercase());
    }
    let mut arguments = arguments.into_iter();
    let credential = arguments.next().ok_or_else(|| malformed("the credential argument is missing"))?;
    let argument = arguments.next().map(|argument| Packed::read(&argument.text)).transpose()?;
    Ok(Call { operation, purpose, credential: Packed::read(&credential.text)?, argument })
}

/// Writes the answer to a call.
pub(crate) fn response(operation: &str, packed: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body>\
         <ns2:{operation}Response xmlns:ns2=\"{NAMESPACE}\"><return>{packed}</return></ns2:{operation}Response></S:Body></S:Envelope>"
    )
    .into_bytes()
}

/// Writes a fault.
pub(crate) fn fault(text: &str) -> Vec<u8> {
    let mut escaped = String::new();
    push_text(&mut escaped, text);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body>\
         <S:Fault><faultcode>S:Client</faultcode><faultstring>{escaped}</faultstring></S:Fault></S:Body></S:Envelope>"
    )
    .into_bytes()
}

/// Writes the WSDL (document/literal, wrapped), from which partners generate their clients.
pub(crate) fn wsdl(address: &str) -> String {
    let mut escaped = String::new();
    push_text(&mut escaped, address);
    let (mut elements, mut messages, mut port, mut binding) =
        (String::new(), String::new(), String::new(), String::new());
    for (name, purpose) in OPERATIONS {
        let second = match purpose {
            Purpose::List(_) => "",
            _ => "<xs:element minOccurs=\"0\" name=\"arg1\" type=\"xs:string\"/>",
        };
        elements.push_str(&format!(
            "<xs:element name=\"{name}\"><xs:complexType><xs:sequence><xs:element minOccurs=\"0\" name=\"arg0\" type=\"xs:string\"/>{second}\
             </xs:sequence></xs:complexType></xs:element><xs:element name=\"{name}Response\"><xs:complexType><xs:sequence>\
             <xs:element minOccurs=\"0\" name=\"return\" type=\"xs:string\"/></xs:sequence></xs:complexType></xs:element>"
        ));
        messages.push_str(&format!(
            "<wsdl:message name=\"{name}\"><wsdl:part name=\"parameters\" element=\"tns:{name}\"/></wsdl:message>\
             <wsdl:message name=\"{name}Response\"><wsdl:part name=\"parameters\" element=\"tns:{name}Response\"/></wsdl:message>"
        ));
        port.push_str(&format!(
            "<wsdl:operation name=\"{name}\"><wsdl:input message=\"tns:{name}\"/><wsdl:output message=\"tns:{name}Response\"/></wsdl:operation>"
        ));
        binding.push_str(&format!(
            "<wsdl:operation name=\"{name}\"><soap:operation soapAction=\"\" style=\"document\"/><wsdl:input><soap:body use=\"literal\"/>\
             </wsdl:input><wsdl:output><soap:body use=\"literal\"/></wsdl:output></wsdl:operation>"
        ));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><wsdl:definitions name=\"SyyhConvertDataService\" targetNamespace=\"{NAMESPACE}\" \
         xmlns:tns=\"{NAMESPACE}\" xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><wsdl:types><xs:schema elementFormDefault=\"unqualified\" targetNamespace=\"{NAMESPACE}\">\
         {elements}</xs:schema></wsdl:types>{messages}<wsdl:portType name=\"SyyhConvertData\">{port}</wsdl:portType>\
         <wsdl:binding name=\"SyyhConvertDataServiceSoapBinding\" type=\"tns:SyyhConvertData\">\
         <soap:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>{binding}</wsdl:binding>\
         <wsdl:service name=\"SyyhConvertDataService\"><wsdl:port name=\"SyyhConvertDataPort\" binding=\"tns:SyyhConvertDataServiceSoapBinding\">\
         <soap:address location=\"{escaped}\"/></wsdl:port></wsdl:service></wsdl:definitions>"
    )
}
