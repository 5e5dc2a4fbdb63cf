//! The report: figures with their units and bars, as a table for people and as JSON for programs.

use serde::Serialize;

use super::machine::Machine;

/// Which side of the bar is good.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// The figure must reach it.
    AtLeast(f64),
    /// The figure must not pass it.
    AtMost(f64),
}

/// One figure.
#[derive(Serialize)]
pub struct Figure {
    /// What.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bar: Option<Bar>,
    /// Whether it is; true without a bar.
    pub met: bool,
}

/// Everything measured.
#[derive(Serialize)]
pub struct Report {
    /// On what.
    pub machine: Machine,
    /// Load of the machine at the end.
    pub load_after: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Report {
    /// Nothing yet.
    pub fn new(machine: Machine) -> Self {
        Self { machine, load_after: String::new(), figures: Vec::new() }
    }

    /// Adds a figure.
    pub fn add(&mut self, name: &'static str, value: f64, unit: &'static str) {
        self.figures.push(Figure { name, value, unit, bar: None, met: true });
    }

    /// Adds a figure with its bar.
    pub fn hold(&mut self, name: &'static str, value: f64, unit: &'static str, bar: Bar) {
        let met = match bar {
            Bar::AtLeast(least) => value >= least,
            Bar::AtMost(most) => value <= most,
        };
        self.figures.push(Figure { name, value, unit, bar: Some(bar), met });
    }

    /// Is every bar met?
    pub fn is_met(&self) -> bool {
        self.figures.iter().all(|figure| figure.met)
    }

    /// For people.
    pub fn table(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "machine    {} cores, {}\nload       {} before, {} after\ndisk       {}, fdatasync p50 {} us\n\n",
            machine.cores, machine.processor, machine.load, self.load_after, machine.disk, machine.fdatasync_p50_us
        );
        for figure in &self.figures {
            let bar = match figure.bar {
                None => String::new(),
                Some(Bar::AtLeast(least)) => format!("  >= {least}"),
                Some(Bar::AtMost(most)) => format!("  <= {most}"),
            };
            let missed = if figure.met { "" } else { "  MISSED" };
            let value = shown(figure.value);
            text.push_str(&format!("{:<52} {value:>12} {:<16}{bar}{missed}\n", figure.name, figure.unit));
        }
        text
    }
}

fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// The value that `percent` of all values do not pass; 0 for none. Sorts.
pub fn share_of(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    let place = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(place).copied().unwrap_or(0)
}

/// The middle of some figures; 0 for none.
pub fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or(0.0);
    if sorted.len() % 2 == 1 { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_middles_of_few_values() {
        assert_eq!(share_of(&mut [], 99), 0);
        assert_eq!(share_of(&mut [7], 50), 7);
        let mut hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!((share_of(&mut hundred, 50), share_of(&mut hundred, 99)), (50, 99));
        assert!(middle(&[]) == 0.0 && middle(&[3.0, 1.0, 2.0]) == 2.0 && middle(&[1.0, 2.0]) == 1.5);
    }
}
