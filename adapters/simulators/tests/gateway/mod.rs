//! A stand-in for the gateway's SOAP face: hands out lists, papers and acknowledgements, and keeps what was said to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::GBK;

pub type Row = BTreeMap<String, String>;

#[derive(Default)]
pub struct Said {
    /// Inner documents of the lists.
    pub queries: Vec<String>,
    pub controls: Vec<String>,
    /// Whole envelope for getXzcxList, when a test brings one.
    pub query_envelope: Option<String>,
    pub no_document: bool,
    pub empty_document: bool,
    pub no_credentials: bool,
    /// Answer feedback with RESULT=fail.
    pub refuse: bool,
    /// Operation and inner argument of everything fed.
    pub fed: Vec<(String, String)>,
    /// Whole request bodies by operation.
    pub requests: Vec<(String, String)>,
}

pub struct Gateway {
    pub url: String,
    pub said: Arc<Mutex<Said>>,
    stopping: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Gateway {
    pub fn start() -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/services/SyyhConvertDataService", listener.local_addr().unwrap());
        let said = Arc::new(Mutex::new(Said::default()));
        let stopping = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (Arc::clone(&said), Arc::clone(&stopping));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Gateway { url, said, stopping, thread: Some(thread) }
    }

    pub fn fed(&self, operation: &str) -> Vec<String> {
        let said = self.said.lock().unwrap();
        said.fed.iter().filter(|(o, _)| o == operation).map(|(_, inner)| inner.clone()).collect()
    }

    /// The one row fed for a line, from the last feedback that has it.
    pub fn result(&self, slip: &str, line: &str) -> Row {
        let rows = self.fed("shfeedXzkzInfo").iter().flat_map(|inner| rows(inner, "kzxx")).collect::<Vec<_>>();
        rows.into_iter().rev().find(|r| r["BDHM"] == slip && r["CCXH"] == line).expect("a result for the line")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.url.split('/').nth(2).unwrap()));
        drop(self.thread.take().unwrap().join());
    }
}

fn serve(stream: TcpStream, said: &Mutex<Said>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let answer = answer(&String::from_utf8(body).unwrap(), &mut said.lock().unwrap());
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(answer.as_bytes())).is_err() {
            return;
        }
    }
}

fn answer(request: &str, said: &mut Said) -> String {
    let operation = between(request, "<q:", ">").to_owned();
    said.requests.push((operation.clone(), request.to_owned()));
    let argument =
        if request.contains("<arg1>") { decoded(between(request, "<arg1>", "</arg1>")) } else { String::new() };
    let inner = match operation.as_str() {
        "getXzcxList" => {
            if let Some(envelope) = &said.query_envelope {
                return envelope.clone();
            }
            format!("<cxqqList errorMsg=\"\">{}</cxqqList>", said.queries.concat())
        }
        "getXzkzList" => format!("<kzqqList errorMsg=\"\">{}</kzqqList>", said.controls.concat()),
        "cxwsInfo" | "kzwsInfo" if said.no_document => "<wsinfoList errorMsg=\"\"></wsinfoList>".to_owned(),
        "cxwsInfo" | "kzwsInfo" => {
            let body = if said.empty_document { "" } else { "JVBERi0xLjQK" };
            format!("<wsinfoList errorMsg=\"\">{}</wsinfoList>", element("wsinfo", &[("XH", "1"), ("WSNR", body)]))
        }
        "zjInfo" if said.no_credentials => "<zjinfoList errorMsg=\"\"></zjinfoList>".to_owned(),
        "zjInfo" => {
            format!("<zjinfoList errorMsg=\"\">{}</zjinfoList>", element("zjinfo", &[("XH", "1"), ("GZZ", "/9j/4AA=")]))
        }
        _ => {
            let tags = ["zhxx", "kzxx", "htxx", "wlxx"];
            let fed: Vec<Row> = tags.iter().flat_map(|t| rows(&argument, t)).collect();
            said.fed.push((operation.clone(), argument));
            let mut slips: Vec<&String> = fed.iter().filter_map(|r| r.get("BDHM")).collect();
            slips.dedup();
            let verdict = if said.refuse { "fail" } else { "success" };
            let acks: String =
                slips.iter().map(|s| element("jg", &[("BDHM", s), ("RESULT", verdict), ("MSG", "")])).collect();
            format!("<result errorMsg=\"\"><cxjglist>{acks}</cxjglist></result>")
        }
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body><ns2:{operation}Response xmlns:ns2=\"http://syyh.service.webService.ckw.tdh/\"><return>{}</return></ns2:{operation}Response></S:Body></S:Envelope>",
        STANDARD.encode(GBK.encode(&inner).0)
    )
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let after = &text[text.find(from).unwrap() + from.len()..];
    &after[..after.find(to).unwrap()]
}

