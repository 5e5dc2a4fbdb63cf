//! Command lines of the gateway as documents and units write them, held against what the binary itself says that it takes.

use crate::bench::xiezhi;

fn help(path: &[&str]) -> String {
    let mut arguments = path.to_vec();
    arguments.push("--help");
    let told = xiezhi(&arguments);
    assert!(told.status.success(), "xiezhi {} has no help: it is no command", path.join(" "));
    String::from_utf8(told.stdout).unwrap()
}

/// The lines below a heading of the help.
fn below<'h>(help: &'h str, heading: &str) -> Vec<&'h str> {
    let from = help.lines().skip_while(|line| *line != heading).skip(1);
    from.take_while(|line| !line.is_empty()).map(str::trim).collect()
}

/// The commands below one, as the binary names them.
pub fn commands_below(path: &[&str]) -> Vec<String> {
    let told = help(path);
    let names = below(&told, "Commands:").into_iter().filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Fails unless every command and flag of `arguments` (what follows `xiezhi`) is one.
pub fn taken(place: &str, arguments: &[&str]) {
    let mut path: Vec<&str> = Vec::new();
    let mut told = help(&path);
    let mut rest = arguments.iter();
    assert!(!arguments.is_empty(), "{place}: names no command");
    while let Some(word) = rest.next() {
        if let Some(flag) = word.strip_prefix("--") {
            let flag = flag.split('=').next().unwrap();
            let line = told.lines().map(str::trim).find(|line| {
                let name = line.trim_start_matches("-h, ").trim_start_matches("-V, ");
                name == format!("--{flag}") || name.starts_with(&format!("--{flag} "))
            });
            let line = line.unwrap_or_else(|| panic!("{place}: `xiezhi {}` has no flag --{flag}", path.join(" ")));
            if line.contains(" <") && !word.contains('=') {
                rest.next().unwrap_or_else(|| panic!("{place}: --{flag} needs a value"));
            }
        } else if below(&told, "Commands:").iter().any(|line| line.split(' ').next() == Some(word)) {
            path.push(word);
            told = help(&path);
        } else {
            assert!(!below(&told, "Arguments:").is_empty(), "{place}: `xiezhi {}` takes no {word}", path.join(" "));
        }
    }
    assert!(below(&told, "Commands:").is_empty(), "{place}: `xiezhi {}` needs a command after it", path.join(" "));
}

/// The value of a flag.
pub fn value_of<'a>(arguments: &[&'a str], flag: &str) -> &'a str {
    let at = arguments.iter().position(|word| *word == flag).unwrap_or_else(|| panic!("no {flag} in {arguments:?}"));
    arguments[at + 1]
}

#[test]
fn words_that_are_no_commands_are_found() {
    taken("here", &["serve", "--config", "x", "--json"]);
    taken("here", &["simulate", "--samples", "bank-http", "--listen=1"]);
    taken("here", &["request", "--url", "u", "--token", "t", "show", "an-id"]);
    for wrong in [
        vec!["serf"],
        vec!["serve", "--confg", "x"],
        vec!["simulate"],
        vec!["serve", "--data"],
        vec!["rebuild", "data"],
        vec!["simulate", "bank-http", "--samples"],
    ] {
        assert!(std::panic::catch_unwind(|| taken("here", &wrong)).is_err(), "{wrong:?} was taken");
    }
}
