//! Room for bodies: how many bytes of them may be in memory at once, whoever sends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All long bodies that are being read or answered share it. Each has its own bound, and ten thousand connections may each bring one.
/// Short ones take no room: a bank that only polls is answered however much others upload.
#[derive(Debug)]
pub(crate) struct Room {
    held: AtomicUsize,
    bytes_max: usize,
}

/// What one body takes of the room; it is given back when its request is over.
pub(crate) struct Held {
    room: Arc<Room>,
    bytes: usize,
    bytes_max: usize,
}

impl Room {
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), bytes_max })
    }

    /// Nothing yet, for a body of somebody whose credential was looked at, or of a stranger: strangers may fill half of it, so
    /// that they never keep out whoever is known.
    pub(crate) fn enter(self: &Arc<Self>, is_known: bool) -> Held {
        let bytes_max = if is_known { self.bytes_max } else { self.bytes_max / 2 };
        Held { room: Arc::clone(self), bytes: 0, bytes_max }
    }
}

impl Held {
    /// Takes so many bytes in all, or says that there is no room for them.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let before = self.room.held.fetch_add(more, Ordering::Relaxed);
        self.bytes += more;
        before.saturating_add(more) <= self.bytes_max
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_leave_room_for_whoever_is_known() {
        let room = Room::new(100);
        let mut stranger = room.enter(false);
        assert!(stranger.grow_to(50) && !stranger.grow_to(51));
        let mut known = room.enter(true);
        assert!(known.grow_to(49));
        drop(stranger);
        assert!(known.grow_to(100) && !known.grow_to(101));
        drop(known);
        assert_eq!(room.held.load(Ordering::Relaxed), 0);
    }
}
