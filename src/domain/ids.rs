//! Identities: `req_`, `act_`, `cas_`, `stp_`, `doc_`, `exc_`, `mea_`, `tsk_` and base32 of (sequence, line); sortable, no personal data.

use std::fmt;

/// The place of an event in the journal, and of its leaf in the trail; starts at 0.
pub type Sequence = u64;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Twelve digits hold 60 bits of sequence; four more hold 20 bits of line.
const SEQUENCE_DIGITS: u32 = 12;
const LINE_DIGITS: u32 = 4;

fn push_base32(out: &mut String, value: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = usize::try_from((value >> (5 * place)) & 31).unwrap_or(0);
        out.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')));
    }
}

fn read_base32(text: &str) -> Option<u64> {
    text.bytes().try_fold(0_u64, |value, byte| {
        let digit = ALPHABET.iter().position(|b| *b == byte)?;
        Some((value << 5) | u64::try_from(digit).ok()?)
    })
}

macro_rules! sequence_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub Sequence);

        impl $name {
            /// Reads the text form; `None` when it is not one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($prefix)?;
                (digits.len() == SEQUENCE_DIGITS as usize).then(|| read_base32(digits))?.map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = String::with_capacity(16);
                text.push_str($prefix);
                push_base32(&mut text, self.0, SEQUENCE_DIGITS);
                f.write_str(&text)
            }
        }
    };
}

sequence_id!(
    /// A request: the sequence of its `request.accepted`.
    RequestId, "req_"
);
sequence_id!(
    /// An emergency stop: the sequence of its `stop.ordered`.
    StopId, "stp_"
);
sequence_id!(
    /// A case: the sequence of the first request accepted for it.
    CaseId, "cas_"
);
sequence_id!(
    /// A task: the sequence of its `task.raised`.
    TaskId, "tsk_"
);
sequence_id!(
    /// A stored document: the sequence of its `document.stored`.
    DocumentId, "doc_"
);
sequence_id!(
    /// An exchange: the sequence of its `exchange.began`.
    ExchangeId, "exc_"
);

macro_rules! line_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name {
            /// Sequence of the event that planned or imported it.
            pub sequence: Sequence,
            /// Place in that event's list, from 0; below 2^20 by the limit on acts of a request.
            pub line: u32,
        }

        impl $name {
            /// Reads the text form; `None` when it is not one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($prefix)?;
                if digits.len() != (SEQUENCE_DIGITS + LINE_DIGITS) as usize || !digits.is_ascii() {
                    return None;
                }
                let (sequence, line) = digits.split_at(SEQUENCE_DIGITS as usize);
                Some(Self { sequence: read_base32(sequence)?, line: u32::try_from(read_base32(line)?).ok()? })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = String::with_capacity(20);
                text.push_str($prefix);
                push_base32(&mut text, self.sequence, SEQUENCE_DIGITS);
                push_base32(&mut text, u64::from(self.line), LINE_DIGITS);
                f.write_str(&text)
            }
        }
    };
}

line_id!(
    /// An act: the event that planned it, and its line in that plan.
    ActId, "act_"
);
line_id!(
    /// A measure: the numbers of the act that made it, or the event that imported it and its line there.
    MeasureId, "mea_"
);

impl From<ActId> for MeasureId {
    fn from(act: ActId) -> Self {
        Self { sequence: act.sequence, line: act.line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_like_their_numbers_and_read_back() {
        let mut last = String::new();
        for sequence in [0, 1, 31, 32, 1_000_000, (1 << 60) - 1] {
            let id = RequestId(sequence);
            assert_eq!(RequestId::parse(&id.to_string()), Some(id));
            assert!(id.to_string() > last);
            last = id.to_string();
            for line in [0, 1, 999, (1 << 20) - 1] {
                let act = ActId { sequence, line };
                assert_eq!(ActId::parse(&act.to_string()), Some(act));
            }
        }
        for bad in ["", "req_", "req_00000000000l", "act_000000000000", "cas_000000000000", "req_00000000000é"] {
            assert_eq!(RequestId::parse(bad), None);
            assert_eq!(ActId::parse(bad), None);
        }
    }
}
