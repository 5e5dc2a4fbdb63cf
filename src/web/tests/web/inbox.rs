//! Inboxes: as JSON, and as pages that a browser without script signs in to, reads, and posts forms from.

use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::json;
use web::Role;
use web::gate::Refusal;

use crate::fake::NOW;
use crate::house::{Answer, House, read};
use crate::planted::MARKUP;

const TASK: &str = "act_0000000000040001";

/// A browser: it keeps its cookie, and says where a form comes from.
struct Browser<'a> {
    house: &'a House,
    client: reqwest::Client,
    cookie: String,
}

impl<'a> Browser<'a> {
    fn at(house: &'a House) -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { house, client, cookie: String::new() }
    }

    fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let ask = self.client.request(method, format!("{}/console/partner{path}", self.house.url));
        if self.cookie.is_empty() { ask } else { ask.header("Cookie", &self.cookie) }
    }

    async fn get(&self, path: &str) -> Answer {
        read(self.ask(Method::GET, path)).await
    }

    async fn send(&self, path: &str, pairs: &str) -> Answer {
        let ask = self.ask(Method::POST, path).header("Content-Type", "application/x-www-form-urlencoded");
        read(ask.header("Origin", &self.house.url).header("Sec-Fetch-Site", "same-origin").body(pairs.to_owned())).await
    }

    async fn sign_in(&mut self) -> Answer {
        let token = self.house.token(Role::Partner).to_owned();
        let answer = self.send("/login", &format!("token={token}")).await;
        self.cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        answer
    }

    /// The word that forms of this sitting carry, as it stands in a page.
    async fn word(&self) -> String {
        let page = self.get(&format!("/tasks/{TASK}")).await.text();
        page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    async fn answer(&self, fields: &[(&str, &str)], file: Option<&[u8]>) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        let head = "--b\r\nContent-Disposition: form-data; name=\"replies\"; filename=\"回执.pdf\"\r\nContent-Type: application/pdf\r\n\r\n";
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file.unwrap_or_default());
        body.extend_from_slice(b"\r\n--b--\r\n");
        let ask = self.ask(Method::POST, &format!("/tasks/{TASK}/answer")).header("Origin", &self.house.url);
        read(ask.header("Content-Type", "multipart/form-data; boundary=b").body(body)).await
    }
}

#[tokio::test]
async fn a_clerk_reads_takes_and_answers_over_json() {
    let house = House::open();
    let list = house.get("/v1/partner/tasks?from=50&limit=5", Role::Partner).await;
    assert_eq!((list.status, list.header("cache-control")), (200, "no-store"));
    let task = &list.json()["tasks"][0];
    assert_eq!((&task["id"], &task["overdue"], &task["claim"]["own"]), (&json!(TASK), &json!(true), &json!(true)));
    assert_eq!((&task["case"]["number"], &task["subject"]["name"]), (&json!(MARKUP), &json!(MARKUP)));
    assert_eq!(task["destination"]["bank_code"], "4", "money that moves is told where to");
    let claim = house.post(&format!("/v1/partner/tasks/{TASK}/claim"), Role::Partner, &json!({})).await;
    assert_eq!((claim.status, &claim.json()["own"]), (200, &json!(true)));
    let answer = json!({ "verdict": "done", "moved": "50000.00", "text": "已划", "serial": "A-1",
        "replies": [{ "file_name": "回执.pdf", "base64": "JVBERi0xLjQK" }] });
    let answered = house.post(&format!("/v1/partner/tasks/{TASK}/answer"), Role::Partner, &answer).await;
    assert_eq!((answered.status, &answered.json()["state"]), (200, &json!("partly")));
    let outcome = house.gate.outcomes.lock().unwrap().pop().unwrap();
    assert_eq!(outcome.replies[0].bytes.expose(), b"%PDF-1.4\n");
    assert_eq!(outcome.serial.unwrap().expose(), "A-1");
    let paper = house.get(&format!("/v1/partner/tasks/{TASK}/papers/0"), Role::Partner).await;
    assert!(paper.header("content-disposition").starts_with("attachment; filename*=UTF-8''%E8%A3%81"));
    let said = house.gate.said.lock().unwrap().clone();
    assert_eq!(said[0], "tasks 50 by partner-token of Some(\"desk-a\")");
    assert_eq!(said[3], format!("paper {TASK} 0"));
}

