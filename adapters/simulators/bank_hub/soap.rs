//! SOAP 1.1 as the pulling family speaks it: string arguments, one string back.

use crate::xml;

/// The request's envelope.
pub(crate) fn envelope(namespace: &str, operation: &str, arguments: &[&str]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:q=\"{namespace}\"><soapenv:Header/><soapenv:Body><q:",
    );
    out.push_str(operation);
    out.push('>');
    for (index, argument) in arguments.iter().enumerate() {
        xml::element(&mut out, &format!("arg{index}"), argument);
    }
    out.push_str("</q:");
    out.push_str(operation);
    out.push_str("></soapenv:Body></soapenv:Envelope>");
    out
}

/// The string in a response's envelope; the error says what was there instead.
pub(crate) fn returned(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the envelope is not UTF-8".to_owned())?;
    let root = xml::parse(text)?;
    if let Some(fault) = root.below("Fault") {
        return Err(format!("SOAP fault {}", fault.value("faultcode")));
    }
    let found = root.child("Body").and_then(|b| b.below("return")).ok_or("no return in the envelope")?;
    Ok(found.text.trim().to_owned())
}
