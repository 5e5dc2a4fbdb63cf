//! The hub's side of the wire: one call out, read with a cap; and the broken calls a bad line makes.

use std::time::Duration;

use encoding_rs::Encoding;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::element::{self, Element};
use super::soap;
use super::trade::Trade;
use crate::http1;
use crate::knobs::{Drawn, Fault};
use crate::wire::{REPLY_BYTES_MAX, post};
use crate::xml::Node;

/// The real hubs' limits: 30 s to connect, 3 min on the socket.
const CONNECT: Duration = Duration::from_secs(30);
const CALL: Duration = Duration::from_secs(180);

/// Speaks to one gateway with one credential.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    usermarker: String,
    pub trade: Trade,
    pub charset: &'static Encoding,
}

impl Client {
    pub(crate) fn new(
        url: &str,
        username: &str,
        password: &str,
        charset: &'static Encoding,
        trade: Trade,
    ) -> Result<Client, reqwest::Error> {
        let builder = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT).timeout(CALL);
        // A plain address needs no roots, and a bare container has none.
        let plain = url.starts_with("http://");
        let builder = if plain { builder.tls_certs_only(std::iter::empty()) } else { builder };
        let condition =
            Element::new("condition", vec![("username", username.to_owned()), ("password", password.to_owned())]);
        let usermarker = element::outer(&Element::list("usermarker", vec![condition]).inner(charset), charset);
        Ok(Client { http: builder.build()?, url: url.to_owned(), usermarker, trade, charset })
    }

    /// One operation with one more argument besides the credential.
    pub(crate) async fn call(&self, operation: &str, argument: Option<&Element>) -> Result<Node, String> {
        let argument = argument.map(|a| element::outer(&a.inner(self.charset), self.charset));
        self.call_with(operation, argument.as_deref()).await
    }

    /// The same with the argument as it shall travel.
    pub(crate) async fn call_with(&self, operation: &str, argument: Option<&str>) -> Result<Node, String> {
        let envelope = self.envelope(operation, argument);
        let bytes = post(&self.http, &self.url, operation, envelope).await?;
        self.read(operation, &bytes)
    }

    fn envelope(&self, operation: &str, argument: Option<&str>) -> String {
        let arguments: Vec<&str> = std::iter::once(self.usermarker.as_str()).chain(argument).collect();
        soap::envelope(self.trade.namespace(), &self.trade.operation(operation), &arguments)
    }

    fn read(&self, operation: &str, bytes: &[u8]) -> Result<Node, String> {
        let text = soap::returned(bytes).map_err(|e| format!("{operation}: {e}"))?;
        let root = element::read_outer(&text, self.charset).map_err(|e| format!("{operation}: {e}"))?;
        let error = ["errorMsg", "errMsg"].map(|n| root.attribute(n)).into_iter().find(|e| !e.is_empty());
        match error {
            Some(error) => Err(format!("{operation}: the gateway says {error}")),
            None => Ok(root),
        }
    }

    /// Sends over a bare socket what a sound client never sends; a drip still reads its reply.
    pub(crate) async fn call_broken(&self, operation: &str, argument: &str, drawn: &Drawn) -> Result<Node, String> {
        let (host, path) = host_and_path(&self.url).ok_or("faults on the socket need a plain http address")?;
        let envelope = self.envelope(operation, Some(argument));
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: \"\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            envelope.len()
        );
        let bytes = [head.as_bytes(), envelope.as_bytes()].concat();
        let mut stream = TcpStream::connect(&host).await.map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        match drawn.fault() {
            Some(Fault::ResetMidBody) => {
                http1::reset_halfway(stream, &bytes).await;
                return Err(format!("{operation}: reset by knob"));
            }
            Some(Fault::SlowDrip) => {
                http1::drip(&mut stream, &bytes, drawn.ms(20)).await.map_err(|e| e.to_string())?;
            }
            _ => {
                stream.write_all(&bytes).await.map_err(|e| e.to_string())?;
                // One byte of the reply proves that the gateway has handled it; then the line is gone.
                let mut first = [0_u8; 1];
                return match stream.read_exact(&mut first).await {
                    Ok(_) | Err(_) => Err(format!("{operation}: left before the reply by knob")),
                };
            }
        }
        let reply = http1::read_answer(&mut stream, REPLY_BYTES_MAX).await;
        self.read(operation, &reply.ok_or_else(|| format!("{operation}: reply cut or without length"))?)
    }
}

fn host_and_path(url: &str) -> Option<(String, String)> {
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    Some((host, format!("/{path}")))
}
