//! Posting a slip's answer back, soundly or with the fault a knob asks for.

use encoding_rs::{GBK, UTF_8};

use super::client::Client;
use super::element::{self, Element};
use crate::knobs::{Drawn, Fault};
use crate::xml::Node;

const OVERSIZE_BYTES: usize = 16 * 1024 * 1024;

/// An answer ready to be posted.
pub(crate) struct Feedback {
    pub slip: String,
    pub operation: &'static str,
    pub list: Element,
    pub transactions: Option<Element>,
}

/// Posts it; `Ok(true)` = the gateway took the true answer.
pub(crate) async fn feed(client: &Client, feedback: Feedback, drawn: &Drawn) -> Result<bool, String> {
    let charset = client.charset;
    let operation = feedback.operation;
    let sound = element::outer(&feedback.list.inner(charset), charset);
    let broken = match drawn.fault() {
        Some(Fault::SilenceAfterAccept) => return Ok(false),
        Some(Fault::ResetMidBody | Fault::CloseWithoutAnswer | Fault::SlowDrip) => {
            return client.call_broken(operation, &sound, drawn).await.map(|ack| taken(&ack, &feedback.slip));
        }
        Some(Fault::WrongSchema) => Some(element::outer("<noticeList><notice/></noticeList>", charset)),
        Some(Fault::TruncatedXml) => {
            let inner = feedback.list.inner(charset);
            Some(element::outer(inner.get(..inner.len() / 2).unwrap_or_default(), charset))
        }
        Some(Fault::HtmlBody) => Some(element::outer("<html><body>502 Bad Gateway</body></html>", charset)),
        Some(Fault::EmptyBody) => Some(String::new()),
        Some(Fault::WrongCharset) => {
            let other = if charset == GBK { UTF_8 } else { GBK };
            let mut list = feedback.list.clone();
            // Without a character outside ASCII there would be nothing to see.
            list.children.iter_mut().for_each(|row| set(row, "BEIZ", "柜面办理"));
            Some(element::outer(&list.inner(other), other))
        }
        Some(Fault::OtherCase) => Some(changed(&feedback.list, client, |e| set(e, "BDHM", "A18900101E0200000001"))),
        Some(Fault::WithoutSums) => Some(changed(&feedback.list, client, |e| {
            e.attributes.retain(|(name, _)| !matches!(*name, "SKJE" | "CESKJE"));
        })),
        Some(Fault::QueueWords) => Some(changed(&feedback.list, client, |e| {
            set(e, "KZZT", "2");
            set(e, "WNKZYY", "账户已被冻结，我行不支持轮候冻结");
            set(e, "SKJE", "0.00");
        })),
        Some(Fault::OversizeBody) => {
            let bytes = drawn.knob.as_ref().and_then(|k| k.bytes).unwrap_or(OVERSIZE_BYTES);
            Some(changed(&feedback.list, client, |e| set(e, "BEIZ", &" ".repeat(bytes))))
        }
        _ => None,
    };
    if let Some(broken) = broken {
        // Whatever the gateway says to it, the true answer is still owed.
        client.call_with(operation, Some(&broken)).await?;
        return Ok(false);
    }
    let first = match drawn.fault() {
        Some(Fault::UnknownLine) => with_unknown_line(&feedback.list, client),
        _ => sound.clone(),
    };
    let ack = client.call_with(operation, Some(&first)).await?;
    match drawn.fault() {
        Some(Fault::DuplicateFeedback) => drop(client.call_with(operation, Some(&sound)).await?),
        Some(Fault::ConflictingFeedback) => {
            let withdrawn = changed(&feedback.list, client, |e| {
                set(e, "KZZT", "2");
                set(e, "WNKZYY", "经办人员复核：未控制");
                set(e, "SKJE", "0.00");
            });
            drop(client.call_with(operation, Some(&withdrawn)).await?);
        }
        _ => {}
    }
    if let Some(transactions) = &feedback.transactions {
        client.call("shfeedXzcxwlxxInfo", Some(transactions)).await?;
    }
    refused_text(&ack, &feedback.slip)?;
    Ok(taken(&ack, &feedback.slip))
}

/// Hands a slip back.
pub(crate) async fn hand_back(client: &Client, slip: &str, list: &Element) -> Result<bool, String> {
    let ack = client.call("htInfo", Some(list)).await?;
    refused_text(&ack, slip)?;
    Ok(taken(&ack, slip))
}

fn rows_of<'a>(ack: &'a Node, slip: &str) -> Vec<&'a Node> {
    let mut rows = Vec::new();
    ack.all("jg", &mut rows);
    rows.retain(|row| row.attribute("BDHM") == slip);
    rows
}

fn refused_text(ack: &Node, slip: &str) -> Result<(), String> {
    match rows_of(ack, slip).iter().find(|row| row.attribute("RESULT") == "fail") {
        Some(row) => Err(format!("the gateway refused the feedback of {slip}: {}", row.attribute("MSG"))),
        None => Ok(()),
    }
}

fn taken(ack: &Node, slip: &str) -> bool {
    rows_of(ack, slip).iter().any(|row| row.attribute("RESULT") != "fail")
}

fn changed(list: &Element, client: &Client, change: impl Fn(&mut Element)) -> String {
    let mut copy = list.clone();
    copy.children.iter_mut().for_each(change);
    element::outer(&copy.inner(client.charset), client.charset)
}

fn with_unknown_line(list: &Element, client: &Client) -> String {
    let mut copy = list.clone();
    if let Some(mut row) = copy.children.first().cloned() {
        set(&mut row, "CCXH", "99");
        copy.children.insert(1, row);
    }
    element::outer(&copy.inner(client.charset), client.charset)
}

fn set(element: &mut Element, name: &'static str, value: &str) {
    match element.attributes.iter_mut().find(|(n, _)| *n == name) {
        Some((_, old)) => *old = value.to_owned(),
        None => element.attributes.push((name, value.to_owned())),
    }
}
