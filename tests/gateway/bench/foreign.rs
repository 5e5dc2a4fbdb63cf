//! Programs of others that judge what we send and drive what we serve, installed by `.ci/test` below the target folder.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs a script of `tests/gateway/foreign` on what it is told; what it prints.
pub fn foreign(program: &[&str], told: &Value) -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("foreign");
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway/foreign");
    let [command, script, rest @ ..] = program else { panic!("a program and its script") };
    let command = if command.contains('/') { folder.join(command) } else { command.into() };
    let mut child = Command::new(&command)
        .arg(here.join(script))
        .args(rest.iter().map(|part| folder.join(part)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `.ci/test` installs it", command.display()));
    child.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
