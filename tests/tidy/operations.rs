//! What operators look for: every metric and every line of the log stands in both READMEs, and the runbooks quote only what is said.

use std::collections::BTreeSet;

use super::ratchet::{Finding, hold};
use super::source::code_only;
use super::tree::{is_test_file, read, rust_files};

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];
const RUNBOOKS: [&str; 2] = ["docs/RUNBOOK.md", "docs/RUNBOOK.zh-CN.md"];

fn product_files() -> impl Iterator<Item = String> {
    rust_files().into_iter().filter(|file| file.starts_with("src/") && !is_test_file(file))
}

/// The words that begin so and end before anything that is no part of a name.
fn names_beginning(text: &str, begin: &str) -> BTreeSet<String> {
    let ends = |c: char| !(c.is_ascii_lowercase() || c == '_');
    let found = text.match_indices(begin).map(|(at, _)| &text[at + begin.len() - "xiezhi_".len()..]);
    found.map(|rest| rest[..rest.find(ends).unwrap_or(rest.len())].to_owned()).collect()
}

fn metrics_in_code() -> BTreeSet<String> {
    product_files().flat_map(|file| names_beginning(&read(&file), "\"xiezhi_")).collect()
}

#[test]
fn every_metric_stands_in_both_readmes_and_no_other() {
    let code = metrics_in_code();
    assert!(code.len() > 10, "{code:?}");
    let mut findings = Vec::new();
    for page in READMES {
        let listed: BTreeSet<String> = read(page)
            .lines()
            .filter(|line| line.starts_with("| `xiezhi_"))
            .flat_map(|line| names_beginning(line.split(" | ").next().unwrap(), "`xiezhi_"))
            .collect();
        // Rows of alarms hold a condition and no bare name.
        let listed: BTreeSet<String> =
            listed.into_iter().filter(|name| read(page).contains(&format!("| `{name}` |"))).collect();
        let missing =
            code.difference(&listed).map(|name| format!("does not list the metric {name}; say what it counts"));
        let extra = listed.difference(&code).map(|name| format!("lists the metric {name}, which is not; take it out"));
        findings.extend(missing.chain(extra).map(|cure| Finding::new(page, cure)));
    }
    for page in READMES.iter().chain(&RUNBOOKS) {
        let unknown = names_beginning(&read(page), "xiezhi_").into_iter().filter(|name| !code.contains(name));
        findings.extend(unknown.map(|name| Finding::new(*page, format!("names the metric {name}, which is not"))));
    }
    hold("metrics", &findings);
}

/// The last string of each call of a logging macro, which is what the line of the log says.
fn logged(file: &str) -> Vec<String> {
    let source = read(file);
    let code = code_only(&source);
    let mut found = Vec::new();
    for level in ["error", "warn", "info", "debug", "trace"] {
        for (at, mark) in code.match_indices(&format!("tracing::{level}!(")) {
            let mut depth = 1;
            let open = at + mark.len();
            let length = code[open..].find(|c: char| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            let call = &source[open..open + length.unwrap()];
            let said = call.trim().trim_end_matches(',').strip_suffix('"').and_then(|call| call.rsplit_once('"'));
            found.push(
                said.unwrap_or_else(|| panic!("{file}: a line of the log ends with what it says: {call}")).1.to_owned(),
            );
        }
    }
    found
}

#[test]
fn every_line_of_the_log_stands_in_both_readmes_and_no_other() {
    let code: BTreeSet<String> = product_files().flat_map(|file| logged(&file)).collect();
    assert!(code.len() > 20, "{code:?}");
    let mut findings = Vec::new();
    for page in READMES {
        let text = read(page);
        let (_, table) = text.split_once("| `target` |").or_else(|| text.split_once("| 来源 `target` |")).unwrap();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with("| "));
        let listed: BTreeSet<String> = rows
            .map(|row| row.split(" | ").nth(2).unwrap())
            .map(|cell| cell.trim_start_matches("`` ").trim_end_matches(" ``"))
            .map(|cell| cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or(cell).to_owned())
            .collect();
        let missing = code.difference(&listed).map(|line| format!("does not list what the log may say: {line}"));
        let extra = listed.difference(&code).map(|line| format!("lists what the log never says: {line}"));
        findings.extend(missing.chain(extra).map(|cure| Finding::new(page, cure)));
    }
    hold("log", &findings);
}

