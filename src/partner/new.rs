//! `xiezhi partner new`: a partner's file with everything that it may say, to be filled in.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use adapters::ADAPTERS;
use adapters::inbox::INBOX;
use anyhow::{Context as _, bail};
use clap::Args;
use domain::form::PartRelease;
use domain::partner::Travel;
use domain::request::PartnerKind;
use domain::socket::{Adapter, PartnerOptions};

/// Parameters of `partner new`.
#[derive(Args)]
pub(super) struct NewArguments {
    /// Its id: lower-case letters, digits, dashes; it stands in the trail and is never given to another.
    id: String,
    /// How it is spoken to, one of the adapters.
    #[arg(long)]
    adapter: String,
    /// Industry; where the adapter is of one industry it need not be said.
    #[arg(long)]
    kind: Option<String>,
    /// Its name for people.
    #[arg(long)]
    name: Option<String>,
    /// Directory with gateway.toml, partners/, courts/, calendar/.
    #[arg(long, default_value = "config", env = "XIEZHI_CONFIG")]
    config: PathBuf,
}

/// Writes the file; one that is there is never overwritten.
pub(super) fn run(arguments: &NewArguments) -> anyhow::Result<ExitCode> {
    let id = &arguments.id;
    let is_id =
        (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_id {
        bail!("name the partner: an id has 1 to 32 lower-case letters, digits and dashes, such as bank-c");
    }
    let Some(adapter) = ADAPTERS.iter().find(|adapter| adapter.name == arguments.adapter) else {
        let names = ADAPTERS.iter().map(|adapter| adapter.name).collect::<Vec<_>>().join(", ");
        bail!("find the adapter `{}`: there is none of this name; write one of {names}", arguments.adapter);
    };
    let kind = kind(adapter, arguments.kind.as_deref())?;
    let folder = arguments.config.join("partners");
    let path = folder.join(format!("{id}.toml"));
    std::fs::create_dir_all(&folder).with_context(|| format!("make the folder {}", folder.display()))?;
    let opened = OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = opened.with_context(|| {
        format!("write {}: it may be there already, and is not overwritten; choose another id", path.display())
    })?;
    let name = arguments.name.as_deref().unwrap_or(id);
    file.write_all(page(id, name, kind, adapter).as_bytes()).with_context(|| format!("write {}", path.display()))?;
    println!("{}: written; fill it in, then: xiezhi partner check {id}", path.display());
    Ok(ExitCode::SUCCESS)
}

/// The industry said, or that of the adapter's name.
fn kind(adapter: &Adapter, said: Option<&str>) -> anyhow::Result<PartnerKind> {
    let own = || PartnerKind::ALL.iter().copied().find(|kind| adapter.name.starts_with(kind.word()));
    let kind = match said {
        Some(word) => PartnerKind::from_word(word),
        None => own(),
    };
    kind.with_context(|| {
        let words = PartnerKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
        format!("find the industry: give --kind with one of {words}")
    })
}

fn page(id: &str, name: &str, kind: PartnerKind, adapter: &Adapter) -> String {
    let name = toml_text(name);
    let acts = adapter.acts.iter().map(|act| format!("\"{}\"", act.word())).collect::<Vec<_>>().join(", ");
    let mut page = format!(
        "# {name}, spoken to by `{}`. What stands behind # is not in force.\n\nid = \"{id}\"\nname = {name}\nkind = \"{}\"\nadapter = \"{}\"\n",
        adapter.name,
        kind.word(),
        adapter.name
    );
    let by_hand = adapter.name == INBOX.name;
    page.push_str(&format!(
        "# Region codes that it serves; empty = everywhere.\nregions = []\n# All that this adapter can say; keep what the partner takes.\nacts = [{acts}]\n"
    ));
    page.push_str(&part_release(adapter));
    page.push_str(&parts_quiet(adapter));
    page.push_str(MANNERS);
    page.push_str(match adapter.travel {
        // Its clerks see all that waits, a page at a time.
        Travel::Pull if by_hand => "",
        Travel::Pull => PLACES_FETCHING,
        Travel::CallOut => PLACES_CALLED,
    });
    if by_hand {
        let _infallible = writeln!(page, "{CLERKS}name = \"{id}-clerk-1\"\nsha256 = \"…\"{REMINDED}");
    } else if adapter.travel == Travel::Pull {
        page.push_str("\n# How it is known when it calls us: \"file:PATH\" or \"env:NAME\", never the password itself.\n[credential]\nusername = \"YH-…\"\n");
        let _infallible = writeln!(page, "password = \"file:secrets/{id}.password\"");
    } else {
        page.push_str(CALLED);
    }
    page.push_str("\n[options]\n");
    let mut plain = adapter.options.iter().filter(|(key, _)| !key.contains('.')).peekable();
    while let Some((key, told)) = plain.next() {
        let value = value_of(key, told, id);
        let lead = if told.contains("(required)") { "" } else { "# " };
        page.push_str(&format!("# {told}\n{lead}{key} = {value}\n"));
        if plain.peek().is_some() {
            page.push('\n');
        }
    }
    page.push_str(&tables(adapter));
    page
}

/// The tables of its options, each once with all its keys beneath, nothing in force. A `*` in their names is `any`, a key that the reader
/// names is `…`: with the sign before them taken away the lines are TOML.
fn tables(adapter: &Adapter) -> String {
    let mut tables: Vec<(String, Vec<(&str, &str)>)> = Vec::new();
    for (key, told) in adapter.options {
        let Some((table, key)) = key.rsplit_once('.') else { continue };
        let table = table.replace('*', "any");
        match tables.iter_mut().find(|(known, _)| *known == table) {
            Some((_, keys)) => keys.push((key, told)),
            None => tables.push((table, vec![(key, told)])),
        }
    }
    let mut page = String::new();
    for (table, keys) in tables {
        let _infallible = writeln!(page, "\n# [options.{table}]");
        for (key, told) in keys {
            let key = if key == "*" { "\"…\"" } else { key };
            let _infallible = writeln!(page, "# # {told}\n# {key} = \"…\"");
        }
    }
    page
}

/// What it makes of a release that names a sum; nothing where its form has no place for one.
fn part_release(adapter: &Adapter) -> String {
    let read = match (adapter.form)(&PartnerOptions::default()).part_release {
        PartRelease::NoPlace => return String::new(),
        read => read.is_read(),
    };
    format!(
        "# true = it lets go of a part of a freeze when the release names a sum; false = it would let go of all of it, so no part is ever sent.\n# part_release = {read}\n"
    )
}

/// How long its answer is heard out; nothing where it is one message.
fn parts_quiet(adapter: &Adapter) -> String {
    match (adapter.form)(&PartnerOptions::default()).parts_quiet_ms / 1_000 {
        0 => String::new(),
        seconds => format!(
            "# So many seconds after a part of an answer a further one may follow, and a goal that is short waits for it; 0 = it answers a\n# question in one message.\n# parts_quiet_s = {seconds}\n"
        ),
    }
}

const MANNERS: &str = "\
# How far it has come: \"test\" (nothing is sent), \"query\" (questions), \"freeze\" (moves no money), \"deduct\" (everything).
stage = \"test\"
# When it takes orders: \"08:30-17:00\" on working days, \"daily 00:00-24:00\" on all.
hours = \"08:30-17:00\"
# An answer is overdue after so many seconds.
answer_due_s = 86400
";

const PLACES_CALLED: &str = "\
# Exchanges on a calendar day, and under way at once.
# per_day = 20000
in_flight_max = 4
";

const PLACES_FETCHING: &str = "\
# Acts handed over in lists and not yet answered, at most; a tenth is kept for releases.
in_flight_max = 200
";

const CLERKS: &str = "
# The people who read and answer in a browser, one of these for each: their names stand in the trail with all that they read, take and
# answer. `xiezhi token` makes a token and its hash.
[[clerks]]
";

const REMINDED: &str = "

# Where the clerks are reminded of what waits: a gateway for messages to phones, or a robot of their chat. It gets numbers and ages,
# nothing personal; schemas/partners/inbox.md has the message, the sample registry-b.toml every key.
# [reminder]
# url = \"https://messages.example/xiezhi\"
# link = \"https://gateway.example/console/partner\"";

const CALLED: &str = "
# Agreed with the partner: never more than max exchanges in any window, of which burst may go at once.
[rate]
max = 1
window_ms = 1000
burst = 1

[retry]
first_ms = 1000
max_ms = 300000

[breaker]
failures = 5
open_ms = 60000

# When it is unknown whether an act happened; see the sample bank-b.toml.
[doubt]
deduplicates = false
can_be_asked = true
ask_after_ms = 60000
# not_found_final_after_ms = 600000

[timeouts]
connect_ms = 3000
total_ms = 30000

# The hash of the token under which it posts results by itself; `xiezhi token` makes both.
# [callback]
# sha256 = \"…\"

# A subject agreed with the partner for trying the connection: `xiezhi partner check` asks about it and nobody else.
# [check]
# name = \"…\"
# id_type = \"01\"
# id_number = \"file:secrets/….id\"
# case_number = \"…\"
# officer = \"…\"
# work_id = \"…\"
# duty_id = \"…\"
";

/// A value to begin with: an address of this machine, a secret by its file.
fn value_of(key: &str, told: &str, id: &str) -> String {
    match key {
        "url" => "\"http://127.0.0.1:9300/\"".to_owned(),
        _ if told.contains("secret") => format!("\"file:secrets/{id}.{key}\""),
        _ => {
            let default = told.rsplit_once("(default ").map(|(_, rest)| rest.trim_end_matches(')').trim());
            toml_text(default.filter(|word| !word.contains([' ', ':'])).unwrap_or("…"))
        }
    }
}

/// A text as TOML writes it.
fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
