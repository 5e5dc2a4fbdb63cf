//! Fetching what must lie beside a slip before a bank acts: legal documents and officers' credentials.

use super::Hub;
use super::element::Element;
use super::slip::Slip;
use crate::bank::Papers;
use crate::wire::{decode_bytes, md5_hex};
use crate::xml::Node;

/// Fetches both; an error means that the gateway could not be asked, not that something is missing.
pub(crate) async fn fetch(hub: &Hub, slip: &Slip) -> Result<Papers, String> {
    let client = &hub.client;
    let documents = if slip.control {
        client.call("kzwsInfo", Some(&condition("bdhminfo", "BDHM", &slip.number))).await?
    } else {
        client.call("cxwsInfo", Some(&condition("wsbhinfo", "WSBH", &slip.document_number))).await?
    };
    let credentials = if hub.want_credentials {
        let cards = client.call("zjInfo", Some(&condition("bdhminfo", "BDHM", &slip.number))).await?;
        credentials_in_order(&cards)
    } else {
        true
    };
    let mut rows = Vec::new();
    documents.all("wsinfo", &mut rows);
    // The rules refuse a missing or empty document; a wrong MD5 is no rule of theirs, so it is noted and not refused.
    if rows.iter().any(|row| !md5_fits(row)) {
        hub.found(format!("{}: a document's MD5 is not that of its bytes", slip.number));
    }
    let document = !rows.is_empty() && rows.iter().all(|row| filled(row, "WSNR"));
    Ok(Papers { document, credentials, officer_numbers: slip.officer_numbers.clone() })
}

fn condition(root: &'static str, name: &'static str, value: &str) -> Element {
    Element::list(root, vec![Element::new("condition", vec![(name, value.to_owned())])])
}

fn filled(row: &Node, name: &str) -> bool {
    decode_bytes(row.attribute(name)).is_some_and(|bytes| !bytes.is_empty())
}

fn md5_fits(row: &Node) -> bool {
    let md5 = row.attribute("MD5");
    md5.is_empty() || decode_bytes(row.attribute("WSNR")).is_some_and(|b| md5_hex(&b).eq_ignore_ascii_case(md5))
}

fn credentials_in_order(root: &Node) -> bool {
    let mut rows = Vec::new();
    root.all("zjinfo", &mut rows);
    rows.iter().any(|row| filled(row, "GZZ") || filled(row, "GWZ"))
}
