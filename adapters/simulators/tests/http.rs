//! The called bank against its contract page: the examples, every code, de-duplication, asking, faults, rate, the second port.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use encoding_rs::GBK;
use simulators::bank::{BankRules, ClerkAct};
use simulators::{AcceptedThenAsk, AgreedRate, BankHttp, BankHttpConfig, County, Day, FAULTS, Fault, Knob};

const ACCOUNT: &str = "6222000000000000017";
const PAPER: &str = "<Attachments><Attachment><Filename>a.pdf</Filename><Content>JVBERi0xLjQK</Content><MD5>6446a98080f5e51ab7f0abc0e8eda635</MD5></Attachment></Attachments>";

fn examples() -> Vec<String> {
    let page = format!("{}/../../schemas/partners/bank-http-xml.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(page).unwrap();
    text.split("```xml\n").skip(1).map(|p| p.split("\n```").next().unwrap().to_owned()).collect()
}

fn bank(config: BankHttpConfig) -> BankHttp {
    BankHttp::start(&County::of_the_samples(), config).unwrap()
}

fn plain() -> BankHttp {
    bank(BankHttpConfig::default())
}

struct Answer {
    text: String,
}

impl Answer {
    fn value(&self, tag: &str) -> &str {
        let from = format!("<{tag}>");
        let Some(at) = self.text.find(&from) else { return "" };
        let rest = &self.text[at + from.len()..];
        &rest[..rest.find("</").unwrap_or(0)]
    }
}

async fn try_post(bank: &BankHttp, body: Vec<u8>) -> Result<(u16, Vec<u8>), reqwest::Error> {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let client = builder.tls_certs_only(std::iter::empty()).build()?;
    let mut reply = client.post(&bank.url).header("X-Bank-Token", "bank-token").body(body).send().await?;
    let status = reply.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, bytes))
}

async fn post(bank: &BankHttp, body: &str) -> Answer {
    let (_, bytes) = try_post(bank, body.as_bytes().to_vec()).await.unwrap();
    Answer { text: String::from_utf8(bytes).unwrap() }
}

fn message(code: &str, number: &str, body: &str) -> String {
    format!(
        "<Request><Head><TxCode>{code}</TxCode><MessageFrom>330225000000</MessageFrom><MessageTo>102332002250</MessageTo><TransSerialNumber>{number}</TransSerialNumber><Mode>01</Mode></Head><Body>{body}</Body></Request>"
    )
}

fn order_head() -> String {
    format!(
        "<CaseNumber>(2026)浙0225执1234号</CaseNumber><AccountName>王小渔</AccountName><AccountNumber>{ACCOUNT}</AccountNumber><IDType>01</IDType><IDNumber>330225189506120170</IDNumber><Currency>CNY</Currency><ApplicationOrgName>象山县人民法院</ApplicationOrgName><OperatorName>陈法官</OperatorName><OperatorIDNumber>GZ330225001</OperatorIDNumber>{PAPER}"
    )
}

fn freeze(number: &str, yuan: &str) -> String {
    let own = format!(
        "<ApplicationID>{number}</ApplicationID><FreezeType>01</FreezeType><Balance>{yuan}</Balance><ExpireTime>20271119235959</ExpireTime>"
    );
    message("100201", number, &(own + &order_head()))
}

fn later(code: &str, number: &str, original: &str, own: &str) -> String {
    let head = format!(
        "<ApplicationID>{original}</ApplicationID><OriginalTransSerialNumber>{original}</OriginalTransSerialNumber>{own}"
    );
    message(code, number, &(head + &order_head()))
}

fn deduct(number: &str, original: &str, yuan: &str) -> String {
    let own = format!(
        "<DeductBalance>{yuan}</DeductBalance><PayeeName>象山县人民法院执行款专户</PayeeName><PayeeBank>象山农商银行</PayeeBank><PayeeBankID>402332002258</PayeeBankID><PayeeAccount>2010000000001234</PayeeAccount>"
    );
    later("100211", number, original, &own)
}

