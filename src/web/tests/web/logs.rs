//! What a call leaves in the log: its template, its status, its token's name, and nothing of what it was about.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use web::Role;

use crate::house::{House, goal, read};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_log_line_names_the_call_and_nobody_in_it() {
    let kept = Kept::default();
    // The server's threads are not this one, so the subscriber is the whole process's.
    let subscriber = tracing_subscriber::fmt().json().with_span_events(FmtSpan::CLOSE).with_writer(kept.clone());
    subscriber.with_max_level(tracing::Level::TRACE).init();
    let house = House::open();
    let mut body = goal();
    assert_eq!(house.submit("CANARY-KEY", body.to_string()).await.status, 202);
    body["case"]["parties"][0]["name"] = serde_json::json!("CANARY\u{0}");
    let refused = house.submit("CANARY-KEY", body.to_string()).await;
    assert_eq!(refused.status, 422);
    let case = "/v1/requests?case=CANARY-330225189506120170&limit=7";
    assert_eq!(house.get(case, Role::Auditor).await.status, 200);
    assert_eq!(house.get("/v1/requests/req_00000000000a", Role::Auditor).await.status, 200);
    assert_eq!(read(house.ask(Method::GET, "/CANARY", None)).await.status, 404);
    let log = String::from_utf8_lossy(&kept.0.lock().unwrap()).into_owned();
    let ours: Vec<&str> = log.lines().filter(|line| line.contains("\"target\":\"web::")).collect();
    let named = |word: &str| ours.iter().any(|line| line.contains(word));
    for word in [
        "\"route\":\"/v1/requests/{id}\"",
        "\"route\":\"unknown\"",
        "\"token\":\"submitter-token\"",
        "\"status\":422",
        "\"duration_ms\":",
        refused.header("x-call-id"),
    ] {
        assert!(named(word), "{word} in {ours:#?}");
    }
    for word in ["CANARY", "330225189506120170", "石某某", "req_00000000000a", house.token(Role::Submitter)] {
        assert!(!named(word), "{word}");
    }
}
