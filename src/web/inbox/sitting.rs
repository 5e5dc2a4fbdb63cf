//! Sittings of clerks' browsers: a token is shown once, at the door; from then on a cookie that only this process knows.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

/// The cookie's name.
const COOKIE: &str = "xiezhi-inbox";
/// Characters of a sitting's id: 32 random bytes in base64url.
const ID_CHARACTERS: usize = 43;
/// Sittings at once at most: a clerk at every counter of a province, twice over. Beyond it the one that rested longest ends.
pub const SITTINGS_MAX: usize = 10_000;
/// A browser that nobody touches is signed out: whoever sits down next is somebody else.
pub const SITTING_REST: Duration = Duration::from_secs(30 * 60);
/// A sitting ends with the working day, however busy.
pub const SITTING_LIFE: Duration = Duration::from_secs(12 * 3_600);

/// The id of a sitting, as the cookie holds it. Never shown elsewhere.
#[derive(Clone)]
pub(crate) struct SittingId(String);

struct Sitting {
    token: [u8; 32],
    began: Instant,
    seen: Instant,
}

impl Sitting {
    fn lives(&self, now: Instant) -> bool {
        now.duration_since(self.seen) < SITTING_REST && self.is_watched(now)
    }

    fn is_watched(&self, now: Instant) -> bool {
        now.duration_since(self.began) < SITTING_LIFE
    }
}

/// The sittings of this run, by the SHA-256 of their ids; a restart ends them all.
#[derive(Default)]
pub(crate) struct Sittings(Mutex<HashMap<[u8; 32], Sitting>>);

impl SittingId {
    fn fresh() -> Option<Self> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(random)))
    }

    /// Out of a `Cookie` header.
    pub(crate) fn of_cookies(header: &str) -> Option<Self> {
        let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        let id = pairs.into_iter().find(|(name, _)| *name == COOKIE)?.1;
        let formed = id.len() == ID_CHARACTERS
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        formed.then(|| Self(id.to_owned()))
    }

    fn key(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// What every form of this sitting carries: nobody who does not know the cookie can make it.
    pub(crate) fn form_word(&self) -> String {
        let digest = Sha256::new().chain_update(b"form\0").chain_update(self.0.as_bytes()).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// The `Set-Cookie` that begins the sitting in a browser.
    pub(crate) fn cookie(&self, secure: bool) -> String {
        let secure = if secure { "; Secure" } else { "" };
        format!("{COOKIE}={}; Path={}; HttpOnly; SameSite=Strict{secure}", self.0, super::pages::ROOT)
    }

    /// The one that ends it.
    pub(crate) fn cookie_gone() -> String {
        format!("{COOKIE}=; Path={}; HttpOnly; SameSite=Strict; Max-Age=0", super::pages::ROOT)
    }
}

impl Sittings {
    /// Begins one for the holder of the token with this hash; `None` when the system has no randomness.
    pub(crate) fn begin(&self, token: [u8; 32]) -> Option<SittingId> {
        let id = SittingId::fresh()?;
        let now = Instant::now();
        let mut sittings = self.0.lock();
        if sittings.len() >= SITTINGS_MAX {
            sittings.retain(|_, sitting| sitting.lives(now));
        }
        if sittings.len() >= SITTINGS_MAX {
            let rested = sittings.iter().min_by_key(|(_, sitting)| sitting.seen).map(|(key, _)| *key);
            rested.map(|key| sittings.remove(&key));
        }
        sittings.insert(id.key(), Sitting { token, began: now, seen: now });
        Some(id)
    }

    /// The hash of the token that a living sitting stands for.
    pub(crate) fn token_of(&self, id: &SittingId) -> Option<[u8; 32]> {
        let now = Instant::now();
        let mut sittings = self.0.lock();
        let sitting = sittings.get_mut(&id.key())?;
        if !sitting.is_watched(now) {
            sittings.remove(&id.key());
            return None;
        }
        // One that rests is over for whatever shows a name; it may still be told how much waits.
        let lives = sitting.lives(now);
        lives.then(|| {
            sitting.seen = now;
            sitting.token
        })
    }

    /// The same for a page that shows nothing but how much waits and asks by itself: it is no sign of life, and a sitting that
    /// rests may still see it.
    pub(crate) fn watcher_of(&self, id: &SittingId) -> Option<[u8; 32]> {
        let now = Instant::now();
        self.0.lock().get(&id.key()).filter(|sitting| sitting.is_watched(now)).map(|sitting| sitting.token)
    }

    pub(crate) fn end(&self, id: &SittingId) {
        self.0.lock().remove(&id.key());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sitting_stands_for_its_token_until_it_ends() {
        let sittings = Sittings::default();
        let id = sittings.begin([7; 32]).unwrap();
        let cookie = id.cookie(true);
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        let shown = cookie.split(';').next().unwrap();
        let read = SittingId::of_cookies(&format!("other=1; {shown}; more=2")).unwrap();
        assert_eq!(sittings.token_of(&read), Some([7; 32]));
        assert_ne!(read.form_word(), sittings.begin([7; 32]).unwrap().form_word());
        assert_eq!(sittings.watcher_of(&read), Some([7; 32]));
        sittings.end(&read);
        assert_eq!((sittings.token_of(&read), sittings.watcher_of(&read)), (None, None));
        for bad in ["", "xiezhi-inbox=", "xiezhi-inbox=short", "xiezhi-inbox=<script>", "else=x"] {
            assert!(SittingId::of_cookies(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_page_that_asks_by_itself_keeps_no_sitting_awake() {
        let sittings = Sittings::default();
        let id = sittings.begin([7; 32]).unwrap();
        let Some(rested) = Instant::now().checked_sub(SITTING_REST) else { return };
        sittings.0.lock().get_mut(&id.key()).unwrap().seen = rested;
        for _ in 0..2 {
            assert_eq!(sittings.watcher_of(&id), Some([7; 32]));
            assert_eq!(sittings.token_of(&id), None, "nobody touched it, and nothing wakes it again");
        }
    }

    #[test]
    fn what_rests_or_lives_too_long_is_over() {
        let now = Instant::now();
        let busy = Sitting { token: [0; 32], began: now, seen: now };
        assert!(busy.lives(now + SITTING_REST - Duration::from_secs(1)));
        assert!(!busy.lives(now + SITTING_REST));
        assert!(busy.is_watched(now + SITTING_REST) && !busy.is_watched(now + SITTING_LIFE));
        let long = Sitting { token: [0; 32], began: now, seen: now + SITTING_LIFE };
        assert!(!long.lives(now + SITTING_LIFE));
    }
}