fn ask(original: &str) -> String {
    message(
        "100999",
        &format!("{original}-q1"),
        &format!("<OriginalTransSerialNumber>{original}</OriginalTransSerialNumber>"),
    )
}

#[tokio::test]
async fn the_examples_of_the_page_are_what_the_bank_does() {
    let bank = plain();
    let examples = examples();
    assert_eq!(post(&bank, &examples[0]).await.text, examples[1]);
    bank.set_date(Day::parse("2026-11-23").unwrap()).unwrap();
    let deduct = examples[2].replace("<Attachments>…</Attachments>", PAPER);
    assert_eq!(post(&bank, &deduct).await.value("Code"), "100000");
    let told = post(&bank, &ask("X2026112300000020-1")).await;
    let body = |text: &str| text[text.find("<Body>").unwrap()..].to_owned();
    assert_eq!(body(&told.text), body(&examples[3]));
}

#[tokio::test]
async fn a_query_lists_accounts_with_prior_measures_and_answers_in_the_charset_asked() {
    let bank = plain();
    let body = "<CaseNumber>案</CaseNumber><AccountName>王小渔</AccountName><IDType>01</IDType><IDNumber>330225189506120170</IDNumber><ApplicationOrgName>院</ApplicationOrgName>";
    let request = format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{}", message("100309", "X1-0", body));
    let (_, bytes) = try_post(&bank, GBK.encode(&request).0.into_owned()).await.unwrap();
    let answer = Answer { text: GBK.decode(&bytes).0.into_owned() };
    assert!(answer.text.starts_with("<?xml version=\"1.0\" encoding=\"GBK\"?>"));
    assert_eq!((answer.value("TxCode"), answer.value("Code")), ("100310", "100000"));
    assert_eq!((answer.value("AccountBalance"), answer.value("AccountAvaiableBalance")), ("18234.56", "8234.56"));
    assert_eq!((answer.value("FreezeOrg"), answer.value("HeldBalance")), ("宁海县人民法院", "10000.00"));
    assert_eq!(answer.text.matches("<Account>").count(), 2);
    let stranger = post(&bank, &message("100309", "X2-0", &body.replace("王小渔", "王大渔"))).await;
    assert_eq!(stranger.value("Code"), "200010");
    let again = post(&bank, &message("100309", "X2-0", body)).await;
    assert_eq!(again.value("Code"), "200003");
    assert_eq!(post(&bank, &ask("X2-0")).await.value("OriginalCode"), "200010");
}

