//! A stand-in for the gateway's inbound path: refuses a number of posts, then takes all, and hands on what was posted.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};
use simulators::Callback;

/// Longer than anything on loopback takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// One post: its head, and its bytes.
pub struct Post {
    pub head: String,
    pub bytes: Vec<u8>,
}

impl Post {
    pub fn results(&self) -> Vec<Value> {
        let json: Value = serde_json::from_slice(&self.bytes).unwrap();
        json["results"].as_array().unwrap().clone()
    }
}

pub struct Inbound {
    url: String,
    posted: Receiver<Post>,
}

impl Inbound {
    /// The first `refusals` posts are answered 500.
    pub fn start(refusals: usize) -> Inbound {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, posted) = sync_channel(1_000);
        std::thread::spawn(move || {
            let mut left = refusals;
            // The thread ends with the first post that nobody waits for any more.
            for stream in listener.incoming().flatten() {
                if !serve(stream, &mut left, |post| tell.send(post).is_ok()) {
                    return;
                }
            }
        });
        Inbound { url, posted }
    }

    pub fn callback(&self, partner: &str) -> Callback {
        Callback { gateway: self.url.clone(), partner: partner.to_owned(), token: "our-token".to_owned() }
    }

    pub fn next(&self) -> Post {
        self.posted.recv_timeout(PATIENCE).expect("the partner posts within the test's patience")
    }

    pub fn is_quiet(&self) -> bool {
        self.posted.try_recv().is_err()
    }
}

fn serve(stream: TcpStream, left: &mut usize, mut tell: impl FnMut(Post) -> bool) -> bool {
    let mut reader = BufReader::new(stream);
    while let Some((head, bytes)) = read(&mut reader) {
        let json: Value = serde_json::from_slice(&bytes).unwrap();
        let items = ["results", "leads"].iter().flat_map(|list| json[list].as_array().unwrap().clone());
        let verdicts: Vec<Value> = items.map(|item| json!({"number": item["number"], "taken": true})).collect();
        let (status, answer) = match *left {
            0 => ("200 OK", json!({"verdicts": verdicts}).to_string()),
            _ => ("500 Internal Server Error", String::new()),
        };
        *left = left.saturating_sub(1);
        // Told before it is answered: who has been answered may rely on its having been seen.
        let is_told = tell(Post { head, bytes });
        let reply = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        if !is_told || reader.get_mut().write_all(reply.as_bytes()).is_err() {
            return is_told;
        }
    }
    true
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    Some((head, bytes))
}