#[tokio::test]
async fn every_fault_of_an_answer_is_told_at_once() {
    let house = House::open();
    let path = format!("/v1/partner/tasks/{TASK}/answer");
    let wrong = json!({ "verdict": "maybe", "reason": "tired", "caught": "1.234", "moved": "-1", "to": "2026-13-01",
        "accounts": [{ "number": "" }, { "number": "6", "asset": "gold" }], "ahead": [{ "organ": " " }],
        "findings": [{ "class": "x", "details": [{ "name": "text", "value": "\u{202e}" }] }],
        "replies": [{ "file_name": "../x.pdf", "base64": "JVBERi0xLjQK" }, { "file_name": "a.pdf", "base64": "!" }, { "file_name": "b.pdf", "base64": "AAAA" }] });
    let refused = house.post(&path, Role::Partner, &wrong).await;
    assert_eq!((refused.status, refused.slug().as_str()), (422, "invalid_request"));
    let wanted = [
        "/verdict",
        "/reason",
        "/caught",
        "/moved",
        "/to",
        "/accounts/0/number",
        "/accounts/1/asset",
        "/ahead/0/organ",
        "/findings/0/class",
        "/findings/0/details/0/value",
        "/replies/1/base64",
        "/replies/0/file_name",
        "/replies/1",
    ];
    assert_eq!(refused.pointers(), wanted);
    let many: Vec<_> = (0..5).map(|_| json!({ "file_name": "a.pdf", "base64": "JVBERi0xLjQK" })).collect();
    let refused = house.post(&path, Role::Partner, &json!({ "verdict": "done", "replies": many })).await;
    assert_eq!(refused.pointers(), ["/replies"]);
    house.gate.refuse_next(Refusal::ActClaimed { by: "clerk-2".to_owned(), until: NOW });
    let claimed = house.post(&path, Role::Partner, &json!({ "verdict": "refused", "reason": "other" })).await;
    assert_eq!((claimed.status, claimed.slug().as_str()), (409, "act_claimed"));
    assert!(claimed.json()["detail"].as_str().unwrap().contains("clerk-2"));
}

