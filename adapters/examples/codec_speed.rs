//! How long it takes to write an order to a bank and to read its answer, without a network: `cargo run --release -p
//! xiezhi-adapters --example codec_speed`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use adapters::bank::codec::{Ends, judge_send, order};
use adapters::transport::charset::Charset;
use domain::act::Original;
use domain::case::{Case, Court, CourtAccount, Officer, Party, PartyKind, Role, Stage};
use domain::slip::{Line, Slip, SlipContext};
use domain::socket::{Judged, PaperFile};
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

fn timed(name: &str, mut round: impl FnMut()) {
    for _ in 0..ROUNDS / 10 {
        round();
    }
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        round();
    }
    let ns = begun.elapsed().as_nanos() / u128::from(ROUNDS);
    println!("{name:<28} {ns:>6} ns");
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
}
