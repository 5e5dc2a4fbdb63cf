//! How long it takes to write an order to a bank and to read its answer, without a network, and a pulled feedback beside what
//! quick-xml alone needs to read the same bytes: `cargo run --release -p xiezhi-adapters --example codec_speed`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use adapters::bank::codec::{Ends, judge_send, order, read_feedback, write_list, write_verdicts};
use adapters::transport::charset::Charset;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::act::Original;
use domain::case::{Case, Court, CourtAccount, Officer, Party, PartyKind, Role, Stage};
use domain::slip::{Line, Slip, SlipContext};
use domain::socket::{ItemVerdict, Judged, PaperFile};
use domain::{ActKind, Day, Money, Personal, SlipNumber};

const ROUNDS: u32 = 200_000;

fn slip(kind: ActKind) -> Slip {
    let personal = |text: &str| Personal::new(text.to_owned());
    let case = Case {
        number: personal("(2026)浙0225执1234号"),
        stage: Stage::Enforcement,
        court: Court { code: "330225".to_owned(), name: "象山县人民法院".to_owned() },
        claim: Money::from_fen(1_800_000),
        costs: Money::ZERO,
        parties: vec![Party {
            role: Role::Obligor,
            kind: PartyKind::Person,
            name: personal("王小渔"),
            id_type: "01".to_owned(),
            bankrupt: None,
            id_number: personal("330225189506120170"),
        }],
        account: Some(CourtAccount {
            holder: "象山县人民法院执行款专户".to_owned(),
            bank: "象山农商银行".to_owned(),
            bank_code: "402332002258".to_owned(),
            number: personal("2010000000001234"),
        }),
    };
    let officer = Officer {
        name: personal("陈法官"),
        work_id: personal("GZ330225001"),
        duty_id: personal(""),
        phone: personal(""),
    };
    let is_query = kind == ActKind::Query;
    let line = Line {
        note: None,
        details: Vec::new(),
        line: u16::from(!is_query),
        kind,
        account: (!is_query).then(|| personal("6222000000000000017")),
        amount: (!is_query).then(|| Money::from_fen(1_800_000)),
        from: None,
        to: Day::parse("2027-11-19"),
        original: (!is_query).then(|| Original {
            act: None,
            slip: "X2026112000000000007-1".to_owned(),
            case_number: personal("(2026)浙0225执1234号"),
        }),
    };
    let context = SlipContext { case, officers: vec![officer], papers: Vec::new() };
    Slip {
        number: SlipNumber::from_bits(2_026_112_200_000_000_012),
        context: Arc::new(context),
        subject: 0,
        lines: vec![line],
    }
}

fn timed(name: &str, round: impl FnMut()) -> u128 {
    timed_of(ROUNDS, name, round)
}

fn timed_of(rounds: u32, name: &str, mut round: impl FnMut()) -> u128 {
    for _ in 0..rounds / 10 {
        round();
    }
    let begun = Instant::now();
    for _ in 0..rounds {
        round();
    }
    let ns = begun.elapsed().as_nanos() / u128::from(rounds);
    println!("{name:<36} {ns:>7} ns");
    ns
}

/// The feedback of a query with so many accounts, as it stands inside the envelope, before the outer Base64.
fn feedback(accounts: usize) -> String {
    let cover = |text: &str| STANDARD.encode(Charset::Gbk.encode(text));
    let row = |place: usize| {
        let fields = [
            ("BDHM", "X2026112200000000012"),
            ("CCXH", &place.to_string()),
            ("KHZH", &format!("62220000000000{place:05}")),
            ("CCLB", "活期"),
            ("ZHZT", "正常"),
            ("KHWD", "象山石浦支行"),
            ("KHWDDM", "102332002250"),
            ("KHRQ", "2011/03/05"),
            ("XHRQ", ""),
            ("BZ", "156"),
            ("YE", "18234.56"),
            ("KYYE", "8234.56"),
            ("GLZJZH", ""),
            ("FKSJ", "2026/11/20 10:15:30"),
            ("BEIZ", ""),
        ];
        let fields: String = fields.iter().map(|(name, text)| format!(" {name}=\"{}\"", cover(text))).collect();
        let ahead = [("CSXH", "1"), ("DJJG", "宁海县人民法院"), ("DJWH", "(2026)浙0226执保77号"), ("DJJE", "10000.00")];
        let ahead: String = ahead.iter().map(|(name, text)| format!(" {name}=\"{}\"", cover(text))).collect();
        format!("<zhxx{fields}><djxxList><djxx{ahead}/></djxxList></zhxx>")
    };
    format!("<zhxxList>{}</zhxxList>", (1..=accounts).map(row).collect::<String>())
}

/// What reading costs before anybody makes sense of it: every event, every attribute's value.
fn read_bare(inner: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(inner);
    let mut bytes = 0;
    while let Ok(event) = reader.read_event() {
        match event {
            quick_xml::events::Event::Start(start) | quick_xml::events::Event::Empty(start) => {
                for attribute in start.attributes().flatten() {
                    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
                    bytes += value.map_or(0, |value| value.len());
                }
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    bytes
}

fn pulled() {
    const ROUNDS_OF_FEEDBACK: u32 = 5_000;
    let inner = feedback(20);
    let argument = STANDARD.encode(&inner);
    let verdicts = [ItemVerdict { slip: "X2026112200000000012".to_owned(), taken: Ok(()) }];
    println!("a feedback of 20 accounts is {} bytes, {} read", argument.len(), read_feedback(&argument));
    let bare = timed_of(ROUNDS_OF_FEEDBACK, "quick-xml reads its bytes", || {
        let _bytes = black_box(read_bare(&inner));
    });
    let ours = timed_of(ROUNDS_OF_FEEDBACK, "decode feedback, encode verdicts", || {
        let _items = black_box(read_feedback(&argument));
        drop(black_box(write_verdicts(&verdicts)));
    });
    println!("that is {:.1} times quick-xml alone", ours as f64 / bare as f64);
    let slips: Vec<Slip> = (0..500).map(|_| slip(ActKind::Query)).collect();
    timed_of(200, "encode a list of 500 queries", || drop(black_box(write_list(&slips))));
}

fn main() {
    let ends = Ends { from: "330225000000", to: "102332002250", charset: Charset::Utf8 };
    let file = PaperFile {
        number: Personal::new(String::new()),
        kind: "freeze_notice".to_owned(),
        file_name: Personal::new("协助冻结存款通知书.pdf".to_owned()),
        bytes: Personal::new(vec![b'%'; 40_000]),
    };
    let (query, freeze) = (slip(ActKind::Query), slip(ActKind::Freeze));
    timed("encode query", || drop(black_box(order(&ends, &query, &[]))));
    timed("encode freeze", || drop(black_box(order(&ends, &freeze, &[]))));
    timed("encode freeze, 40 kB paper", || drop(black_box(order(&ends, &freeze, std::slice::from_ref(&file)))));
    let accounts = include_bytes!("../bank/golden/http/100310_accounts.xml");
    let partly = include_bytes!("../bank/golden/http/100202_partly.xml");
    let judge_query = || judge_send(accounts, "X2026112200000000012-0", ActKind::Query, None);
    let judge_freeze = || judge_send(partly, "X2026112200000000012-1", ActKind::Freeze, Some("6222000000000000017"));
    let are_answers = [judge_query(), judge_freeze()].iter().all(|judged| matches!(judged, Judged::Answered(_)));
    println!("both goldens are answers: {are_answers}");
    timed("decode query, 2 accounts", || drop(black_box(judge_query())));
    timed("decode freeze", || drop(black_box(judge_freeze())));
    pulled();
}
