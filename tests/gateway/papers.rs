//! A partner that is called is handed the papers of its act and none of those that the court sent for the request's other acts.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::{Value, json};

use crate::bench::{Gateway, Setup, acts, freeze};

const FUND: &str = "330225100200300";

/// A centre that is always busy, and shows what it was sent.
fn busy() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // More tries than a test waits for.
    let (tell, told) = sync_channel(1_000);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            if let Some(body) = body(&mut stream)
                && tell.send(body).is_err()
            {
                return;
            }
            let _gone = stream.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (url, told)
}

fn body(stream: &mut TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    let mut part = [0; 16_384];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
            })?;
            if body.len() >= length {
                return serde_json::from_str(body).ok();
            }
        }
        match stream.read(&mut part) {
            Ok(read @ 1..) => bytes.extend_from_slice(&part[..read]),
            _ => return None,
        }
    }
}

fn kinds(task: &Value) -> Vec<&str> {
    task["papers"].as_array().unwrap().iter().map(|paper| paper["kind"].as_str().unwrap()).collect()
}

fn asked(gateway: &Gateway, told: &Receiver<Value>, act: Value, kind: &str) -> Value {
    gateway.submit(&acts(&[0], vec![act]).claim("1000.00"));
    loop {
        let task = told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
        if task["kind"] == kind {
            return task;
        }
    }
}

#[test]
fn a_call_carries_the_papers_of_its_act() {
    let (url, told) = busy();
    let mut gateway = Setup::of(Vec::new()).lay_out();
    gateway.add_open_partner("fund-a", "housing_fund", &url, "fund-token", &["query", "freeze"]);
    gateway.start();
    let query = asked(&gateway, &told, json!({ "kind": "query", "partner": "fund-a", "subject": 0 }), "query");
    assert_eq!(kinds(&query), ["query_notice", "work_id_scan", "duty_id_scan"]);
    assert!(query["papers"].as_array().unwrap().iter().all(|paper| paper["content"].is_string()), "{query:#}");
    let order = asked(&gateway, &told, freeze("fund-a", FUND, "500.00"), "freeze");
    assert_eq!(kinds(&order), ["ruling", "freeze_notice", "assist_notice", "work_id_scan", "duty_id_scan"]);
}
