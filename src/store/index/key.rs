//! Keys of the index: one tree, a family byte in front, numbers big endian so that byte order is number order.
//!
//! ```text
//! 0x00 'a'                                   applied sequence          0x00 's'   schema, salt, check
//! 0x03 case(8) sequence(8) line(4)           requests of a case but its first, whose sequence is the case's number
//! 0x04 state(1) sequence(8) line(4)          requests by state
//! 0x05 partner(2) state(1) sequence(8) line(4)    acts by partner and state; with state 0 a stretch of events with finished requests of the partner
//! 0x0a sequence(8) chunk(4)                  where the events of a finished request stand
//! 0x0b stretch(8) at(8)                      finished requests by the numbers of their slips, those of one stretch that ended together
//! 0x0c stretch(8) at(8) part(4)              finished requests of a stretch of events, those that ended together
//! ```
//!
//! 0x01, 0x02 and 0x06 to 0x09 were families of indexes before schema 4, and stay unused.

pub(super) const KEY_APPLIED: [u8; 2] = [0x00, b'a'];
pub(super) const KEY_SCHEMA: [u8; 2] = [0x00, b's'];

const FAMILY_REQUEST_OF_CASE: u8 = 0x03;
const FAMILY_REQUEST_BY_STATE: u8 = 0x04;
const FAMILY_ACT_BY_PARTNER_STATE: u8 = 0x05;
const FAMILY_EVENTS_OF_REQUEST: u8 = 0x0a;
const FAMILY_SLIPS_OF_STRETCH: u8 = 0x0b;
const FAMILY_FINISHED: u8 = 0x0c;

/// What a request or act is known by: the sequence of the event that made it, and the line within that event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// Sequence of the event.
    pub sequence: u64,
    /// Line within it.
    pub line: u32,
}

/// The key of one entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexKey {
    /// A request in the list of its case; the first is found by the case's number and has no entry.
    RequestOfCase {
        /// Case id.
        case: u64,
        /// The request.
        request: EntryId,
    },
    /// A request in the list of its state.
    RequestByState {
        /// Number of the state.
        state: u8,
        /// The request.
        request: EntryId,
    },
    /// An act in the list of its partner and state; with state 0, the first sequence of a stretch in which requests of the partner began.
    ActByPartnerState {
        /// Number of the partner.
        partner: u16,
        /// Number of the state.
        state: u8,
        /// The act.
        act: EntryId,
    },
    /// Which finished requests the slips of a stretch of numbers belonged to: those that one batch of the index tells.
    SlipsOfStretch {
        /// The stretch.
        stretch: u64,
        /// Sequence behind the batch's events.
        at: u64,
    },
    /// Finished requests that were accepted in a stretch of events, and of which one batch of the index tells.
    Finished {
        /// The stretch.
        stretch: u64,
        /// Sequence behind the batch's events.
        at: u64,
        /// Counted from 0, where they are more than one value holds.
        part: u32,
    },
    /// Where the events of a finished request stand: its sequence, and the number of the chunk as the line.
    EventsOfRequest(EntryId),
}

/// A range of entries that can be read in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexList {
    /// The requests of a case.
    RequestsOfCase(u64),
    /// The requests in a state.
    RequestsByState(u8),
    /// The acts of a partner in a state.
    ActsByPartnerState(u16, u8),
    /// The entries of a stretch of slip numbers, by when they were written.
    SlipsOfStretch(u64),
    /// The entries that tell finished requests, by stretch.
    Finished,
    /// Those of one stretch, by when they were written.
    FinishedOfStretch(u64),
    /// The chunks that say where the events of a finished request stand.
    EventsOfRequest(u64),
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

