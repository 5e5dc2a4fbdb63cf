//! The runbook and the READMEs: every command of ours in them is one, every address that they call is served.

use super::lines::{commands_below, taken};
use super::read;

const PAGES: [&str; 4] = ["README.md", "README.zh-CN.md", "docs/RUNBOOK.md", "docs/RUNBOOK.zh-CN.md"];

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

/// The lines of every fenced shell block, with lines that go on joined.
fn shell_lines(page: &str) -> Vec<String> {
    let text = read(page).replace("\\\n", " ");
    let mut shell = false;
    let mut found = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(kind) => shell = !shell && kind == "sh",
            None if shell => found.push(line.to_owned()),
            None => {}
        }
    }
    found
}

/// What follows `xiezhi` in a line, up to where the shell goes on with something else.
fn commands(line: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if word == "#" {
            break;
        }
        if word.trim_start_matches("$(") != "xiezhi" {
            continue;
        }
        let ends = |word: &&str| {
            ["|", "||", "&&", "&", ";", "#"].contains(word) || word.starts_with(['>', '<']) || word.starts_with("2>")
        };
        let mut own = Vec::new();
        while let Some(word) = words.peek().filter(|word| !ends(word)) {
            own.push(word.trim_end_matches(';').trim_end_matches(')').trim_matches('"'));
            let last = word.ends_with(';');
            words.next();
            if last {
                break;
            }
        }
        found.push(own);
    }
    found
}

#[test]
fn every_command_in_the_pages_is_one() {
    let mut seen = 0;
    for page in PAGES {
        for line in shell_lines(page) {
            for command in commands(&line) {
                taken(&format!("{page}: {line}"), &command);
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen} commands were found; were the fences renamed?");
}

/// The commands in a page's running text and tables, with `list\|end` spread out into one each.
fn inline_commands(page: &str) -> Vec<String> {
    let mut shell = false;
    let mut found = Vec::new();
    for line in read(page).lines() {
        shell ^= line.starts_with("```");
        if shell || line.starts_with("```") {
            continue;
        }
        let spans = line.split('`').skip(1).step_by(2).filter_map(|span| span.strip_prefix("xiezhi "));
        for span in spans {
            let mut spread = vec![String::new()];
            for word in span.replace("\\|", "|").split_whitespace() {
                let each = |before: &String| {
                    let ways = word.split('|').map(|way| format!("{before} {way}"));
                    ways.collect::<Vec<_>>()
                };
                spread = spread.iter().flat_map(each).collect();
            }
            found.extend(spread.into_iter().map(|command| command.trim().to_owned()));
        }
    }
    found
}

#[test]
fn every_command_named_in_the_text_is_one_and_the_readmes_name_all() {
    for page in PAGES {
        for command in inline_commands(page) {
            taken(&format!("{page}: {command}"), &command.split(' ').collect::<Vec<_>>());
        }
    }
    let mut ours = Vec::new();
    for command in commands_below(&[]) {
        let below = commands_below(&[&command]);
        if below.is_empty() {
            ours.push(command);
        } else {
            ours.extend(below.into_iter().map(|own| format!("{command} {own}")));
        }
    }
    assert!(ours.len() > 25, "{ours:?}");
    for page in READMES {
        let named = inline_commands(page);
        let is_named = |own: &&String| named.iter().any(|line| line == *own || line.starts_with(&format!("{own} ")));
        let missing: Vec<_> = ours.iter().filter(|own| !is_named(own)).collect();
        assert!(missing.is_empty(), "{page} does not name {missing:?}");
    }
}

#[test]
fn the_readmes_list_every_adapter_and_every_dialect() {
    for page in READMES {
        let text = read(page);
        for adapter in adapters::ADAPTERS {
            assert!(text.contains(&format!("`{}`", adapter.name)), "{page} does not list {}", adapter.name);
        }
        for file in crate::bench::files_below(&super::root().join("config/dialects")) {
            let name = file.file_stem().unwrap().to_str().unwrap();
            assert!(text.contains(&format!("`{name}`")), "{page} does not list the dialect {name}");
        }
    }
}

fn serves(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    web::paths().iter().any(|(_, template)| {
        if let Some(begin) = template.split("{path:").next().filter(|begin| begin.len() < template.len()) {
            return path.starts_with(begin);
        }
        let own: Vec<&str> = template.split('/').collect();
        own.len() == parts.len() && own.iter().zip(&parts).all(|(own, part)| own.starts_with('{') || own == part)
    })
}

#[test]
fn every_address_in_the_pages_is_served() {
    let mut seen = 0;
    for page in PAGES {
        for line in shell_lines(page) {
            for part in line.split("$URL").skip(1).filter(|part| part.starts_with('/')) {
                let end = part.find(|c: char| c.is_whitespace() || "?\";)|'".contains(c)).unwrap_or(part.len());
                assert!(serves(&part[..end]), "{page}: {} is not served", &part[..end]);
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen} addresses were found");
}

/// Every `$NAME` of the tour is exported by the demo or introduced on the page as `NAME=…`.
#[test]
fn every_name_of_the_tour_is_exported_by_the_demo_or_introduced() {
    let demo = read("src/demo/show.rs");
    for page in READMES {
        let text = read(page);
        let mut seen = 0;
        for line in shell_lines(page) {
            for rest in line.split('$').skip(1) {
                let rest = rest.trim_start_matches('{');
                let name: String = rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
                if name.is_empty() {
                    continue;
                }
                let exported = demo.contains(&format!("(\"{name}\",")) || demo.contains(&format!("export {name}="));
                assert!(exported || text.contains(&format!("{name}=")), "{page}: ${name} comes from nowhere: {line}");
                seen += 1;
            }
        }
        assert!(seen > 20, "{page}: {seen} names were found");
    }
}
