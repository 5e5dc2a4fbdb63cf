//! The stand-in of a partner that its file describes: a script made of the same tables, read backwards.

use std::collections::BTreeMap;

use anyhow::Context as _;
use domain::ActKind;
use domain::socket::PartnerOptions;
use serde_json::{Map, Value, json};
use simulators::{Call, Script, ScriptedConfig};

struct Tables<'o>(&'o PartnerOptions);

impl<'o> Tables<'o> {
    fn text(&self, key: &str) -> Option<&'o str> {
        self.0.entries.get(key).map(|entry| entry.text.expose().as_str())
    }

    /// The entry of a kind, or that of `any`.
    fn of(&self, verb: &str, kind: ActKind, what: &str) -> Option<&'o str> {
        self.text(&format!("{verb}.{}.{what}", kind.word())).or_else(|| self.text(&format!("{verb}.any.{what}")))
    }

    fn under(&self, table: &str) -> impl Iterator<Item = (&'o str, &'o str)> + use<'o> {
        let from = format!("{table}.");
        let of = self.0;
        of.entries.iter().filter_map(move |(key, entry)| Some((key.strip_prefix(&from)?, entry.text.expose().as_str())))
    }

    /// Where a word of ours stands in an order of that kind.
    fn place(&self, kind: ActKind, word: &str) -> Option<&'o str> {
        let tables = [format!("send.{}.body", kind.word()), "send.any.body".to_owned()];
        let mut rows = tables.iter().flat_map(|table| self.under(table));
        rows.find(|(_, source)| source.split_whitespace().next() == Some(word)).map(|(place, _)| place)
    }

    /// Their word for one of ours.
    fn state(&self, table: &str, ours: &str) -> Option<&'o str> {
        self.under(table).find(|(theirs, word)| *word == ours && *theirs != "*").map(|(theirs, _)| theirs)
    }

    /// An answer of the form that a table describes.
    fn answer(&self, tables: &[&str], kind: ActKind, state: &str) -> Value {
        let mut places: BTreeMap<&str, &str> = BTreeMap::new();
        for table in tables {
            places.extend(self.under(table).filter(|(word, _)| !word.contains('.')));
        }
        let mut answer = json!({});
        for (word, spot) in places {
            let Some(place) = spot.split_whitespace().next().filter(|place| place.starts_with('/')) else { continue };
            let ordered = |word: &str| self.place(kind, word).map(|place| Value::String(format!("{{{place}}}")));
            let value = match word {
                "number" => Some(json!("{number}")),
                "state" => Some(json!(state)),
                "kind" => ordered("kind"),
                // What was ordered is held or paid in full, in the shape in which it was ordered.
                "limit" | "caught" if kind == ActKind::Freeze => ordered("amount"),
                "moved" if kind.moves_money() => ordered("amount"),
                "from" | "to" => ordered(word),
                _ => None,
            };
            if let Some(value) = value {
                put(&mut answer, place, value);
            }
        }
        if kind.is_question() {
            self.find_nothing(tables, &mut answer);
        }
        answer
    }

    /// Lists of what a question finds, each with nothing in it: one that is missing would say nothing.
    fn find_nothing(&self, tables: &[&str], answer: &mut Value) {
        let mut lists: BTreeMap<&str, &str> = BTreeMap::new();
        for table in tables {
            lists.extend(self.under(table).filter_map(|(key, spot)| Some((key.strip_suffix(".at")?, spot))));
        }
        let is_found =
            |name: &str| (name.starts_with("accounts") || name.starts_with("findings")) && !name.contains('.');
        for (_, spot) in lists.into_iter().filter(|(name, _)| is_found(name)) {
            let mut words = spot.split_whitespace();
            if let Some(place) = words.next().filter(|place| place.len() > 1 && place.starts_with('/')) {
                let is_one = words.next().is_some_and(|shape| shape.starts_with("one"));
                put(answer, place, if is_one { json!({}) } else { json!([]) });
            }
        }
    }
}

