//! A pulled list at run time: what it reads of the journal for a thousand waiting acts, and what it does not.

use domain::Secret;
use domain::partner::PullCredential;
use domain::socket::{
    FaceAnswer, FaceCall, FaceFault, FaceReply, FaceVerb, FeedbackItem, ListClass, Plug, Pulled, ShownCredential,
};
use store::disk::RealDisk;
use store::keys::Masters;
use store::seal::master::MasterKey;

use super::*;
use crate::clock::SystemClock;
use crate::courier::NoCourier;
use crate::decide::face::LIST_ACTS_MAX;
use crate::runtime::{Engine, Options, Plugs, Running};
use crate::view::Caller;

const REQUESTS: usize = 500;
/// Each asks about two people.
const PEOPLE: usize = 2;

/// A form whose list is the numbers of its slips, and whose feedback has a slip and an account a line.
#[derive(Default)]
pub(super) struct Numbers {
    /// Can say no slip.
    pub(super) is_mute: bool,
}

impl Pulled for Numbers {
    fn decode(&self, call: &FaceCall) -> Result<FaceVerb, FaceFault> {
        let Some(argument) = &call.argument else { return Ok(FaceVerb::List(ListClass::Queries)) };
        let item = |line: &str| {
            let (slip, number) = line.split_once(' ').unwrap();
            let (number, sealed) = number.split_once(' ').map_or((number, false), |(number, _)| (number, true));
            let mut outcome = Outcome { in_part: true, ..found(100) };
            if sealed {
                outcome = super::fed_at_length::with_reply(outcome);
            }
            outcome.accounts[0].number = Personal::new(number.to_owned());
            FeedbackItem { slip: slip.to_owned(), line: Some(0), outcome: Ok(outcome) }
        };
        let items = argument.expose().lines().map(item).collect();
        Ok(FaceVerb::Feedback { class: ListClass::Queries, items, assets: Vec::new(), leads: Vec::new() })
    }

    fn encode(&self, _operation: &str, answer: &FaceAnswer) -> FaceReply {
        let lines: Vec<String> = match answer {
            FaceAnswer::List(slips) => {
                slips.iter().filter(|slip| self.can_write(slip)).map(|slip| slip.number.to_string()).collect()
            }
            FaceAnswer::Verdicts(verdicts) => verdicts.iter().map(|verdict| format!("{:?}", verdict.taken)).collect(),
            _ => panic!("neither a list nor verdicts"),
        };
        FaceReply { status: 200, content_type: "text/plain", bytes: lines.join("\n").into_bytes() }
    }

    fn can_write(&self, _slip: &domain::slip::Slip) -> bool {
        !self.is_mute
    }
}

pub(super) fn started(folder: &std::path::Path, tokio: &tokio::runtime::Runtime) -> Running {
    started_with(options(folder, tokio), Numbers::default(), "d")
}

pub(super) fn started_with(options: Options, form: Numbers, digest: &str) -> Running {
    let secret = |text: &str| Secret::new(text.to_owned());
    let credential = PullCredential { username: "YH".to_owned(), password: secret("word") };
    let bank = Partner { travel: Travel::Pull, credential: Some(credential), in_flight_max: 10_000, ..partner("bank") };
    let court = CourtFile { code: "330225".to_owned(), ..CourtFile::default() };
    let config = Config {
        persons: persons(),
        partners: BTreeMap::from([("bank".to_owned(), Arc::new(bank))]),
        courts: BTreeMap::from([("330225".to_owned(), Arc::new(court))]),
        reminders: BTreeMap::new(),
        rules: BTreeMap::new(),
        calendar: Calendar::default(),
        digest: digest.to_owned(),
    };
    let plugs: Plugs = BTreeMap::from([("bank".to_owned(), Arc::new(Plug::Pull(Arc::new(form))))]);
    Engine::start(options, Arc::new(config), plugs).unwrap()
}

pub(super) fn options(folder: &std::path::Path, tokio: &tokio::runtime::Runtime) -> Options {
    Options {
        directory: folder.to_owned(),
        disk: Arc::new(RealDisk),
        masters: Masters { current: MasterKey::from_bytes([7; 32]), previous: None },
        origin: "xiezhi.test".to_owned(),
        version: "test".to_owned(),
        clock: Arc::new(SystemClock::new()),
        tokio: tokio.handle().clone(),
        snapshot_events: 1 << 20,
        courier: Arc::new(NoCourier),
        without_lost_content: false,
        free_bytes: |_| None,
    }
}