#[tokio::test]
async fn the_life_of_a_freeze_renewed_deducted_and_set_free() {
    let bank = plain();
    let before = bank.books().conserved();
    assert_eq!(post(&bank, &freeze("F-1", "5000.00")).await.value("FrozedBalance"), "5000.00");
    let renewed = post(&bank, &later("100205", "R-1", "F-1", "<ExpireTime>20281101235959</ExpireTime>")).await;
    assert_eq!((renewed.value("TxCode"), renewed.value("ExpireTime")), ("100206", "20281101235959"));
    let above = post(&bank, &deduct("D-0", "F-1", "5000.01")).await;
    assert_eq!((above.value("Result"), above.value("DeductedBalance")), ("1006", "0.00"));
    let paid = post(&bank, &deduct("D-1", "F-1", "2000.00")).await;
    assert_eq!((paid.value("DeductedBalance"), paid.value("FrozedBalance")), ("2000.00", "3000.00"));
    let freed = post(&bank, &later("100203", "U-1", "F-1", "")).await;
    assert_eq!((freed.value("Result"), freed.value("UnfreezeBalance")), ("0000", "3000.00"));
    assert_eq!(post(&bank, &deduct("D-2", "F-1", "1.00")).await.value("Result"), "1004");
    let other = later("100203", "U-2", "F-1", "").replace("<ApplicationID>F-1", "<ApplicationID>F-9");
    assert_eq!(post(&bank, &other).await.value("Result"), "1003");
    assert_eq!(bank.books().conserved(), before);
    assert_eq!(bank.books().paid_out().len(), 1);
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_other_content_is_refused() {
    let bank = plain();
    let first = post(&bank, &freeze("F-1", "100.00")).await;
    bank.credit(ACCOUNT, 500_000).unwrap();
    assert_eq!(post(&bank, &freeze("F-1", "100.00")).await.text, first.text);
    assert_eq!(post(&bank, &freeze("F-1", "200.00")).await.value("Code"), "200003");
    assert_eq!(bank.books().effect_count("F-1"), 1);
    let refused = post(&bank, &freeze("F-2", "1.00").replace("王小渔", "王大渔")).await;
    assert_eq!(refused.value("Result"), "1001");
    assert_eq!(post(&bank, &ask("F-2")).await.value("Result"), "1001");
    assert_eq!(post(&bank, &ask("F-3")).await.value("Code"), "200011");
}

#[tokio::test]
async fn messages_that_are_none_bind_no_number() {
    let bank = plain();
    let missing = freeze("F-1", "1.00").replace("<Currency>CNY</Currency>", "");
    let told = post(&bank, &missing).await;
    assert_eq!((told.value("Code"), told.value("Description")), ("200001", "必填项缺失: Currency"));
    let dtd = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{}", freeze("F-1", "1.00"));
    assert_eq!(post(&bank, &dtd).await.value("Code"), "200001");
    assert_eq!(post(&bank, &freeze("F-1", "1.001")).await.value("Code"), "200001");
    assert_eq!(post(&bank, &message("100301", "F-1", "")).await.value("Code"), "200006");
    assert_eq!(post(&bank, &freeze("F-1", "1.00").replace(PAPER, "")).await.value("Result"), "1008");
    assert_eq!(post(&bank, &freeze("F-2", "1.00").replace(ACCOUNT, "1")).await.value("Code"), "200010");
    assert_eq!(post(&bank, &freeze("F-3", "1.00")).await.value("Result"), "0000");
    // It answers without reading on, so that who still writes may see the line cut before the answer.
    let long = try_post(&bank, vec![b' '; 1024 * 1024 + 1]).await;
    assert!(long.is_err() || long.is_ok_and(|(status, _)| status == 413));
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().unwrap();
    let status = |r: reqwest::Response| r.status().as_u16();
    assert_eq!(status(client.post(&bank.url).body("x").send().await.unwrap()), 401);
    assert_eq!(status(client.get(&bank.url).send().await.unwrap()), 405);
    assert_eq!(status(client.post(format!("{}other", bank.url)).send().await.unwrap()), 404);
    let bearer = client.post(&bank.url).header("Authorization", "Bearer bank-token").body("x");
    assert_eq!(status(bearer.send().await.unwrap()), 200);
}

#[tokio::test]
async fn accepted_now_told_when_asked_and_a_parked_release() {
    let rules = BankRules { deduct_by_hand: true, ..BankRules::default() };
    let bank =
        bank(BankHttpConfig { accepted_then_ask: AcceptedThenAsk { asks: 2 }, rules, ..BankHttpConfig::default() });
    assert_eq!(post(&bank, &freeze("F-1", "100.00")).await.value("Code"), "100001");
    assert_eq!(bank.books().effect_count("F-1"), 1);
    assert_eq!(post(&bank, &freeze("F-1", "100.00")).await.value("Code"), "100001");
    assert_eq!(post(&bank, &ask("F-1")).await.value("Code"), "100001");
    assert_eq!(post(&bank, &ask("F-1")).await.value("FrozedBalance"), "100.00");
    assert_eq!(post(&bank, &freeze("F-1", "100.00")).await.value("Code"), "100000");
    bank.set_accepted_then_ask(AcceptedThenAsk::default());
    assert_eq!(post(&bank, &deduct("D-1", "F-1", "60.00")).await.value("Code"), "100001");
    assert_eq!(post(&bank, &later("100203", "U-1", "F-1", "")).await.value("Code"), "100001");
    bank.books().clerk("D-1", ClerkAct::Offline).unwrap();
    assert_eq!(post(&bank, &ask("D-1")).await.value("DeductedBalance"), "60.00");
    assert_eq!(post(&bank, &ask("U-1")).await.value("UnfreezeBalance"), "40.00");
}

#[tokio::test]
async fn every_fault_has_or_has_not_its_effect_as_the_table_says_and_asking_tells_the_truth() {
    for (index, row) in FAULTS.iter().filter(|r| r.http).enumerate() {
        let bank = plain();
        let mut knob = Knob::next(row.fault, 1).ms(1).only("100201");
        knob.bytes = Some(4096);
        bank.knobs().set(knob);
        let number = format!("F-{index}");
        let first = try_post(&bank, freeze(&number, "100.00").into_bytes()).await;
        assert_eq!(bank.knobs().fired(row.fault), 1, "{:?}", row.fault);
        assert_eq!(bank.books().effect_count(&number), usize::from(row.effect), "{:?}", row.fault);
        let told = post(&bank, &ask(&number)).await;
        assert_eq!(told.value("Code"), if row.effect { "100000" } else { "200011" }, "{:?}", row.fault);
        let text = first.as_ref().map(|(_, b)| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
        let status = first.as_ref().map(|(s, _)| *s).unwrap_or(0);
        match row.fault {
            Fault::ResetMidBody
            | Fault::CloseWithoutAnswer
            | Fault::SilenceAfterAccept
            | Fault::SilenceBeforeAccept => {
                assert!(first.is_err(), "{:?}", row.fault);
            }
            Fault::ErrorBeforeEffect | Fault::ErrorAfterEffect => assert_eq!(status, 503),
            Fault::TooManySeconds
            | Fault::TooManyDate
            | Fault::TooManyAbsurd
            | Fault::TooManyPlain
            | Fault::TooManyPast => assert_eq!(status, 429),
            Fault::Redirect => assert!((300..400).contains(&status), "{status}"),
            Fault::EmptyBody => assert!(status == 200 && text.is_empty()),
            Fault::AcceptedNever => assert!(text.contains("<Code>100001</Code>")),
            Fault::SaysFailed => assert!(text.contains("<Result>9999</Result>")),
            Fault::WrongSchema => assert!(text.contains("<Envelope>")),
            Fault::TruncatedXml => assert!(status == 200 && !text.ends_with("</Response>")),
            Fault::HtmlBody => assert!(text.starts_with("<!DOCTYPE html>")),
            Fault::OtherCase => assert!(!text.contains(&number) && text.contains("X1890010100000000-9")),
            Fault::WrongCharset => assert!(text.contains('\u{fffd}')),
            Fault::OversizeBody => assert!(text.len() > 4096),
            Fault::Closed => assert!(text.contains("<Code>200009</Code>")),
            _ => assert!(text.contains("<FrozedBalance>100.00</FrozedBalance>"), "{:?}", row.fault),
        }
        post(&bank, &freeze(&number, "100.00")).await;
        assert_eq!(bank.books().effect_count(&number), 1, "{:?}", row.fault);
    }
}

#[tokio::test]
async fn calls_above_the_agreed_rate_are_counted_and_refused_when_so_agreed() {
    let bank = bank(BankHttpConfig {
        rate: Some(AgreedRate { max: 2, window_ms: 3_600_000, refuse: true }),
        ..BankHttpConfig::default()
    });
    for (number, code) in [("F-1", "100000"), ("F-2", "100000"), ("F-3", "200008")] {
        assert_eq!(post(&bank, &freeze(number, "1.00")).await.value("Code"), code);
    }
    assert_eq!((bank.violations().len(), bank.books().effect_count("F-3"), bank.calls()), (1, 0, 3));
}

#[tokio::test]
async fn the_second_port_sets_knobs_calendar_and_money() {
    let bank = plain();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().unwrap();
    let say = |path: &str, body: &'static str| client.post(format!("{}{path}", bank.admin_url)).body(body).send();
    assert_eq!(say("/knobs", r#"{"fault":"closed","next":1}"#).await.unwrap().status(), 200);
    assert_eq!(say("/knobs", r#"{"fault":"no_such"}"#).await.unwrap().status(), 400);
    assert_eq!(post(&bank, &freeze("F-1", "1.00")).await.value("Code"), "200009");
    let credit = say("/credit", r#"{"account":"6222000000000000017","yuan":"10.00"}"#).await.unwrap();
    assert_eq!((credit.status().as_u16(), bank.books().account(ACCOUNT).unwrap().balance), (200, 1_824_456));
    assert_eq!(say("/date", r#"{"day":"2026-12-01"}"#).await.unwrap().status(), 200);
    assert_eq!(bank.books().today().slashed(), "2026/12/01");
}

#[tokio::test]
async fn a_stopped_bank_frees_its_port_and_one_started_again_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let config = BankHttpConfig { ledger: Some(folder.path().join("books")), ..BankHttpConfig::default() };
    let first = bank(config.clone());
    let address = first.url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    let told = post(&first, &freeze("F-1", "100.00")).await.text;
    first.stop();
    let second = bank(BankHttpConfig { address, ..config });
    assert_eq!(post(&second, &freeze("F-1", "100.00")).await.text, told);
    assert_eq!(post(&second, &freeze("F-1", "1.00")).await.value("Code"), "200003");
    assert_eq!(second.books().effect_count("F-1"), 1);
}

fn reverse(number: &str, deduct: &str, yuan: &str) -> String {
    later("100213", number, deduct, &format!("<ReturnBalance>{yuan}</ReturnBalance>"))
}

#[tokio::test]
async fn what_was_deducted_goes_back_once_and_never_more_than_was_taken() {
    let bank = plain();
    assert_eq!(post(&bank, &freeze("X1-1", "8000.00")).await.value("Result"), "0000");
    let taken = post(&bank, &deduct("X2-1", "X1-1", "5000.00")).await;
    let serial = taken.value("CoreSerial").to_owned();
    let (before, conserved) = (bank.books().account(ACCOUNT).unwrap(), bank.books().conserved());
    let back = post(&bank, &reverse("X3-1", "X2-1", "2000.00")).await;
    assert_eq!(
        (back.value("TxCode"), back.value("Result"), back.value("AppliedBalance"), back.value("ReturnedBalance")),
        ("100214", "0000", "2000.00", "2000.00")
    );
    assert!(!back.value("CoreSerial").is_empty() && back.value("CoreSerial") != serial);
    let after = bank.books().account(ACCOUNT).unwrap();
    assert_eq!((after.balance, bank.books().conserved()), (before.balance + 200_000, conserved));
    assert_eq!(after.freezes.last().unwrap().limit, Some(300_000), "the freeze that was deducted from stays as it was");
    // The same again is the same answer; the same number with another sum is refused; asked, it says the same.
    assert_eq!(post(&bank, &reverse("X3-1", "X2-1", "2000.00")).await.text, back.text);
    assert_eq!(post(&bank, &reverse("X3-1", "X2-1", "2000.01")).await.value("Code"), "200003");
    let asked = post(&bank, &ask("X3-1")).await;
    assert_eq!((asked.value("OriginalTxCode"), asked.value("ReturnedBalance")), ("100214", "2000.00"));
    assert_eq!(bank.books().effect_count("X3-1"), 1);
    // Three thousand are left; a fen more is too much, and so is a deduct that is none, or another's number.
    assert_eq!(post(&bank, &reverse("X4-1", "X2-1", "3000.01")).await.value("Result"), "1006");
    for unknown in ["X1-1", "X9-1"] {
        assert_eq!(post(&bank, &reverse(&format!("R{unknown}"), unknown, "1.00")).await.value("Result"), "1003");
    }
    let named = |number: &str, core: &str| {
        let own = format!("<OriginalCoreSerial>{core}</OriginalCoreSerial><ReturnBalance>3000.00</ReturnBalance>");
        later("100213", number, "X2-1", &own)
    };
    assert_eq!(post(&bank, &named("X5-1", "HX0")).await.value("Result"), "1003", "the bank's own number must fit");
    assert_eq!(post(&bank, &named("X6-1", &serial)).await.value("Result"), "0000");
    assert_eq!(bank.books().paid_out()[0].returned, 500_000);
    assert_eq!(post(&bank, &reverse("X7-1", "X2-1", "0.01")).await.value("Result"), "1006");
    for (field, text) in [("ReturnBalance", ""), ("OriginalTransSerialNumber", "")] {
        let whole = reverse("X8-1", "X2-1", "1.00");
        let from = whole.find(&format!("<{field}>")).unwrap();
        let to = whole.find(&format!("</{field}>")).unwrap();
        let cut = format!("{}<{field}>{text}{}", &whole[..from], &whole[to..]);
        assert_eq!(post(&bank, &cut).await.value("Code"), "200001", "{field}");
    }
}

#[tokio::test]
async fn a_part_of_a_freeze_is_let_go_and_its_rank_stays() {
    let bank = plain();
    post(&bank, &freeze("X1-1", "8000.00")).await;
    post(&bank, &freeze("X2-1", "3000.00")).await;
    let part = |number: &str, yuan: &str| later("100203", number, "X1-1", &format!("<Balance>{yuan}</Balance>"));
    let told = post(&bank, &part("X3-1", "3000.00")).await;
    assert_eq!(
        (told.value("Result"), told.value("UnfreezeBalance"), told.value("RemainBalance")),
        ("0000", "3000.00", "5000.00")
    );
    let account = bank.books().account(ACCOUNT).unwrap();
    let ours: Vec<_> = account.freezes.iter().skip(1).map(|freeze| (freeze.limit, freeze.caught)).collect();
    assert_eq!(ours, [(Some(500_000), 500_000), (Some(300_000), 300_000)], "the next in rank catches what came free");
    assert_eq!(post(&bank, &part("X3-1", "3000.00")).await.text, told.text, "a repeat lets nothing more go");
    assert_eq!(post(&bank, &part("X4-1", "5000.01")).await.value("Result"), "1006");
    assert_eq!(post(&bank, &part("X5-1", "0.00")).await.value("Code"), "200001");
    let rest = post(&bank, &part("X6-1", "5000.00")).await;
    assert_eq!(rest.value("RemainBalance"), "0.00");
    assert_eq!(bank.books().account(ACCOUNT).unwrap().freezes.len(), 2, "nothing is left of it");
    assert_eq!(post(&bank, &part("X7-1", "0.01")).await.value("Result"), "1004");
}

#[tokio::test]
async fn another_organs_freeze_is_taken_over_in_its_rank() {
    let bank = plain();
    // The samples' account is frozen by another court for 10,000.00; we stand behind it.
    post(&bank, &freeze("X1-1", "20000.00")).await;
    let other = bank.books().account(ACCOUNT).unwrap().freezes[0].document.clone();
    let taking = |number: &str, named: &str, yuan: &str| {
        let own = format!("<OriginalTransSerialNumber>{named}</OriginalTransSerialNumber>");
        freeze(number, yuan).replace("<FreezeType>", &format!("{own}<FreezeType>"))
    };
    assert_eq!(post(&bank, &taking("X2-1", "没有的号", "1.00")).await.value("Result"), "1003");
    assert_eq!(post(&bank, &taking("X3-1", &other, "10000.01")).await.value("Result"), "1006", "not beyond its limit");
    let told = post(&bank, &taking("X4-1", &other, "9000.00")).await;
    assert_eq!((told.value("Result"), told.value("FrozedBalance")), ("0000", "9000.00"));
    assert!(!told.text.contains("FormerFreeze"), "nobody stands before it");
    let account = bank.books().account(ACCOUNT).unwrap();
    let ranks: Vec<_> = account.freezes.iter().map(|freeze| (freeze.names[0].slip.as_str(), freeze.caught)).collect();
    assert_eq!(ranks[0], ("X4-1", 900_000));
    assert_eq!(ranks[1].0, "X1-1");
    // It is ours from now on: what is ours is renewed, not taken over.
    assert_eq!(post(&bank, &taking("X5-1", "(2026)浙0225执1234号", "1.00")).await.value("Result"), "1003");
    assert_eq!(post(&bank, &later("100203", "X6-1", "X4-1", "")).await.value("Result"), "0000");
}
