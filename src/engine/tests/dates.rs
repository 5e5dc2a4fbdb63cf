//! Days as they pass over measures: notices at 30, 15 and 7, the end of the last day in Shanghai, over years, leap days and holidays.

use domain::calendar::DayKind;
use domain::day::parse_instant;
use domain::measure::{EXPIRY_NOTICE_DAYS, MeasureState, end_of};
use domain::task::TaskKind;
use domain::{Day, Millis};
use proptest::prelude::*;

use super::*;

const DAY_MS: Millis = 86_400_000;

fn at(text: &str) -> Millis {
    parse_instant(text).unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// A freeze at an instant, until `to` or for as long as the law allows; with the table at that instant.
fn frozen_at(now: Millis, to: Option<Day>) -> (Table, crate::state::Measure) {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.now = now;
    table.tell(Command::Tick).unwrap();
    let measure = table.frozen(1, "62", 50_000, to);
    (table, measure)
}

#[test]
fn a_year_from_any_instant_of_a_day_in_shanghai_ends_with_the_day_before() {
    for (now, last) in [
        ("2026-12-31T23:59:59.999+08:00", "2027-12-30"),
        ("2027-01-01T00:00:00.000+08:00", "2027-12-31"),
        ("2027-12-31T16:00:00.000Z", "2028-12-31"),
        ("2028-02-28T12:00:00+08:00", "2029-02-27"),
        ("2028-02-29T00:00:00+08:00", "2029-02-28"),
        ("2028-02-29T23:59:59.999+08:00", "2029-02-28"),
        ("2028-03-01T00:00:00+08:00", "2029-02-28"),
        ("2027-02-28T12:00:00+08:00", "2028-02-27"),
        ("2027-03-01T12:00:00+08:00", "2028-02-29"),
    ] {
        let (mut table, measure) = frozen_at(at(now), None);
        assert_eq!(measure.last_day(), Some(day(last)), "{now}");
        table.now = end_of(day(last));
        table.pass(0);
        assert_eq!(table.stands(&measure), Some(MeasureState::InForce), "{now}: the last millisecond is inside");
        table.pass(1);
        assert_eq!(table.stands(&measure), Some(MeasureState::Lapsed), "{now}");
    }
}

#[test]
fn a_renewal_of_the_last_second_is_one_and_that_of_the_next_day_is_refused() {
    let last = day("2027-12-31");
    let (mut table, measure) = frozen_at(at("2027-12-01T10:00:00+08:00"), Some(last));
    table.now = end_of(last);
    table.ask_for(2, super::measures::on(ActKind::Renew, &measure)).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    assert_eq!(table.see(&measure).unwrap().last_day(), Some(day("2028-12-30")));
    let (mut table, measure) = frozen_at(at("2027-12-01T10:00:00+08:00"), Some(last));
    table.now = last.end();
    assert_eq!(table.breaks(2, super::measures::on(ActKind::Renew, &measure)), Some("D10"));
}

#[test]
fn the_task_is_due_on_a_working_day_before_holidays_and_on_one_that_was_made_up() {
    let config = |table: &mut Table, days: &[(&str, DayKind)]| {
        let mut changed = Config::clone(table.decider.config());
        changed.calendar.days = days.iter().map(|(text, kind)| (day(text), *kind)).collect();
        changed.digest.push('h');
        table.tell(Command::Configure(Arc::new(changed))).unwrap();
    };
    let due = |table: &Table| {
        let task = table.decider.state.tasks.values().find(|task| task.kind() == TaskKind::Expiring);
        task.map(|task| domain::day::show_instant(task.due))
    };
    // Seven days before 2028-02-07 is 31 January, a Monday in a week of holidays whose Sunday was made a working day.
    for (days, wanted) in [
        (vec![], "2028-01-31T23:59:59.999+08:00"),
        (vec![("2028-01-31", DayKind::Holiday)], "2028-01-28T23:59:59.999+08:00"),
        (vec![("2028-01-31", DayKind::Holiday), ("2028-01-30", DayKind::Workday)], "2028-01-30T23:59:59.999+08:00"),
    ] {
        let (mut table, _) = frozen_at(at("2028-01-01T09:00:00+08:00"), Some(day("2028-02-07")));
        config(&mut table, &days);
        table.now = day("2028-01-08").start();
        table.pass(0);
        assert_eq!(due(&table).as_deref(), Some(wanted));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever day of six years it ends on and whatever time of day the ticks come: told thrice, on the days of the rule, in force to the
    /// last millisecond of its last day, lapsed with the next.
    #[test]
    fn each_notice_comes_on_its_day_and_the_lapse_after_the_last(
        from in 0..2_200_i32,
        lasts in 0..364_i32,
        hour_ms in 0..DAY_MS,
    ) {
        let begins = Day::of(START).plus_days(1 + from);
        let to = begins.plus_days(lasts);
        let (mut table, measure) = frozen_at(begins.start() + hour_ms, Some(to));
        let mut told = Vec::new();
        let mut seen = 0;
        let mut today = begins.count().max(to.count() - 40);
        while today <= to.count() {
            table.now = table.now.max(Day::from_count(today).start() + hour_ms);
            table.pass(0);
            let open = table.decider.state.tasks.values().find(|task| task.kind() == TaskKind::Expiring);
            if let Some(task) = open.filter(|task| task.sequence > seen) {
                seen = task.sequence;
                told.push(to.count() - today);
                prop_assert!(task.due <= end_of(to), "asked for while it stands");
            }
            prop_assert_eq!(table.stands(&measure), Some(MeasureState::InForce));
            today += 1;
        }
        // What is ordered for less than a notice's days is told of at once, and of each later notice on its day.
        let first = EXPIRY_NOTICE_DAYS.iter().copied().filter(|notice| *notice < lasts);
        let mut wanted: Vec<i32> = if lasts <= 30 { vec![lasts] } else { Vec::new() };
        wanted.extend(first);
        prop_assert_eq!(told, wanted);
        table.now = end_of(to);
        table.pass(0);
        prop_assert_eq!(table.stands(&measure), Some(MeasureState::InForce));
        table.pass(1);
        prop_assert_eq!(table.stands(&measure), Some(MeasureState::Lapsed));
        prop_assert_eq!(table.open_tasks(), vec![TaskKind::Lapsed]);
    }

    /// Whatever instant it is asked for, a renewal for as long as the law allows ends on the day before the same date.
    #[test]
    fn a_renewal_runs_from_the_day_it_is_asked_for(from in 0..2_200_i32, ahead in 0..360_i32, ms in 0..DAY_MS) {
        let begins = Day::of(START).plus_days(1 + from);
        let (mut table, measure) = frozen_at(begins.start(), None);
        let asked = begins.plus_days(ahead);
        table.now = asked.start() + ms;
        table.ask_for(2, super::measures::on(ActKind::Renew, &measure)).unwrap();
        table.answer(Outcome::of(Verdict::Done));
        let to = table.see(&measure).unwrap().last_day().unwrap();
        let ((year, month, date), (next_year, next_month, next_date)) = (asked.ymd(), to.plus_days(1).ymd());
        let leap = (month, date) == (2, 29);
        let same = if leap { (3, 1) } else { (month, date) };
        prop_assert_eq!((next_year, (next_month, next_date)), (year + 1, same));
    }
}

/// A day, walked to one by one from 2026-01-01, a Thursday: nothing here knows how the product counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Walked {
    date: (i32, u32, u32),
    /// Monday is 0.
    weekday: u8,
}

impl Walked {
    const FIRST: Self = Self { date: (2026, 1, 1), weekday: 3 };

    fn next(self) -> Self {
        let (year, month, day) = self.date;
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let long = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let date = match (day < long, month < 12) {
            (true, _) => (year, month, day + 1),
            (false, true) => (year, month + 1, 1),
            (false, false) => (year + 1, 1, 1),
        };
        Self { date, weekday: if self.weekday == 6 { 0 } else { self.weekday + 1 } }
    }

    fn after(self, days: u32) -> Self {
        (0..days).fold(self, |day, _| day.next())
    }

    fn of(day: Day) -> Self {
        let mut walked = Self::FIRST;
        while walked.date != day.ymd() {
            walked = walked.next();
        }
        walked
    }

    /// The last day of a period of years from this one, walked until the day before the same date; 1 March where there is none.
    fn last_of(self, years: i32) -> Self {
        let (year, month, day) = self.date;
        let same = |date| date == (year + years, month, day);
        let mut last = self;
        loop {
            let next = last.next();
            if same(next.date) || ((month, day) == (2, 29) && next.date == (year + years, 3, 1)) {
                return last;
            }
            last = next;
        }
    }

    fn day(self) -> Day {
        Day::from_ymd(self.date.0, self.date.1, self.date.2).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Around the last lawful day of a freeze (rule D9), whatever day it begins on: that day is taken, the next is refused.
    #[test]
    fn a_freeze_is_taken_up_to_its_last_lawful_day_and_not_a_day_longer(
        from in 0..1_600_u32,
        ahead in 0..=30_u32,
        around in -3..=3_i32,
        ms in 0..DAY_MS,
    ) {
        let today = Walked::of(Day::of(START)).after(1 + from);
        let begins = today.after(ahead);
        let last = begins.last_of(1).day();
        let mut table = Table::with(vec![partner("bank-a")]);
        table.now = today.day().start() + ms;
        table.tell(Command::Tick).unwrap();
        table.bring_papers();
        let order = |to: Day| domain::act::ActOrder {
            account: Some(Personal::new("62".to_owned())),
            amount: Some(Money::from_fen(100)),
            from: Some(begins.day()),
            to: Some(to),
            ..said::bare(ActKind::Freeze, "bank-a")
        };
        let asked = table.submit(1, Asked::Acts(vec![order(last.plus_days(around))]));
        match asked {
            Ok(_) => prop_assert!(around <= 0),
            Err(Refusal::Rules(broken)) => prop_assert!(around > 0 && broken[0].rule.id == "D9", "{around}"),
            Err(_) => prop_assert!(false, "another refusal"),
        }
        prop_assert!(around > 0 || table.decider.state.measures.iter().all(|(_, it)| it.last_day() == Some(last.plus_days(around))));
        let early = table.submit(2, Asked::Acts(vec![order(begins.day().plus_days(-1))]));
        prop_assert!(matches!(early, Err(Refusal::Rules(broken)) if broken[0].rule.id == "D9"), "over before it began");
    }

    /// The court's answer to an objection (rule D18) and the debtor's notice (rule D20), counted by walking: fifteen days, and so many
    /// working days.
    #[test]
    fn an_answer_and_a_notice_are_due_on_the_day_that_a_walk_comes_to(
        from in 0..1_600_u32,
        words in prop::collection::vec(0..9_u8, 40),
        ms in 0..DAY_MS,
    ) {
        let today = Walked::of(Day::of(START)).after(1 + from);
        let mut table = Table::with(vec![partner("bank-a")]);
        let mut config = Config::clone(table.decider.config());
        let (mut off, mut walked, mut worked) = (0, today, Vec::new());
        for word in words {
            walked = walked.next();
            let kind = match word {
                0 | 1 if off < 9 => Some(DayKind::Holiday),
                2 => Some(DayKind::Workday),
                _ => None,
            };
            let works = kind.map_or(walked.weekday < 5, |kind| kind == DayKind::Workday);
            off = if works { 0 } else { off + 1 };
            worked.extend(works.then_some(walked));
            config.calendar.days.extend(kind.map(|kind| (walked.day(), kind)));
        }
        config.digest.push('w');
        table.now = today.day().start() + ms;
        table.tell(Command::Configure(Arc::new(config))).unwrap();
        let frozen = table.frozen(1, "62", 50_000, None);
        let days = usize::from(table.decider.config().partners["bank-a"].law.debtor_notice_days);
        let due = |table: &Table, kind: TaskKind| {
            let task = table.decider.state.tasks.values().find(|task| task.kind() == kind);
            task.map(|task| task.due)
        };
        let last = |walked: &Walked| walked.next().day().start() - 1;
        let notice = if days == 0 { Some(&today) } else { worked.get(days - 1) };
        prop_assert_eq!(due(&table, TaskKind::NotifyDebtor), notice.map(last));
        let objection = crate::command::Objection {
            act: domain::ActId { sequence: frozen.sequence, line: frozen.place },
            partner: "bank-a".to_owned(),
            court: "330225".to_owned(),
            case: table.decider.state.cases.iter().next().unwrap().1.sequence,
            text: Personal::new("专户".to_owned()),
        };
        table.tell(Command::Object(Box::new(objection))).unwrap();
        prop_assert_eq!(due(&table, TaskKind::AnswerObjection), Some(last(&today.after(15))));
    }
}