impl IndexKey {
    /// The bytes in the tree.
    pub fn encode(&self) -> Vec<u8> {
        let with_id = |head: &[u8], id: &EntryId| joined(&[head, &id.sequence.to_be_bytes(), &id.line.to_be_bytes()]);
        match self {
            Self::RequestOfCase { case, request } => {
                with_id(&joined(&[&[FAMILY_REQUEST_OF_CASE], &case.to_be_bytes()]), request)
            }
            Self::RequestByState { state, request } => with_id(&[FAMILY_REQUEST_BY_STATE, *state], request),
            Self::ActByPartnerState { partner, state, act } => {
                let [high, low] = partner.to_be_bytes();
                with_id(&[FAMILY_ACT_BY_PARTNER_STATE, high, low, *state], act)
            }
            Self::EventsOfRequest(id) => with_id(&[FAMILY_EVENTS_OF_REQUEST], id),
            Self::Finished { stretch, at, part } => {
                joined(&[&[FAMILY_FINISHED], &stretch.to_be_bytes(), &at.to_be_bytes(), &part.to_be_bytes()])
            }
            Self::SlipsOfStretch { stretch, at } => {
                joined(&[&[FAMILY_SLIPS_OF_STRETCH], &stretch.to_be_bytes(), &at.to_be_bytes()])
            }
        }
    }

    /// Reads the bytes back; none when they are no key of this schema.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (family, rest) = bytes.split_first()?;
        Some(match *family {
            FAMILY_REQUEST_OF_CASE => {
                let (case, rest) = rest.split_first_chunk::<8>()?;
                Self::RequestOfCase { case: u64::from_be_bytes(*case), request: entry_id(rest)? }
            }
            FAMILY_REQUEST_BY_STATE => {
                let (state, rest) = rest.split_first()?;
                Self::RequestByState { state: *state, request: entry_id(rest)? }
            }
            FAMILY_ACT_BY_PARTNER_STATE => {
                let ([high, low, state], rest) = rest.split_first_chunk::<3>()?;
                let partner = u16::from_be_bytes([*high, *low]);
                Self::ActByPartnerState { partner, state: *state, act: entry_id(rest)? }
            }
            FAMILY_EVENTS_OF_REQUEST => Self::EventsOfRequest(entry_id(rest)?),
            FAMILY_FINISHED => {
                let (stretch, rest) = rest.split_first_chunk::<8>()?;
                let EntryId { sequence: at, line: part } = entry_id(rest)?;
                Self::Finished { stretch: u64::from_be_bytes(*stretch), at, part }
            }
            FAMILY_SLIPS_OF_STRETCH => {
                let (stretch, at) = rest.split_first_chunk::<8>()?;
                let at = u64::from_be_bytes(at.try_into().ok()?);
                Self::SlipsOfStretch { stretch: u64::from_be_bytes(*stretch), at }
            }
            _ => return None,
        })
    }
}

fn entry_id(bytes: &[u8]) -> Option<EntryId> {
    let (sequence, line) = bytes.split_first_chunk::<8>()?;
    Some(EntryId { sequence: u64::from_be_bytes(*sequence), line: u32::from_be_bytes(line.try_into().ok()?) })
}

impl IndexList {
    fn prefix(&self) -> Vec<u8> {
        match self {
            Self::RequestsOfCase(case) => joined(&[&[FAMILY_REQUEST_OF_CASE], &case.to_be_bytes()]),
            Self::RequestsByState(state) => vec![FAMILY_REQUEST_BY_STATE, *state],
            Self::ActsByPartnerState(partner, state) => {
                joined(&[&[FAMILY_ACT_BY_PARTNER_STATE], &partner.to_be_bytes(), &[*state]])
            }
            Self::EventsOfRequest(request) => joined(&[&[FAMILY_EVENTS_OF_REQUEST], &request.to_be_bytes()]),
            Self::Finished => vec![FAMILY_FINISHED],
            Self::FinishedOfStretch(stretch) => joined(&[&[FAMILY_FINISHED], &stretch.to_be_bytes()]),
            Self::SlipsOfStretch(stretch) => joined(&[&[FAMILY_SLIPS_OF_STRETCH], &stretch.to_be_bytes()]),
        }
    }

    /// First key of the list and the first key behind it.
    pub(super) fn bounds(&self) -> (Vec<u8>, Vec<u8>) {
        let start = self.prefix();
        let mut end = start.clone();
        // The next prefix: drop bytes that cannot grow, raise the last that can; the family byte is below 0xff, so one can.
        while let Some(last) = end.pop() {
            if let Some(raised) = last.checked_add(1) {
                end.push(raised);
                break;
            }
        }
        (start, end)
    }
}
