//! `[reminder]` of an inbox: what it means when a key is left out, and every key wrong in turn.

use domain::calendar::Hours;

use super::*;

const DESK: &str = r#"id = "desk-a"
name = "Desk"
kind = "registry"
adapter = "inbox"
acts = ["query"]
hours = "09:00-16:00"
[[clerks]]
name = "clerk-1"
sha256 = "2222222222222222222222222222222222222222222222222222222222222222"
[reminder]
url = "https://messages.example/x?key=1"
link = "https://gateway.example/console/partner"
gather_s = 60
per_day = 2
retry = ["1m"]
keys = ["derived:2"]
networks = ["10.33.0.0/16"]
"#;

fn read(text: &str) -> Settings {
    let folder = Folder::sound();
    folder.put("partners/desk-a.toml", text);
    folder.settings()
}

#[test]
fn every_key_counts_and_what_is_left_out_has_its_meaning() {
    let settings = read(DESK);
    let terms = settings.config.reminders["desk-a"].clone();
    assert_eq!(terms.url.expose(), "https://messages.example/x?key=1");
    assert_eq!((terms.gather_ms, terms.per_day, &terms.retry_ms), (60_000, 2, &vec![60_000]));
    assert_eq!(terms.hours, Hours::parse("09:00-16:00").unwrap(), "those of the partner");
    assert!(settings.routes.contains_key("reminder:desk-a"));
    let bare = DESK.lines().take(12).filter(|line| !line.starts_with("hours")).collect::<Vec<_>>().join("\n");
    let terms = read(&bare).config.reminders["desk-a"].clone();
    assert_eq!((terms.gather_ms, terms.per_day, terms.retry_ms.len(), terms.keys.len()), (600_000, 6, 4, 1));
    assert_eq!(terms.hours, Hours::parse("08:30-17:30").unwrap(), "nobody is woken");
    let own = DESK.replace("gather_s = 60", "hours = \"daily 00:00-24:00\"");
    assert_eq!(read(&own).config.reminders["desk-a"].hours, Hours::ALWAYS);
    let plain = read(&DESK.replace("https://messages", "http://messages"));
    assert!(plain.warnings.iter().any(|warning| warning.key == "reminder.url"), "in clear is told");
}

#[test]
fn every_key_wrong_in_turn() {
    let cases = [
        ("url", "url = \"messages.example\"", "reminder.url"),
        ("url", "url = \"ftp://messages.example\"", "reminder.url"),
        ("url", "url = \"env:UNSET\"", "reminder.url"),
        ("link", "link = \"/console/partner\"", "reminder.link"),
        ("gather_s", "gather_s = 0", "reminder.gather_s"),
        ("gather_s", "hours = \"8-5\"", "reminder.hours"),
        ("per_day", "per_day = 49", "reminder.per_day"),
        ("retry", "retry = [\"soon\"]", "reminder.retry[0]"),
        ("keys", "keys = [\"derived:0\"]", "reminder.keys[0]"),
        ("networks", "networks = [\"0.0.0.0/0\"]", "reminder.networks[0]"),
        ("networks", "authorities = \"nowhere.pem\"", "reminder.authorities"),
        ("networks", "network = []", "reminder.network"),
    ];
    let text = DESK;
    for (begin, wrong, key) in cases {
        let folder = Folder::sound();
        let line = line_of(text, begin);
        let mut lines: Vec<&str> = text.lines().collect();
        lines[usize::try_from(line).unwrap() - 1] = wrong;
        folder.put("partners/desk-a.toml", &lines.join("\n"));
        assert_eq!(folder.faults(), [("partners/desk-a.toml".to_owned(), line, key.to_owned())], "{wrong}");
    }
    let folder = Folder::sound();
    let reminder = "[reminder]\nurl = \"https://messages.example/\"\nlink = \"https://gateway.example/\"\n";
    folder.put("partners/bank-x.toml", &format!("{PARTNER}{reminder}"));
    let line = line_of(&format!("{PARTNER}{reminder}"), "[reminder]");
    assert_eq!(folder.faults(), [("partners/bank-x.toml".to_owned(), line, "reminder".to_owned())]);
}