/// An identity number, its last digit by GB 11643.
fn identity(number: usize) -> String {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let text = format!("3302251{:03}0612{:03}", 950 + number / 1_000, number % 1_000);
    let sum: usize = text.bytes().zip(WEIGHTS).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    format!("{text}{}", char::from(b"10X98765432"[sum % 11]))
}

/// A question about two people of a case of its own.
pub(super) fn question(number: usize, ruling: &str) -> Request {
    let asked = Asked::Goal { goal: Goal::Look, subjects: vec![0, 1], scope: Scope::default() };
    let mut request = request(asked);
    let personal = |text: String| Personal::new(text);
    request.case.number = personal(format!("(2026)浙0225执{}号", number + 1));
    request.case.account = None;
    request.papers[0].digest = personal(ruling.to_owned());
    let party = request.case.parties[0].clone();
    let of = |place: usize| identity(number * PEOPLE + place);
    request.case.parties = (0..PEOPLE).map(|place| Party { id_number: personal(of(place)), ..party.clone() }).collect();
    request
}

pub(super) fn court() -> Caller {
    Caller {
        token: "court".to_owned(),
        court: Some("330225".to_owned()),
        partner: None,
        is_person: false,
        is_operator: false,
    }
}

pub(super) async fn submit_all(engine: &Engine, count: usize) {
    let caller = court();
    let ruling = engine
        .store_document(
            &caller,
            Personal::new("ruling.pdf".to_owned()),
            "application/pdf".to_owned(),
            b"%PDF-1.4".to_vec(),
        )
        .await
        .unwrap()
        .digest;
    let submit = |number: usize| {
        let (caller, ruling) = (&caller, &ruling);
        async move {
            let key = format!("key-{number}");
            let digest = [u8::try_from(number % 251).unwrap(); 32];
            engine.submit(caller, &key, digest, question(number, ruling)).await.map(|_| ())
        }
    };
    let all = futures_util::future::join_all((0..count).map(submit)).await;
    let refused: Vec<_> = all.into_iter().filter_map(Result::err).collect();
    assert!(refused.is_empty(), "{:?}", refused.first());
}

pub(super) async fn listed(engine: &Engine) -> Vec<String> {
    called(engine, None).await
}

/// Feeds back the accounts of slips, and tells what became of each.
pub(super) async fn fed(engine: &Engine, accounts: &[(&str, String)]) -> Vec<String> {
    let lines: Vec<String> = accounts.iter().map(|(slip, number)| format!("{slip} {number}")).collect();
    called(engine, Some(Personal::new(lines.join("\n")))).await
}

pub(super) async fn called(engine: &Engine, argument: Option<Personal<String>>) -> Vec<String> {
    let personal = |text: &str| Personal::new(text.to_owned());
    let call = FaceCall {
        operation: "list".to_owned(),
        credentials: vec![ShownCredential { username: personal("YH"), password: Secret::new("word".to_owned()) }],
        argument,
    };
    let reply = engine.face(PartnerKind::Bank, call).await.ok().flatten().unwrap();
    String::from_utf8(reply.bytes).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_list_reads_what_it_sends_and_nothing_else() {
    let folder = tempfile::TempDir::new().unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = started(folder.path(), &tokio);
    tokio.block_on(submit_all(&running.engine, REQUESTS));
    running.drain(std::time::Duration::from_secs(5));
    // Another process: nothing of what was accepted is in memory but the open state.
    let running = started(folder.path(), &tokio);
    let read = || running.engine.shared.papers.events_read();
    assert_eq!(running.engine.health().open_acts, u64::try_from(REQUESTS * PEOPLE).unwrap());
    let before = read();
    let first = tokio.block_on(listed(&running.engine));
    assert_eq!(first.len(), LIST_ACTS_MAX, "a page and no more");
    let sent = LIST_ACTS_MAX / PEOPLE;
    assert_eq!(read() - before, u64::try_from(sent).unwrap(), "one body for each request of which something is sent");
    // The same again, as a hub does that was interrupted: what was opened is at hand.
    let before = read();
    assert_eq!(tokio.block_on(listed(&running.engine)), first);
    assert_eq!(read(), before);
    running.drain(std::time::Duration::from_secs(5));
}
