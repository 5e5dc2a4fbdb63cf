//! Fetching what must lie beside a slip before a bank acts: legal documents and officers' credentials.

use super::client::Client;
use super::element::Element;
use super::slip::Slip;
use crate::bank::Papers;
use crate::wire::{decode_bytes, md5_hex};
use crate::xml::Node;

/// Fetches both; an error means that the gateway could not be asked, not that something is missing.
pub(crate) async fn fetch(client: &Client, slip: &Slip, want_credentials: bool) -> Result<Papers, String> {
    let documents = if slip.control {
        client.call("kzwsInfo", Some(&condition("bdhminfo", "BDHM", &slip.number))).await?
    } else {
        client.call("cxwsInfo", Some(&condition("wsbhinfo", "WSBH", &slip.document_number))).await?
    };
    let credentials = if want_credentials {
        let cards = client.call("zjInfo", Some(&condition("bdhminfo", "BDHM", &slip.number))).await?;
        credentials_in_order(&cards)
    } else {
        true
    };
    let document = documents_in_order(&documents);
    Ok(Papers { document, credentials, officer_numbers: slip.officer_numbers.clone() })
}

fn condition(root: &'static str, name: &'static str, value: &str) -> Element {
    Element::list(root, vec![Element::new("condition", vec![(name, value.to_owned())])])
}

fn documents_in_order(root: &Node) -> bool {
    let mut rows = Vec::new();
    root.all("wsinfo", &mut rows);
    let good = |row: &&Node| {
        let md5 = row.attribute("MD5");
        decode_bytes(row.attribute("WSNR"))
            .is_some_and(|bytes| !bytes.is_empty() && (md5.is_empty() || md5_hex(&bytes).eq_ignore_ascii_case(md5)))
    };
    !rows.is_empty() && rows.iter().all(good)
}

fn credentials_in_order(root: &Node) -> bool {
    let mut rows = Vec::new();
    root.all("zjinfo", &mut rows);
    let filled = |row: &Node, name: &str| decode_bytes(row.attribute(name)).is_some_and(|bytes| !bytes.is_empty());
    rows.iter().any(|row| filled(row, "GZZ") || filled(row, "GWZ"))
}
