//! Specimens of reminders, which are the last events of the list.

use crate::record::*;

pub(super) fn of_reminders() -> Vec<(Fact, Option<Body>)> {
    let partner = || "desk-a".to_owned();
    let began = ReminderBegan {
        acts: vec![ActRef(6, 1), ActRef(9, 0)],
        cause: "overdue".to_owned(),
        open: 2,
        overdue: 1,
        partner: partner(),
        repeats: Some(41),
        tries: 2,
    };
    let ended = ReminderEnded {
        cause: "status_503".to_owned(),
        due: Some(1_795_316_400_000),
        judged: "not_acknowledged".to_owned(),
        partner: partner(),
        reminder: 43,
        tries: 2,
    };
    vec![(began.into(), None), (ended.into(), None)]
}
