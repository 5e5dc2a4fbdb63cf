//! Questions about documents: goldens are what is written or read, hostile bytes prove nothing, what comes twice is read alike.

use std::sync::Arc;

use domain::Personal;
use domain::socket::{Cause, Judged, PaperFile};

use super::server::{Server, Step, ok};
use super::{key_of, kind_of, networked, order_of, plug, specimen_of};
use crate::bank::tests::specimen::CANARIES;
use crate::fuzz::{hostile, within_memory};
use crate::{ADAPTERS, faces};

fn raw(bytes: Vec<u8>) -> Step {
    Step::Reply(Arc::new(move |_| bytes.clone()))
}

fn page(body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn golden(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap().trim_ascii_end().to_vec()
}

/// Our order as it is written for this partner, with a file for each of its papers.
async fn written(name: &'static str) -> String {
    let server =
        Server::start(vec![Step::Reply(Arc::new(move |request| ok(&(specimen_of(name).answer)(request))))]).await;
    let slip = order_of(name);
    let call = plug(name, specimen_of(name).options, &server.url);
    let file = |paper: &domain::case::Paper| PaperFile {
        kind: paper.kind.clone(),
        number: paper.number.clone(),
        file_name: paper.file_name.clone(),
        bytes: Personal::new(b"%PDF-1.4\n".to_vec()),
    };
    let files: Vec<PaperFile> = slip.context.papers.iter().map(file).collect();
    assert!(matches!(call.send_with_papers(&slip, &files).await, Judged::Answered(_)), "{name}");
    let requests = server.requests();
    requests[0].split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// The elements or keys that a document names, in their order; what they hold is another test's.
fn names(document: &str) -> Vec<String> {
    let is_xml = document.trim_start().starts_with('<');
    let words: Vec<&str> = document.split(if is_xml { '<' } else { '"' }).skip(1).collect();
    let word = |text: &&str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    words
        .iter()
        .map(word)
        .filter(|word| !word.is_empty() && (is_xml || document.contains(&format!("\"{word}\":"))))
        .collect()
}

#[tokio::test]
async fn every_golden_shows_what_is_written_or_what_is_read() {
    for name in networked() {
        let written = names(&written(name).await);
        let goldens = specimen_of(name).goldens;
        let (mut orders, mut answers) = (0, 0);
        for file in goldens {
            let golden = golden(file);
            let shown = names(&String::from_utf8_lossy(&golden));
            if shown.first() == written.first()
                && shown.iter().filter(|word| written.contains(word)).count() * 10 >= written.len() * 8
            {
                orders += 1;
                continue;
            }
            let server = Server::start(vec![raw(page(&golden))]).await;
            let call = plug(name, specimen_of(name).options, &server.url);
            let judged = call.send(&order_of(name)).await;
            assert!(matches!(judged, Judged::Answered(_) | Judged::Accepted), "{name} neither writes nor reads {file}");
            answers += 1;
        }
        assert!(orders > 0 && answers > 0, "{name} shows an order and an answer among its goldens");
    }
}

#[tokio::test]
async fn hostile_answers_are_doubts() {
    for name in networked() {
        for (what, document) in hostile::xml().into_iter().chain(hostile::json()) {
            let server = Server::start(vec![raw(page(&document))]).await;
            let call = plug(name, specimen_of(name).options, &server.url);
            let judged = call.send(&order_of(name)).await;
            assert!(matches!(judged, Judged::Doubt { cause: Cause::Schema | Cause::TooLarge }), "{name}: {what}");
            if specimen_of(name).asks {
                let asked = call.ask(key_of(name), kind_of(name)).await;
                assert!(matches!(asked, Judged::Doubt { cause: Cause::Schema | Cause::TooLarge }), "{name}: {what}");
            }
        }
    }
}

#[test]
fn what_is_posted_is_read_alike_each_time_and_hostile_posts_are_refused_by_name() {
    for name in networked() {
        let call = plug(name, specimen_of(name).options, "http://127.0.0.1:9/");
        for (what, document) in hostile::xml().into_iter().chain(hostile::json()) {
            for _ in 0..2 {
                match within_memory(&document, |document| call.read_inbound(document)) {
                    Ok(read) => assert!(read.feedback.is_empty() && read.leads.is_empty(), "{name}: {what}"),
                    Err(fault) => assert!(CANARIES.iter().all(|canary| !format!("{fault:?}").contains(canary))),
                }
            }
        }
        let posted = CANARIES.map(|canary| format!("{{\"results\":\"{canary}\"}}<{canary}>"));
        for document in posted {
            let shown = format!("{:?}", call.read_inbound(document.as_bytes()).err());
            assert!(CANARIES.iter().all(|canary| !shown.contains(canary)), "{name}: {shown}");
        }
    }
}

#[test]
fn hostile_calls_of_faces_are_refused_by_name_and_nothing_of_them_is_echoed() {
    for face in faces() {
        let known = ADAPTERS.iter().any(|adapter| specimen_of(adapter.name).face == Some(face.path()));
        assert!(known, "no specimen names the face {}", face.path());
        let echo = CANARIES.map(|canary| ("echo", format!("<a b='{canary}'>{canary}</a>").into_bytes()));
        for (what, document) in hostile::xml().into_iter().chain(hostile::json()).chain(hostile::base64()).chain(echo) {
            let fault = within_memory(&document, |document| face.decode(document)).err();
            let reply = face.fault(&fault.unwrap_or_else(|| panic!("{} took {what}", face.path())));
            let told = String::from_utf8_lossy(&reply.bytes).into_owned();
            assert!(reply.status >= 400 && !told.is_empty() && told.len() < 4_096, "{what}");
            assert!(CANARIES.iter().all(|canary| !told.contains(canary)), "{what}");
        }
    }
}
