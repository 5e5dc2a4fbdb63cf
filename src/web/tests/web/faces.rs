//! Partner faces: bytes in, bytes out, faults in the face's own form.

use std::sync::atomic::Ordering;

use reqwest::Method;
use web::Limits;
use web::right::Role;

use crate::house::{Answer, House, read};

const PATH: &str = "/services/FakeService";

async fn call(house: &House, body: impl Into<reqwest::Body>) -> Answer {
    read(house.ask(Method::POST, PATH, None).header("Content-Type", "text/xml").body(body)).await
}

#[tokio::test]
async fn a_call_is_carried_to_the_engine_and_its_answer_back() {
    let house = House::open();
    let answer = call(&house, "bank right").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "<getList>0 slips</getList>"));
    assert_eq!(answer.header("content-type"), "text/xml; charset=GBK");
    assert_eq!(house.gate.said.lock().unwrap().as_slice(), ["face bank getList"]);
    let large = format!("bank right {}", "x".repeat(200_000));
    assert_eq!(call(&house, large).await.text(), "<getList>papers</getList>");
}

#[tokio::test]
async fn a_wrong_credential_is_counted() {
    let house = House::open();
    assert_eq!(call(&house, "bank wrong").await.text(), "<getList>用户名或密码错误</getList>");
    assert_eq!(house.gate.refused.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn bytes_that_are_no_call_are_answered_in_the_faces_own_form() {
    let house = House::with(Limits { face_bytes_max: 1_000, ..Limits::default() });
    let malformed = call(&house, vec![0xff, 0xfe]).await;
    assert_eq!(
        (malformed.status, malformed.text().as_str()),
        (500, "<soap:Fault>malformed the root element is no SOAP envelope</soap:Fault>")
    );
    assert_eq!(call(&house, "nothing").await.text(), "<soap:Fault>unknown operation</soap:Fault>");
    let large = call(&house, vec![b'x'; 1_001]).await;
    assert_eq!((large.status, large.text().as_str()), (500, "<soap:Fault>too large: at most 1000 bytes</soap:Fault>"));
    assert!(house.gate.said.lock().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_beyond_the_room_for_all_of_them_are_shed_and_strangers_fill_half_of_it() {
    let house = House::with(Limits { bodies_bytes_max: 200_000, ..Limits::default() });
    let shed = call(&house, format!("bank right {}", "x".repeat(120_000))).await;
    assert_eq!((shed.status, shed.slug().as_str(), shed.header("retry-after")), (503, "overloaded", "1"));
    assert_eq!(
        call(&house, format!("bank right {}", "x".repeat(90_000))).await.status,
        200,
        "what was taken is given back"
    );
    let store = |bytes: usize| {
        let ask = house.ask(Method::POST, "/v1/documents", Some(Role::Submitter));
        read(ask.header("Content-Type", "application/pdf").header("X-File-Name", "a.pdf").body(vec![b'x'; bytes]))
    };
    assert_eq!(store(120_000).await.status, 201, "whoever is known may fill all of it");
    assert_eq!(store(220_000).await.status, 503);
    assert_eq!(store(190_000).await.status, 201);
    let full = House::with(Limits { bodies_bytes_max: 0, ..Limits::default() });
    assert_eq!(call(&full, "bank right").await.status, 200, "who only polls is answered whatever others upload");
    assert_eq!(call(&full, format!("bank right {}", "x".repeat(70_000))).await.status, 503);
}

#[tokio::test]
async fn the_description_names_the_address_that_was_asked() {
    let house = House::open();
    for query in ["wsdl", "WSDL"] {
        let answer = read(house.ask(Method::GET, &format!("{PATH}?{query}"), None)).await;
        assert_eq!(answer.text(), format!("<definitions location=\"{}{PATH}\"/>", house.url));
    }
    assert_eq!(read(house.ask(Method::GET, PATH, None)).await.status, 405);
    let ask = house.ask(Method::GET, &format!("{PATH}?wsdl"), None).header("Host", "a\"b");
    assert!(read(ask).await.status >= 400);
    assert_eq!(read(house.ask(Method::PUT, PATH, None)).await.status, 405);
}
