//! HTTP/2 on the wire, frame by frame: what a refused stream and a farewell prove, and that nothing is sent twice.

use std::sync::{Arc, Mutex};

use domain::socket::{Cause, Judged};
use rustls::ALL_VERSIONS;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::papers::{Authority, Partner, order};
use super::{NAME, call, doubt, options, unsent};
use crate::transport::http::HttpCall;
use crate::transport::trust::Trust;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// 200 with a body of `<ok/>`.
fn answer(stream: u32) -> Vec<u8> {
    // 0x88 is `:status: 200` in the static table of HPACK.
    [frame(HEADERS, END_HEADERS, stream, &[0x88]), frame(DATA, END_STREAM, stream, b"<ok/>")].concat()
}

fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
}

fn farewell(last: u32, reason: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat())
}

/// What the partner writes when a message with its body has come whole, or only its head.
#[derive(Clone, Copy)]
enum Step {
    Whole(fn(u32) -> Vec<u8>),
    /// The same, and the connection ends.
    WholeAndClose(fn(u32) -> Vec<u8>),
    Head(fn(u32) -> Vec<u8>),
}

struct Framed {
    port: u16,
    /// Connections, and streams with their place in time.
    seen: Arc<Mutex<(usize, Vec<u32>)>>,
}

impl Framed {
    /// Over all connections the n-th stream gets the n-th step, and the last one all that follow.
    async fn start(authority: &Authority, steps: Vec<Step>) -> Self {
        let mut config = authority.issue(NAME).server(None, ALL_VERSIONS);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), seen: Arc::default() };
        let seen = server.seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let stream = acceptor.accept(stream).await.unwrap();
                seen.lock().unwrap().0 += 1;
                tokio::spawn(serve(stream, steps.clone(), seen.clone()));
            }
        });
        server
    }

    fn connections(&self) -> usize {
        self.seen.lock().unwrap().0
    }

    fn streams(&self) -> Vec<u32> {
        self.seen.lock().unwrap().1.clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    steps: Vec<Step>,
    seen: Arc<Mutex<(usize, Vec<u32>)>>,
) -> Option<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.ok()?;
    let mut step = Step::Whole(answer);
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.ok()?;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let is_end = head[4] & END_STREAM != 0;
        match head[3] {
            SETTINGS if head[4] == 0 => stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.ok()?,
            HEADERS => {
                let mut seen = seen.lock().unwrap();
                step = *steps.get(seen.1.len()).or(steps.last()).unwrap();
                seen.1.push(id);
            }
            _ => {}
        }
        let bytes = match step {
            Step::Head(bytes) if head[3] == HEADERS => bytes(id),
            Step::Whole(bytes) | Step::WholeAndClose(bytes) if is_end && matches!(head[3], HEADERS | DATA) => bytes(id),
            _ => continue,
        };
        stream.write_all(&bytes).await.ok()?;
        if matches!(step, Step::WholeAndClose(_)) {
            stream.shutdown().await.ok()?;
            return Some(());
        }
    }
}

fn speaking_http2(port: u16, authority: &Authority) -> HttpCall {
    let mut options = options("https", port);
    options.read_idle_ms = 20_001;
    options.trust = Trust { ca_pem: Some(authority.pem.clone().into_bytes()), http2: true, ..Trust::default() };
    call(options)
}

/// One exchange and what came of it; however it ends, the partner has seen it once.
async fn judged(step: Step) -> Result<Vec<u8>, Judged> {
    let authority = Authority::root("bank");
    let server = Framed::start(&authority, vec![step, Step::Whole(answer)]).await;
    let judged = speaking_http2(server.port, &authority).post(order()).await;
    assert_eq!(server.streams().len(), 1, "no layer below may repeat it");
    judged
}

#[tokio::test]
async fn exchanges_share_a_connection_where_the_partner_speaks_http2() {
    let authority = Authority::root("bank");
    let server = Framed::start(&authority, vec![Step::Whole(answer)]).await;
    let call = speaking_http2(server.port, &authority);
    assert!(call.post(order()).await == Ok(b"<ok/>".to_vec()));
    let (one, two, three) = tokio::join!(call.post(order()), call.post(order()), call.post(order()));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!((server.connections(), server.streams().len()), (1, 4));
    // Offered and not taken: HTTP/1.1 as ever. Not offered: none.
    let older = Partner::start(authority.issue(NAME).server(None, ALL_VERSIONS)).await;
    assert!(speaking_http2(older.port, &authority).post(order()).await.is_ok());
    assert!(older.heads()[0].contains(" HTTP/1.1\r\n"));
    let mut options = options("https", server.port);
    options.trust = Trust { ca_pem: Some(authority.pem.clone().into_bytes()), ..Trust::default() };
    assert!(call_of(options).await.is_err());
    assert_eq!(server.streams().len(), 4);
}

