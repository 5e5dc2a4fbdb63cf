//! SOAP 1.1 envelopes of the courts' services: read as tolerantly as partners write, written exactly.

use domain::Flaw;
use domain::socket::FaceFault;

use super::charset::{Charset, decode_document};
use super::pull::{CALL_BYTES_MAX, LIMITS};
use crate::markup::{Element, push_text};

/// Longer than any operation seen; it comes back in the answer's envelope.
const OPERATION_BYTES_MAX: usize = 64;

/// A service as its WSDL says it.
pub(crate) struct Service {
    /// The path that is called.
    pub(crate) path: &'static str,
    /// Its name, such as `SyyhConvertData`; `Service`, `Port` and the binding are made of it.
    pub(crate) name: &'static str,
    /// Its namespace, as partners' clients were generated with it.
    pub(crate) namespace: &'static str,
    /// Operations with the names of their arguments.
    pub(crate) operations: &'static [(&'static str, &'static [&'static str])],
}

/// A call with its arguments as they travelled.
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) credential: String,
    pub(crate) argument: Option<String>,
}

/// Reads an envelope: any prefix, arguments by the names `arg0`, `arg1`, by `usermarker`, or else by their order; plain or CDATA.
pub(crate) fn read(body: &[u8]) -> Result<Call, FaceFault> {
    if body.len() > CALL_BYTES_MAX {
        return Err(FaceFault::TooLarge(Flaw::BytesTooMany.above(CALL_BYTES_MAX)));
    }
    let text = decode_document(body, Charset::Utf8)?;
    let envelope = Element::read(&text, LIMITS)?;
    let malformed = |flaw: Flaw| FaceFault::Malformed(flaw.into());
    if !envelope.is("Envelope") {
        return Err(malformed(Flaw::NoEnvelope));
    }
    let mut parts = envelope.children.into_iter();
    let body = parts.find(|part| part.is("Body")).ok_or_else(|| malformed(Flaw::BodyMissing))?;
    let called = body.children.into_iter().next().ok_or_else(|| malformed(Flaw::BodyEmpty))?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if called.name.len() > OPERATION_BYTES_MAX || !called.name.bytes().all(is_name) {
        return Err(FaceFault::UnknownOperation);
    }
    let mut arguments: Vec<Element> = called.children;
    if arguments.iter().all(|argument| argument.is("arg0") || argument.is("arg1")) {
        arguments.sort_by_key(|argument| argument.name.to_ascii_lowercase());
    } else {
        arguments.sort_by_key(|argument| !argument.is("usermarker"));
    }
    let mut arguments = arguments.into_iter().map(|argument| argument.text);
    let credential = arguments.next().ok_or_else(|| malformed(Flaw::CredentialMissing))?;
    Ok(Call { operation: called.name, credential, argument: arguments.next() })
}

/// Writes the answer to a call.
pub(crate) fn response(namespace: &str, operation: &str, packed: &str) -> Vec<u8> {
    response_in(namespace, operation, "return", packed)
}

/// The same with another name for the element around the answer.
pub(crate) fn response_in(namespace: &str, operation: &str, element: &str, packed: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body>\
         <ns2:{operation}Response xmlns:ns2=\"{namespace}\"><{element}>{packed}</{element}></ns2:{operation}Response></S:Body></S:Envelope>"
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
pub(crate) fn wsdl(service: &Service, address: &str) -> String {
    let mut escaped = String::new();
    push_text(&mut escaped, address);
    let Service { name: service_name, namespace, operations, .. } = service;
    let (mut elements, mut messages, mut port, mut binding) =
        (String::new(), String::new(), String::new(), String::new());
    for (name, arguments) in *operations {
        let arguments: String = arguments
            .iter()
            .map(|argument| format!("<xs:element minOccurs=\"0\" name=\"{argument}\" type=\"xs:string\"/>"))
            .collect();
        elements.push_str(&format!(
            "<xs:element name=\"{name}\"><xs:complexType><xs:sequence>{arguments}\
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
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><wsdl:definitions name=\"{service_name}Service\" targetNamespace=\"{namespace}\" \
         xmlns:tns=\"{namespace}\" xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><wsdl:types><xs:schema elementFormDefault=\"unqualified\" targetNamespace=\"{namespace}\">\
         {elements}</xs:schema></wsdl:types>{messages}<wsdl:portType name=\"{service_name}\">{port}</wsdl:portType>\
         <wsdl:binding name=\"{service_name}ServiceSoapBinding\" type=\"tns:{service_name}\">\
         <soap:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>{binding}</wsdl:binding>\
         <wsdl:service name=\"{service_name}Service\"><wsdl:port name=\"{service_name}Port\" binding=\"tns:{service_name}ServiceSoapBinding\">\
         <soap:address location=\"{escaped}\"/></wsdl:port></wsdl:service></wsdl:definitions>"
    )
}
