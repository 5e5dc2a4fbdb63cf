//! The regulator's packets (WIRE.md g.3), by which banks and police are reached alike: a sealed request, its reception at once, its
//! answer later, counted before any of it is believed.
//!
//! An industry says what is its own in a [`Said`]: the message of an order, the classes of its answers and how they are read. Names,
//! seals, papers, receptions, counts and what is set aside are read and written here, once.

pub(crate) mod answering;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod request;
#[cfg(test)]
pub(crate) mod specimen;

use domain::slip::{Line, Slip};

use crate::markup::Element;
use answering::Told;
use message::Message;
use names::{BackName, Ends};

/// What an industry adds to the form.
pub(crate) struct Said {
    /// Writes the message of one line under that number; `None` when the form cannot say it.
    pub(crate) write: fn(&Ends, &Slip, &Line, &str) -> Option<Message>,
    /// The classes of its answers.
    pub(crate) answers: &'static [&'static str],
    /// Reads an answer, which is known to be of one of the classes and about the request of its name.
    ///
    /// # Errors
    /// A word of [`crate::transport::drop::sweeper::REASONS`]; the packet is set aside.
    pub(crate) read: fn(&BackName<'_>, &Element) -> Result<Told, &'static str>,
}