/// Inner document of what travelled.
pub fn decoded(text: &str) -> String {
    let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
    GBK.decode(&bytes).0.into_owned()
}

/// An element whose values are covered as the family does.
pub fn element(tag: &str, attributes: &[(&str, &str)]) -> String {
    let covered: String = attributes
        .iter()
        .map(|(name, value)| {
            let file = ["WSNR", "GZZ", "GWZ"].contains(name);
            let shown = if file { (*value).to_owned() } else { STANDARD.encode(GBK.encode(value).0) };
            format!(" {name}=\"{shown}\"")
        })
        .collect();
    format!("<{tag}{covered}/>")
}

/// All elements with a tag, attributes in the clear.
pub fn rows(inner: &str, tag: &str) -> Vec<Row> {
    let start = format!("<{tag} ");
    inner
        .split(start.as_str())
        .skip(1)
        .map(|piece| {
            let head = piece.split('>').next().unwrap().trim_end_matches('/');
            head.split("\" ")
                .filter_map(|pair| pair.trim().split_once('='))
                .map(|(name, value)| (name, value.trim_matches('"')))
                .map(|(name, value)| {
                    let file = ["WSNR", "GZZ", "GWZ"].contains(&name);
                    (name.to_owned(), if file { value.to_owned() } else { decoded(value) })
                })
                .collect()
        })
        .collect()
}

pub const SLIP: &str = "A20261120E0200000001";
pub const ACCOUNT: &str = "6222000000000000017";
pub const SECOND_ACCOUNT: &str = "6222000000000000025";

/// A control slip on the samples' customer; `header` replaces or adds attributes of the head.
pub fn control(number: &str, header: &[(&str, &str)], lines: &[&[(&str, &str)]]) -> String {
    let mut head: Vec<(&str, &str)> = vec![
        ("BDHM", number),
        ("XZ", "2"),
        ("XM", "王小渔"),
        ("ZJLX", "01"),
        ("DSRZJHM", "330225189506120170"),
        ("FYMC", "象山县人民法院"),
        ("AH", "(2026)浙0225执1234号"),
        ("GZZBH", "GZ330225001"),
        ("GWZBH", "GW330225001"),
    ];
    head.retain(|(name, _)| !header.iter().any(|(n, _)| n == name));
    head.extend_from_slice(header);
    let open = element("kzqq", &head).replace("/>", ">");
    let rows: String = lines.iter().map(|l| element("kzzh", l)).collect();
    format!("{open}<kzzhlist>{rows}</kzzhlist></kzqq>")
}

/// A freeze line.
pub fn freeze<'a>(line: &'a str, account: &'a str, yuan: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("CCXH", line),
        ("KZLX", "1"),
        ("KZCS", "01"),
        ("KZNR", "1"),
        ("KHZH", account),
        ("BZ", "156"),
        ("JE", yuan),
        ("KSRQ", "2026/11/20"),
        ("JSRQ", "2027/11/19"),
    ]
}

/// A line that builds on an earlier freeze.
pub fn later<'a>(line: &'a str, measure: &'a str, original: &'a str, yuan: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("CCXH", line),
        ("KZLX", "1"),
        ("KZCS", measure),
        ("KZNR", "1"),
        ("KHZH", ACCOUNT),
        ("JE", yuan),
        ("JSRQ", "2028/05/01"),
        ("YDJDH", original),
        ("ZXKZHHM", "象山县人民法院执行款专户"),
        ("ZXKZHKHH", "象山农商银行"),
        ("ZXKZHKHHHH", "402332002258"),
        ("ZXKZHZH", "2010000000001234"),
    ]
}

/// A query slip on the samples' customer.
pub fn query(number: &str, header: &[(&str, &str)]) -> String {
    let mut head: Vec<(&str, &str)> = vec![
        ("BDHM", number),
        ("XZ", "1"),
        ("XM", "王小渔"),
        ("ZJLX", "01"),
        ("DSRZJHM", "330225189506120170"),
        ("WSBH", "WS2026112000001"),
        ("CKKSSJ", ""),
        ("CKJSSJ", ""),
    ];
    head.retain(|(name, _)| !header.iter().any(|(n, _)| n == name));
    head.extend_from_slice(header);
    element("cxqq", &head)
}
