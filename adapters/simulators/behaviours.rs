//! Behaviours of partners by name: what a knob or a door must be set to so that a simulator shows them (`config/simulators/behaviours.toml`).

use serde::{Deserialize, Serialize};

use crate::SimulatorError;
use crate::front::Door;
use crate::knobs::Knob;

/// Behaviours in one table; a larger one is not the one that was meant.
const BEHAVIOURS_MAX: usize = 256;

/// One behaviour. Each entry of a list shows it by itself; an empty list = this kind of partner cannot show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// Its name, stable.
    pub name: String,
    /// What the gateway meets.
    pub means: String,
    /// Before any partner that is called.
    #[serde(default)]
    pub doors: Vec<Door>,
    /// At the called bank.
    #[serde(default)]
    pub http: Vec<Knob>,
    /// At the hub that pulls.
    #[serde(default)]
    pub hub: Vec<Knob>,
    /// At a partner of the open task form.
    #[serde(default)]
    pub open: Vec<Knob>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    behaviour: Vec<Behaviour>,
}

/// Reads the table.
///
/// # Errors
/// [`SimulatorError::Behaviours`] when it is no such table, with the line.
pub fn read_behaviours(text: &str) -> Result<Vec<Behaviour>, SimulatorError> {
    let told = |message: String| SimulatorError::Behaviours { message };
    let table: Table = toml::from_str(text).map_err(|error| told(error.to_string()))?;
    if table.behaviour.len() > BEHAVIOURS_MAX {
        return Err(told(format!("more than {BEHAVIOURS_MAX} behaviours")));
    }
    Ok(table.behaviour)
}