async fn call_of(options: super::HttpOptions) -> Result<Vec<u8>, Judged> {
    call(options).post(order()).await
}

#[tokio::test]
async fn a_refused_stream_was_not_looked_at() {
    assert!(judged(Step::Whole(|id| reset(id, REFUSED_STREAM))).await == unsent(Cause::Throttled));
    assert!(judged(Step::Head(|id| reset(id, REFUSED_STREAM))).await == unsent(Cause::Throttled));
    for other in [|id| reset(id, CANCEL), |id| reset(id, PROTOCOL_ERROR), |id| reset(id, NO_ERROR)] {
        assert!(judged(Step::Whole(other)).await == doubt(Cause::Broken), "any other reason proves nothing");
    }
}

#[tokio::test]
async fn once_an_answer_has_begun_a_refusal_proves_nothing() {
    let begun = |id| [frame(HEADERS, END_HEADERS, id, &[0x88]), reset(id, REFUSED_STREAM)].concat();
    assert!(judged(Step::Whole(begun)).await == doubt(Cause::Broken));
}

#[tokio::test]
async fn a_farewell_proves_only_what_it_names() {
    assert!(judged(Step::Whole(|_| farewell(0, NO_ERROR))).await == unsent(Cause::Closed));
    assert!(judged(Step::WholeAndClose(|id| farewell(id, NO_ERROR))).await == doubt(Cause::Broken), "it had ours");
    assert!(judged(Step::Whole(|_| farewell(0, PROTOCOL_ERROR))).await == doubt(Cause::Broken), "said in anger");
    assert!(judged(Step::WholeAndClose(|_| Vec::new())).await == doubt(Cause::Broken));
    // A farewell that lets ours be finished.
    assert!(judged(Step::Whole(|id| [farewell(id, NO_ERROR), answer(id)].concat())).await == Ok(b"<ok/>".to_vec()));
}

#[tokio::test]
async fn on_a_connection_in_use_nothing_is_sent_twice_either() {
    let authority = Authority::root("bank");
    for (step, expected) in [
        (Step::Whole(|id| reset(id, REFUSED_STREAM)), unsent(Cause::Throttled)),
        (Step::Whole(|id| reset(id, CANCEL)), doubt(Cause::Broken)),
        (Step::Whole(|_| farewell(1, NO_ERROR)), unsent(Cause::Closed)),
        (Step::WholeAndClose(|_| Vec::new()), doubt(Cause::Broken)),
    ] {
        let server = Framed::start(&authority, vec![Step::Whole(answer), step, Step::Whole(answer)]).await;
        let call = speaking_http2(server.port, &authority);
        assert!(call.post(order()).await.is_ok());
        assert!(call.post(order()).await == expected);
        assert_eq!(server.streams(), [1, 3], "the second was sent on the first connection, and once");
        // After a farewell the next goes over a new connection.
        assert!(call.post(order()).await.is_ok());
    }
}

#[tokio::test]
async fn an_answer_over_http2_is_cut_at_the_cap() {
    /// Frames of 16 KiB: what a connection is allowed in one go, and more than the cap of these tests.
    fn large(id: u32) -> Vec<u8> {
        let mut bytes = frame(HEADERS, END_HEADERS, id, &[0x88]);
        for _ in 0..5 {
            bytes.extend(frame(DATA, 0, id, &[b' '; 16_384]));
        }
        bytes
    }
    assert!(judged(Step::Whole(large)).await == doubt(Cause::TooLarge));
    /// A head that unpacks to more than the bound: one long field, named again and again.
    fn headers(id: u32) -> Vec<u8> {
        let long = [&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'y'; 4_000]].concat();
        let again = [0xbe; 100];
        frame(HEADERS, END_HEADERS, id, &[&[0x88][..], &long, &again].concat())
    }
    assert!(judged(Step::Whole(headers)).await == doubt(Cause::Broken));
}