fn put(value: &mut Value, place: &str, leaf: Value) {
    let mut at = value;
    for step in place.split('/').skip(1) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Some(object) = at.as_object_mut() else { return };
        at = object.entry(step.replace("~1", "/").replace("~0", "~")).or_insert(Value::Null);
    }
    *at = leaf;
}

/// The script of a partner that does all that it is told, at once.
pub(super) fn script(options: &PartnerOptions, acts: &[ActKind]) -> anyhow::Result<Script> {
    let tables = Tables(options);
    let first = acts.first().copied().context("find what it takes: its file names no act")?;
    let number = tables.place(first, "number").context("find our number in its orders: it stands nowhere")?;
    let mut calls = Vec::new();
    for kind in acts {
        let path = tables.of("send", *kind, "path").unwrap_or_default();
        let done = tables.state("states", "done").unwrap_or("done");
        let says_receipt = tables.of("send", *kind, "says") == Some("receipt");
        let stands = tables.answer(&["answer", "asked"], *kind, done);
        let says = if says_receipt {
            tables.answer(&["receipt"], *kind, tables.state("receipt_states", "accepted").unwrap_or("accepted"))
        } else {
            tables.answer(&["answer"], *kind, done)
        };
        let coded = tables.place(*kind, "kind").and_then(|place| {
            let table = tables.under("send.any.body").chain(tables.under(&format!("send.{}.body", kind.word())));
            let source = table.into_iter().find(|(at, _)| *at == place)?.1;
            let codes = source.split_whitespace().nth(1);
            let word = codes.and_then(|codes| tables.text(&format!("codes.{codes}.{}", kind.word())));
            Some((place.to_owned(), word.unwrap_or(kind.word()).to_owned()))
        });
        let is_posted = tables.under("posted").next().is_some();
        calls.push(Call {
            word: kind.word().to_owned(),
            method: tables.of("send", *kind, "method").unwrap_or("POST").to_owned(),
            path: path.to_owned(),
            when: coded,
            says,
            stands: Some(stands),
            waits: None,
            posted: is_posted.then(|| tables.answer(&["answer", "posted"], *kind, done)),
            later: false,
        });
    }
    if let Some(path) = tables.of("ask", first, "path").filter(|path| path.contains("{number}")) {
        let method = tables.of("ask", first, "method").unwrap_or("GET").to_owned();
        calls.push(Call {
            word: "ask".to_owned(),
            method,
            path: path.to_owned(),
            when: None,
            says: Value::Null,
            stands: None,
            waits: None,
            posted: None,
            later: false,
        });
    }
    let state = |ours: &str| tables.state("states", ours).unwrap_or("*").to_owned();
    let post = match tables.text("posted.items") {
        Some(place) => {
            let mut post = json!({});
            put(&mut post, place, json!(["{result}"]));
            post
        }
        None => json!("{result}"),
    };
    Ok(Script {
        number: number.to_owned(),
        calls,
        unknown: tables.answer(&["answer", "asked"], ActKind::Query, &state("not_found")),
        conflict: tables.answer(&["answer"], ActKind::Query, "conflict"),
        post,
    })
}

/// The credential that the file shows.
pub(super) fn config(options: &PartnerOptions) -> ScriptedConfig {
    let tables = Tables(options);
    let token = tables.text("token").map(|token| match tables.text("token_header") {
        Some(header) => (header.to_ascii_lowercase(), token.to_owned()),
        None => ("authorization".to_owned(), format!("Bearer {token}")),
    });
    let header = tables.text("hmac_header").unwrap_or("x-signature").to_ascii_lowercase();
    // It reads hexadecimal signatures only; another form is taken unread.
    let is_read = tables.text("hmac_form").unwrap_or("hex") == "hex";
    let hmac = tables.text("hmac_key").filter(|_| is_read).map(|key| (key.to_owned(), header));
    let covers_all = tables.text("hmac_over") == Some("request");
    let hmac_time_header = covers_all.then(|| tables.text("time_header").unwrap_or("x-none").to_owned());
    ScriptedConfig { token, hmac, hmac_time_header, ..ScriptedConfig::default() }
}
