//! What a reminder says: how much waits in an inbox, under which numbers and since when; nothing that tells who or how much.

use domain::Millis;
use serde::Serialize;

use crate::gate::{RemindedAct, Reminding};
use crate::intake::show::{Instant, json};

#[derive(Serialize)]
struct Reminder<'a> {
    r#type: &'static str,
    timestamp: Instant,
    data: Reminded<'a>,
}

#[derive(Serialize)]
struct Reminded<'a> {
    partner: &'a str,
    cause: &'static str,
    open: u32,
    overdue: u32,
    oldest_since: Instant,
    link: &'a str,
    text: String,
    tasks: Vec<RemindedTask>,
}

#[derive(Serialize)]
struct RemindedTask {
    id: String,
    slip: String,
    line: u16,
    since: Instant,
    due: Instant,
    overdue: bool,
}

/// The body of a reminder (`schemas/partners/inbox.md`). `text` is a whole message for people, ready to be sent on as it is.
#[must_use]
pub fn remind(reminding: &Reminding, link: &str) -> Vec<u8> {
    let Reminding { partner, cause, open, overdue, oldest, at, acts, .. } = reminding;
    let task = |act: &RemindedAct| RemindedTask {
        id: act.act.to_string(),
        slip: act.key.slip.to_string(),
        line: act.key.line,
        since: Instant(act.ready_at),
        due: Instant(act.due),
        overdue: act.due < *at,
    };
    let data = Reminded {
        partner,
        cause,
        open: *open,
        overdue: *overdue,
        oldest_since: Instant(*oldest),
        link,
        text: text(reminding, link),
        tasks: acts.iter().map(task).collect(),
    };
    json(&Reminder { r#type: "inbox.reminder", timestamp: Instant(*at), data })
}

fn text(reminding: &Reminding, link: &str) -> String {
    let Reminding { open, overdue, oldest, at, .. } = reminding;
    let late = if *overdue > 0 { format!("，其中{overdue}件已逾期") } else { String::new() };
    format!("【协助执行】待办{open}件{late}，最早一件已等待{}。请登录办理：{link}", waited(at.saturating_sub(*oldest)))
}

/// In the largest unit that fits: a message is read in passing.
fn waited(ms: Millis) -> String {
    let minutes = ms.max(0) / 60_000;
    match (minutes / 1_440, minutes / 60) {
        (0, 0) => format!("{minutes}分钟"),
        (0, hours) => format!("{hours}小时"),
        (days, _) => format!("{days}天"),
    }
}

#[cfg(test)]
mod tests {
    use domain::{ActId, SlipLine, SlipNumber};

    use super::*;

    #[test]
    fn a_reminder_says_how_much_waits_and_under_which_numbers() {
        let at = 1_795_305_600_000;
        let act = |line, due| RemindedAct {
            act: ActId { sequence: 7, line },
            key: SlipLine { slip: SlipNumber::from_bits(3), line: 1 },
            ready_at: at - 26 * 3_600_000,
            due,
        };
        let acts = vec![act(0, at - 1), act(1, at)];
        let (partner, cause, oldest) = ("desk-a".to_owned(), "overdue", at - 26 * 3_600_000);
        let reminding = Reminding { reminder: 9, first: 9, partner, cause, open: 2, overdue: 1, oldest, at, acts };
        let said: serde_json::Value = serde_json::from_slice(&remind(&reminding, "https://desk.example/")).unwrap();
        assert_eq!(said["type"], "inbox.reminder");
        let data = &said["data"];
        let text = "【协助执行】待办2件，其中1件已逾期，最早一件已等待1天。请登录办理：https://desk.example/";
        assert_eq!((data["text"].as_str(), &data["partner"]), (Some(text), &"desk-a".into()));
        assert_eq!((&data["tasks"][0]["overdue"], &data["tasks"][1]["overdue"]), (&true.into(), &false.into()));
        assert_eq!(data["tasks"][1]["id"], ActId { sequence: 7, line: 1 }.to_string());
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&data["tasks"][0]), ["due", "id", "line", "overdue", "since", "slip"], "and nothing else");
        assert_eq!(keys(data), ["cause", "link", "oldest_since", "open", "overdue", "partner", "tasks", "text"]);
    }
}
