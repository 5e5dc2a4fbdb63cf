//! Roles: processes of this same program, so that what each costs is known apart. They hear lines, answer lines, and end with us.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::client::text_at;

/// What a process of the bench is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum RoleName {
    /// The gateway itself, as `serve` starts it.
    Gateway,
    /// A bare forwarder at its best, to compare with: a client for each worker.
    Relay,
    /// The same as most would write it: one client for all workers.
    PlainRelay,
    /// Twenty partners that answer at once.
    Stub,
    /// The callers.
    Load,
    /// Writes a journal and folds it.
    Replay,
}

/// A started role; killed when it is dropped.
pub struct Role {
    child: Child,
    hears: ChildStdin,
    says: BufReader<ChildStdout>,
    name: RoleName,
    /// Where it listens; empty when it does not.
    pub url: String,
}

impl Role {
    /// Starts a role and waits for its first line, `{"url":…}`.
    pub fn start(name: RoleName, arguments: &[&str]) -> anyhow::Result<Self> {
        let word = name.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        // The very file that we run from, even where a build has put another in its place meanwhile.
        let mut child = Command::new("/proc/self/exe")
            .args(["bench", "--role", &word])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting the {word}"))?;
        let (hears, says) = (child.stdin.take(), child.stdout.take());
        let (Some(hears), Some(says)) = (hears, says) else { bail!("the {word} has no pipes") };
        let mut role = Self { child, hears, says: BufReader::new(says), name, url: String::new() };
        role.url = text_at(&role.hear()?, "/url")?;
        Ok(role)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens, as `host:port`.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Says something without waiting for the answer.
    pub fn tell(&mut self, what: &Value) -> anyhow::Result<()> {
        let name = self.name;
        writeln!(self.hears, "{what}").and_then(|()| self.hears.flush()).with_context(|| format!("telling {name:?}"))
    }

    /// Waits for the next answer.
    pub fn hear(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.says.read_line(&mut line).with_context(|| format!("hearing {:?}", self.name))?;
        if line.is_empty() {
            bail!("{:?} ended; see above", self.name);
        }
        serde_json::from_str(&line).with_context(|| format!("{:?} said {line}", self.name))
    }

    /// Asks and waits.
    pub fn ask(&mut self, what: &Value) -> anyhow::Result<Value> {
        self.tell(what)?;
        self.hear()
    }

    /// SIGKILL: nothing is flushed, nothing is said.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().context("killing a role")?;
        self.child.wait().context("waiting for a killed role")?;
        Ok(())
    }

    /// Lets it end by itself: a gateway drains and takes its snapshot.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.tell(&Value::from("stop"))?;
        let status = self.child.wait().context("waiting for a role to stop")?;
        if !status.success() {
            bail!("{:?} stopped with {status}", self.name);
        }
        Ok(())
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _already_gone = (self.child.kill(), self.child.wait());
    }
}

/// A role's own side: says a line.
pub fn say(what: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}")?;
    out.flush()?;
    Ok(())
}

/// A role's own side: hears lines until "stop", or until whoever started it is gone.
pub fn lines() -> impl Iterator<Item = Value> {
    let heard = std::io::stdin().lines().map_while(Result::ok);
    heard.map_while(|line| serde_json::from_str(&line).ok()).take_while(|said| *said != "stop")
}