#[tokio::test]
async fn pages_lead_whoever_is_not_signed_in_to_the_door() {
    let house = House::open();
    let browser = Browser::at(&house);
    for (method, path) in web::pages() {
        let path = path.replace("{id}", TASK).replace("{n}", "0").replace("/console/partner", "");
        let answer = read(browser.ask(Method::from_bytes(method.as_bytes()).unwrap(), &path)).await;
        match (method, path.as_str()) {
            ("GET", "") => assert_eq!((answer.status, answer.header("location")), (303, "/console/partner/tasks")),
            ("GET", "/style.css" | "/login") => assert_eq!(answer.status, 200),
            ("POST", "/login") => assert_eq!(answer.status, 401, "{path}"),
            _ => assert_eq!(
                (answer.status, answer.header("location")),
                (303, "/console/partner/login"),
                "{method} {path}"
            ),
        }
    }
    // A token that is not a clerk's is shown the door as well, and counted; nothing of it comes back.
    let before = house.gate.refused.load(std::sync::atomic::Ordering::SeqCst);
    for (token, status) in [("xz_nobody", 401), (house.token(Role::Submitter), 401), (house.token(Role::Operator), 403)]
    {
        let refused = browser.send("/login", &format!("token={token}")).await;
        assert_eq!((refused.status, refused.header("set-cookie")), (status, ""), "{token}");
        assert!(!refused.text().contains(token));
    }
    assert_eq!(house.gate.refused.load(std::sync::atomic::Ordering::SeqCst) - before, 3);
    assert!(house.gate.said.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_clerk_signs_in_answers_by_a_form_and_signs_out() {
    let house = House::open();
    let mut browser = Browser::at(&house);
    let signed_in = browser.sign_in().await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/console/partner/tasks"));
    let cookie = signed_in.header("set-cookie");
    assert!(cookie.ends_with("; Path=/console/partner; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(house.token(Role::Partner)), "the token itself stays out of the cookie");
    assert_eq!(browser.get("/tasks?from=50").await.status, 200);
    let word = browser.word().await;
    let claimed = browser.send(&format!("/tasks/{TASK}/claim"), &format!("form={word}")).await;
    assert_eq!((claimed.status, claimed.header("location")), (303, format!("/console/partner/tasks/{TASK}").as_str()));
    let fields = [
        ("form", word.as_str()),
        ("verdict", "partly"),
        ("moved", " 12.50 "),
        ("reason", "insufficient"),
        ("text", "一\r\n二"),
        ("limit", ""),
        ("accounts.0.asset", "cash"),
        ("accounts.2.number", "62284803"),
        ("accounts.2.asset", "wallet"),
        ("accounts.2.balance", "3.00"),
        ("ahead.1.organ", "某法院"),
        ("findings.0.class", "step"),
        ("findings.0.value", "已通知"),
    ];
    let answered = browser.answer(&fields, Some(b"%PDF-1.7 \r\n--x")).await;
    assert_eq!(
        (answered.status, answered.header("location")),
        (303, format!("/console/partner/tasks/{TASK}#answered").as_str())
    );
    let outcome = house.gate.outcomes.lock().unwrap().pop().unwrap();
    assert_eq!(
        (outcome.verdict.word(), outcome.moved, outcome.limit),
        ("partly", Some(domain::Money::from_fen(1_250)), None)
    );
    assert_eq!(outcome.text.unwrap().expose(), "一 二");
    assert_eq!((outcome.accounts.len(), outcome.accounts[0].asset.word()), (1, "wallet"));
    assert_eq!((outcome.ahead.len(), outcome.findings[0].details[0].value.expose().as_str()), (1, "已通知"));
    assert_eq!(
        (outcome.replies[0].file_name.expose().as_str(), outcome.replies[0].bytes.expose().as_slice()),
        ("回执.pdf", &b"%PDF-1.7 \r\n--x"[..])
    );
    let paper = browser.get(&format!("/tasks/{TASK}/papers/0")).await;
    assert_eq!((paper.status, paper.header("content-security-policy")), (200, "sandbox"));
    let gone = browser.send("/logout", &format!("form={word}")).await;
    assert!(gone.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get("/tasks").await.status, 303, "the sitting is over whatever the browser keeps");
}

#[tokio::test]
async fn a_faulty_form_comes_back_filled_in_with_every_fault() {
    let house = House::open();
    let mut browser = Browser::at(&house);
    browser.sign_in().await;
    let word = browser.word().await;
    let fields = [
        ("form", word.as_str()),
        ("verdict", "done"),
        ("moved", "1,2"),
        ("serial", MARKUP),
        ("accounts.40.number", "6"),
    ];
    let again = browser.answer(&fields, Some(b"MZ")).await;
    let page = again.text();
    assert_eq!(again.status, 422, "{page}");
    for part in ["value=\"1,2\"", "实际划出", "须为以元为单位", "须为PDF文件", "value=\"done\" checked"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    house.gate.refuse_next(Refusal::OutOfBounds { at: "/moved", bound: "已划出的须填写" });
    let again = browser.answer(&[("form", &word), ("verdict", "done")], None).await;
    assert!(again.status == 422 && again.text().contains("已划出的须填写"), "{}", again.text());
    house.gate.refuse_next(Refusal::NotFound);
    let told = browser.answer(&[("form", &word), ("verdict", "done")], None).await;
    assert_eq!((told.status, told.header("content-type")), (404, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn no_other_site_posts_in_a_clerks_name() {
    let house = House::open();
    let mut browser = Browser::at(&house);
    browser.sign_in().await;
    let word = browser.word().await;
    let claim = format!("/tasks/{TASK}/claim");
    let said = house.gate.said.lock().unwrap().len();
    for (form, origin, site) in [
        ("", house.url.as_str(), "same-origin"),
        ("form=guess", house.url.as_str(), "same-origin"),
        (&format!("form={word}"), "https://evil.example", "same-origin"),
        (&format!("form={word}"), "null", "same-origin"),
        (&format!("form={word}"), house.url.as_str(), "cross-site"),
    ] {
        let ask = browser.ask(Method::POST, &claim).header("Content-Type", "application/x-www-form-urlencoded");
        let answer = read(ask.header("Origin", origin).header("Sec-Fetch-Site", site).body(form.to_owned())).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/console/partner/login"),
            "{form} {origin} {site}"
        );
    }
    let stray = browser.answer(&[("form", "guess"), ("verdict", "done")], None).await;
    assert_eq!(stray.status, 303);
    assert_eq!(house.gate.said.lock().unwrap().len(), said, "the gate heard nothing of it");
    let evil = browser.ask(Method::POST, "/login").header("Origin", "https://evil.example");
    let body = format!("token={}", house.token(Role::Partner));
    assert_eq!(read(evil.header("Content-Type", "application/x-www-form-urlencoded").body(body)).await.status, 403);
    assert_eq!(browser.send(&claim, &format!("form={word}")).await.status, 303);
    assert_eq!(house.gate.said.lock().unwrap().last().unwrap(), &format!("claim {TASK}"));
}

#[tokio::test]
async fn planted_markup_stays_text_on_every_page() {
    let house = House::open();
    let mut browser = Browser::at(&house);
    browser.sign_in().await;
    for path in
        ["/login".to_owned(), "/tasks".to_owned(), format!("/tasks/{TASK}?rows=12"), format!("/tasks/{TASK}/sheet")]
    {
        let answer = browser.get(&path).await;
        let page = answer.text();
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
        for bad in ["<script", "<img", "onerror=alert(1)>", "javascript:", "style=", "http://", "https://"] {
            assert!(!page.contains(bad), "{path} holds {bad}: {page}");
        }
        if path != "/login" {
            assert!(page.matches("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&gt;").count() >= 3, "{path}");
        }
        assert!(tags_are_closed(&page), "{path}");
    }
}

/// Every tag that is opened is closed, in order; a hand-made page that forgets one is found here.
fn tags_are_closed(page: &str) -> bool {
    const ALONE: [&str; 6] = ["!DOCTYPE", "meta", "link", "input", "br", "img"];
    let mut open = Vec::new();
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        let name = tag.split([' ', '/']).next().unwrap();
        match tag.strip_prefix('/') {
            Some(closed) if open.pop() == Some(closed) => {}
            Some(closed) => panic!("</{closed}> closes nothing; open: {open:?}"),
            None if ALONE.contains(&name) => {}
            None => open.push(name),
        }
    }
    open.is_empty()
}
