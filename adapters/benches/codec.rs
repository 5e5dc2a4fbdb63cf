//! How long it takes to write an order to a bank and to read its answer, without a network, and a pulled feedback beside what
//! quick-xml alone needs to read the same bytes: `cargo bench -p xiezhi-adapters`. It fails above [`TIMES_MAX`].

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use adapters::bank::codec::{Ends, judge_send, order, read_feedback, write_list, write_verdicts};
use adapters::transport::charset::Charset;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput};
use domain::act::Original;
use domain::case::{Case, Court, CourtAccount, Officer, Party, PartyKind, Role, Stage};
use domain::slip::{Line, Slip, SlipContext};
use domain::socket::{ItemVerdict, Judged, PaperFile};
use domain::{ActKind, Day, Money, Personal, SlipNumber};

/// The bar: reading a feedback of twenty accounts and writing the answer, in times of what quick-xml needs to read the same bytes.
const TIMES_MAX: f64 = 10.0;

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

fn pulled(criterion: &mut Criterion) {
    let inner = feedback(20);
    let argument = STANDARD.encode(&inner);
    let verdicts = [ItemVerdict { slip: "X2026112200000000012".to_owned(), taken: Ok(()) }];
    assert_eq!(read_feedback(&argument), 1, "a feedback about one slip");
    let mut group = criterion.benchmark_group("feedback");
    group.throughput(Throughput::Bytes(argument.len() as u64));
    group.bench_function("quick_xml", |bencher| bencher.iter(|| read_bare(black_box(&inner))));
    group.bench_function("codec", |bencher| {
        bencher.iter(|| {
            let _items = black_box(read_feedback(black_box(&argument)));
            drop(black_box(write_verdicts(&verdicts)));
        });
    });
    group.finish();
    let slips: Vec<Slip> = (0..500).map(|_| slip(ActKind::Query)).collect();
    criterion.bench_function("list_of_500", |bencher| bencher.iter(|| write_list(black_box(&slips))));
}

fn called(criterion: &mut Criterion) {
    let ends = Ends { from: "330225000000", to: "102332002250", charset: Charset::Utf8 };
    let file = PaperFile {
        number: Personal::new(String::new()),
        kind: "freeze_notice".to_owned(),
        file_name: Personal::new("协助冻结存款通知书.pdf".to_owned()),
        bytes: Personal::new(vec![b'%'; 40_000]),
    };
    let (query, freeze) = (slip(ActKind::Query), slip(ActKind::Freeze));
    let accounts = include_bytes!("../bank/golden/http/100310_accounts.xml");
    let partly = include_bytes!("../bank/golden/http/100202_partly.xml");
    let judge_query = || judge_send(accounts, "X2026112200000000012-0", ActKind::Query, None);
    let judge_freeze = || judge_send(partly, "X2026112200000000012-1", ActKind::Freeze, Some("6222000000000000017"));
    assert!([judge_query(), judge_freeze()].iter().all(|judged| matches!(judged, Judged::Answered(_))));
    let mut group = criterion.benchmark_group("order");
    group.bench_function("encode_query", |bencher| bencher.iter(|| order(&ends, black_box(&query), &[])));
    group.bench_function("encode_freeze", |bencher| bencher.iter(|| order(&ends, black_box(&freeze), &[])));
    let papers = std::slice::from_ref(&file);
    group.bench_function("encode_freeze_40_kb", |bencher| bencher.iter(|| order(&ends, black_box(&freeze), papers)));
    group.bench_function("decode_query", |bencher| bencher.iter(judge_query));
    group.bench_function("decode_freeze", |bencher| bencher.iter(judge_freeze));
    group.finish();
}

/// The median of one measurement in nanoseconds; `None` when this run measured nothing (a test, or a filter).
fn median(folder: &Path, of: &str) -> Option<f64> {
    let told = std::fs::read(folder.join(of).join("new/estimates.json")).ok()?;
    serde_json::from_slice::<serde_json::Value>(&told).ok()?.pointer("/median/point_estimate")?.as_f64()
}

fn main() -> ExitCode {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let _nothing_old = std::fs::remove_dir_all(folder.join("feedback"));
    let mut criterion = Criterion::default().output_directory(&folder).configure_from_args();
    called(&mut criterion);
    pulled(&mut criterion);
    criterion.final_summary();
    let Some((bare, codec)) = median(&folder, "feedback/quick_xml").zip(median(&folder, "feedback/codec")) else {
        return ExitCode::SUCCESS;
    };
    let times = codec / bare;
    println!("a feedback of 20 accounts costs {times:.1} times what quick-xml needs to read it; at most {TIMES_MAX}");
    if times <= TIMES_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
