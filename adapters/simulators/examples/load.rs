//! Asks one simulated bank simple queries over keep-alive connections and prints how many it answers in a second: `load [connections] [seconds]`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use simulators::{BankHttp, BankHttpConfig, County};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let (connections, seconds) = (arguments.next().unwrap_or(16), arguments.next().unwrap_or(5));
    let county = County::made_up(1, 1000, 100);
    let bank = BankHttp::start(&county, BankHttpConfig::default())?;
    let who = county.customers.first().ok_or("an empty county")?.identity.clone();
    let body = format!(
        "<CaseNumber>1</CaseNumber><AccountName>{}</AccountName><IDType>{}</IDType><IDNumber>{}</IDNumber><ApplicationOrgName>1</ApplicationOrgName>",
        who.name, who.id_type, who.id_number
    );
    let address = bank.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let (answered, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let started = Instant::now();
    let mut callers = Vec::new();
    for caller in 0..connections {
        let (address, body, answered, over) = (address.clone(), body.clone(), Arc::clone(&answered), Arc::clone(&over));
        callers.push(std::thread::spawn(move || call(&address, &body, caller, &answered, &over)));
    }
    while started.elapsed() < Duration::from_secs(seconds) {
        std::thread::park_timeout(Duration::from_millis(50));
    }
    over.store(true, Ordering::Relaxed);
    let count = u32::try_from(answered.load(Ordering::Relaxed))?;
    println!(
        "{:.0} queries a second over {connections} connections",
        f64::from(count) / started.elapsed().as_secs_f64()
    );
    for caller in callers {
        caller.join().map_err(|_| "a caller panicked")??;
    }
    bank.stop();
    Ok(())
}

fn call(address: &str, body: &str, caller: u64, answered: &AtomicU64, over: &AtomicBool) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut nth = 0_u64;
    while !over.load(Ordering::Relaxed) {
        nth += 1;
        let text = format!(
            "<Request><Head><TxCode>100309</TxCode><MessageFrom>1</MessageFrom><MessageTo>2</MessageTo><TransSerialNumber>L{caller}-{nth}</TransSerialNumber><Mode>01</Mode></Head><Body>{body}</Body></Request>"
        );
        let head =
            format!("POST / HTTP/1.1\r\nHost: x\r\nX-Bank-Token: bank-token\r\nContent-Length: {}\r\n\r\n", text.len());
        stream.write_all(&[head.as_bytes(), text.as_bytes()].concat())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line == "\r\n" {
                break;
            }
        }
        reader.by_ref().take(length).read_to_end(&mut Vec::new())?;
        answered.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