/// Quoted text of at least four words, as the programs say it: neither a command nor a setting.
fn quotes(page: &str) -> Vec<String> {
    let text = read(page);
    let mut shell = false;
    let mut found = Vec::new();
    for line in text.lines() {
        shell ^= line.starts_with("```");
        if shell || line.starts_with("```") {
            continue;
        }
        let plain = line.replace("`` ", "\u{1}").replace(" ``", "\u{1}");
        let (doubled, single): (Vec<_>, Vec<_>) =
            plain.split('\u{1}').enumerate().partition(|(place, _)| place % 2 == 1);
        found.extend(doubled.into_iter().map(|(_, quote)| quote.to_owned()));
        let spans = single
            .into_iter()
            .flat_map(|(_, part)| part.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
        found.extend(spans);
    }
    let begins = ["curl", "docker", "systemctl", "printf", "journalctl", "xiezhi"];
    found.retain(|quote| quote.split(' ').count() >= 4 && !begins.iter().any(|begin| quote.starts_with(begin)));
    found
}

#[test]
fn the_runbooks_quote_what_is_said() {
    let said: String = product_files().map(|file| read(&file)).collect();
    let mut findings = Vec::new();
    for page in RUNBOOKS {
        for quote in quotes(page) {
            // Where a message holds a file or a number, the page has an ellipsis or an example.
            let parts = quote.split(['…']).flat_map(|part| part.split("42 records, but 87"));
            for part in parts.map(str::trim).filter(|part| part.split(' ').count() > 1) {
                if !said.contains(part) {
                    findings.push(Finding::new(page, format!("quotes what nothing says: {part}")));
                }
            }
        }
    }
    hold("runbook", &findings);
}

/// The same troubles in both languages, in the same order, reachable by the same addresses.
#[test]
fn both_runbooks_hold_the_same_troubles_and_every_link_leads_somewhere() {
    let places = |page: &str| -> Vec<String> {
        let text = read(page);
        text.split("<a id=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let troubles = places(RUNBOOKS[0]);
    assert_eq!(troubles, places(RUNBOOKS[1]));
    assert!(troubles.len() > 10);
    for page in READMES.iter().chain(&RUNBOOKS) {
        let text = read(page);
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let Some((target, place)) = link.split_once('#').filter(|(to, _)| to.is_empty() || to.contains("RUNBOOK"))
            else {
                continue;
            };
            assert!(
                target.is_empty() && !page.contains("RUNBOOK") || troubles.iter().any(|trouble| trouble == place),
                "{page}: #{place}"
            );
        }
    }
    for [english, chinese] in [READMES, RUNBOOKS] {
        let (english, chinese) = (shell(english), shell(chinese));
        assert!(english.len() > 10);
        assert_eq!(english, chinese, "the same commands in both, but for what stands in comments and reasons");
    }
}

/// The shell lines of a page, without comments and without what is said to people.
fn shell(page: &str) -> Vec<String> {
    let text = read(page);
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let bare = |line: &str| {
        let line = line.split("  #").next().unwrap().trim_end().to_owned();
        match line.split_once("reason\\\":\\\"").or_else(|| line.split_once("\"reason\":\"")) {
            Some((before, after)) => format!("{before}…{}", after.split_once('"').map_or("", |(_, rest)| rest)),
            None => line,
        }
    };
    let lines = blocks.flat_map(|block| block.lines().map(bare).collect::<Vec<_>>());
    lines.filter(|line| !line.starts_with('#')).collect()
}
