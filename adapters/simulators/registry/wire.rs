//! The registry's messages: capital elements, every value in Base64 of UTF-8, the whole once more (WIRE g.2).

use std::time::Duration;

use encoding_rs::UTF_8;

use crate::wire::{decode, encode, post};
use crate::xml::{self, Node};

const CONNECT: Duration = Duration::from_secs(30);
const CALL: Duration = Duration::from_secs(180);
const NAMESPACE: &str = "http://ip.service.webService.ckw.tdh/";
/// Fields that hold the Base64 of a file's bytes, once.
const FILES: [&str; 3] = ["WSNR", "GZZ", "GWZ"];

/// An element: fields with their text, then what stands inside.
pub(super) fn element(name: &str, fields: &[(&str, &str)], inside: &str) -> String {
    let field = |(field, text): &(&str, &str)| {
        let covered = if FILES.contains(field) { (*text).to_owned() } else { encode(text, UTF_8) };
        format!("<{field}>{covered}</{field}>")
    };
    format!("<{name}>{}{inside}</{name}>", fields.iter().map(field).collect::<String>())
}

/// A message around data.
pub(super) fn message(created: &str, data: &str) -> String {
    let head = element(
        "Head",
        &[("CREATETIME", created), ("DIGITALSIGN", ""), ("RESPONSECODE", "0000"), ("RESPONSEINFO", "")],
        "",
    );
    format!("<Message>{head}<Data>{data}</Data></Message>")
}

/// The text of a field of an element, in the clear; empty when it is missing or no Base64.
pub(super) fn text(node: &Node, name: &str) -> String {
    let raw = node.value(name);
    if FILES.contains(&name) { raw.to_owned() } else { decode(raw, UTF_8).unwrap_or_default().trim().to_owned() }
}

/// Speaks to one gateway with one credential.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    usermarker: String,
}

impl Client {
    pub(super) fn new(url: &str, username: &str, password: &str) -> Result<Client, reqwest::Error> {
        let builder = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT).timeout(CALL);
        // A plain address needs no roots, and a bare container has none.
        let plain = url.starts_with("http://");
        let builder = if plain { builder.tls_certs_only(std::iter::empty()) } else { builder };
        let condition = element("CONDITION", &[("USERNAME", username), ("PASSWORD", password)], "");
        let usermarker = encode(&format!("<USERMARKER>{condition}</USERMARKER>"), UTF_8);
        Ok(Client { http: builder.build()?, url: url.to_owned(), usermarker })
    }

    /// One operation with one more argument besides the credential; an answer that says why it is denied is an error.
    pub(super) async fn call(&self, operation: &str, argument: Option<(&str, &str)>) -> Result<Node, String> {
        let mut body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:q=\"{NAMESPACE}\"><soapenv:Body><q:{operation}><usermarker>{}</usermarker>",
            self.usermarker
        );
        if let Some((name, inner)) = argument {
            body.push_str(&format!("<{name}>{}</{name}>", encode(inner, UTF_8)));
        }
        body.push_str(&format!("</q:{operation}></soapenv:Body></soapenv:Envelope>"));
        let bytes = post(&self.http, &self.url, operation, body).await?;
        let envelope = std::str::from_utf8(&bytes).map_err(|_| format!("{operation}: the envelope is not UTF-8"))?;
        let envelope = xml::parse(envelope).map_err(|e| format!("{operation}: {e}"))?;
        let returned = envelope.below("return").map(|node| node.text.trim().to_owned()).unwrap_or_default();
        let inner = decode(&returned, UTF_8).ok_or_else(|| format!("{operation}: no Base64 of UTF-8"))?;
        let root = xml::parse(&inner).map_err(|e| format!("{operation}: {e}"))?;
        match decode(root.attribute("ErrorMSG"), UTF_8).filter(|denied| !denied.is_empty()) {
            Some(denied) => Err(format!("{operation}: the gateway says {denied}")),
            None => Ok(root),
        }
    }
}
