//! Sessions of clerks' browsers: a token is shown once, at the door; from then on a cookie that only this process knows.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

/// The cookie's name.
const COOKIE: &str = "xiezhi_inbox";
/// Characters of a session's id: 32 random bytes in base64url.
const ID_CHARACTERS: usize = 43;
/// Sessions at once at most: a clerk at every counter of a province, twice over. Beyond it the one that rested longest ends.
pub const SESSIONS_MAX: usize = 10_000;
/// A browser that nobody touches is signed out: whoever sits down next is somebody else.
pub const SESSION_REST: Duration = Duration::from_secs(30 * 60);
/// A session ends with the working day, however busy.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 3_600);

/// The id of a session, as the cookie holds it. Never shown elsewhere.
#[derive(Clone)]
pub(crate) struct SessionId(String);

struct Session {
    token: [u8; 32],
    began: Instant,
    seen: Instant,
}

impl Session {
    fn lives(&self, now: Instant) -> bool {
        now.duration_since(self.seen) < SESSION_REST && now.duration_since(self.began) < SESSION_LIFE
    }
}

/// The sessions of this run, by the SHA-256 of their ids; a restart ends them all.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl SessionId {
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

    /// What every form of this session carries: nobody who does not know the cookie can make it.
    pub(crate) fn form_word(&self) -> String {
        let digest = Sha256::new().chain_update(b"form\0").chain_update(self.0.as_bytes()).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// The `Set-Cookie` that begins the session in a browser.
    pub(crate) fn cookie(&self, secure: bool) -> String {
        let secure = if secure { "; Secure" } else { "" };
        format!("{COOKIE}={}; Path={}; HttpOnly; SameSite=Strict{secure}", self.0, super::pages::ROOT)
    }

    /// The one that ends it.
    pub(crate) fn cookie_gone() -> String {
        format!("{COOKIE}=; Path={}; HttpOnly; SameSite=Strict; Max-Age=0", super::pages::ROOT)
    }
}

impl Sessions {
    /// Begins one for the holder of the token with this hash; `None` when the system has no randomness.
    pub(crate) fn begin(&self, token: [u8; 32]) -> Option<SessionId> {
        let id = SessionId::fresh()?;
        let now = Instant::now();
        let mut sessions = self.0.lock();
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| session.lives(now));
        }
        if sessions.len() >= SESSIONS_MAX {
            let rested = sessions.iter().min_by_key(|(_, session)| session.seen).map(|(key, _)| *key);
            rested.map(|key| sessions.remove(&key));
        }
        sessions.insert(id.key(), Session { token, began: now, seen: now });
        Some(id)
    }

    /// The hash of the token that a living session stands for.
    pub(crate) fn token_of(&self, id: &SessionId) -> Option<[u8; 32]> {
        let now = Instant::now();
        let mut sessions = self.0.lock();
        let session = sessions.get_mut(&id.key())?;
        if !session.lives(now) {
            sessions.remove(&id.key());
            return None;
        }
        session.seen = now;
        Some(session.token)
    }

    pub(crate) fn end(&self, id: &SessionId) {
        self.0.lock().remove(&id.key());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stands_for_its_token_until_it_ends() {
        let sessions = Sessions::default();
        let id = sessions.begin([7; 32]).unwrap();
        let cookie = id.cookie(true);
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        let shown = cookie.split(';').next().unwrap();
        let read = SessionId::of_cookies(&format!("other=1; {shown}; more=2")).unwrap();
        assert_eq!(sessions.token_of(&read), Some([7; 32]));
        assert_ne!(read.form_word(), sessions.begin([7; 32]).unwrap().form_word());
        sessions.end(&read);
        assert_eq!(sessions.token_of(&read), None);
        for bad in ["", "xiezhi_inbox=", "xiezhi_inbox=short", "xiezhi_inbox=<script>", "else=x"] {
            assert!(SessionId::of_cookies(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_rests_or_lives_too_long_is_over() {
        let now = Instant::now();
        let busy = Session { token: [0; 32], began: now, seen: now };
        assert!(busy.lives(now + SESSION_REST - Duration::from_secs(1)));
        assert!(!busy.lives(now + SESSION_REST));
        let long = Session { token: [0; 32], began: now, seen: now + SESSION_LIFE };
        assert!(!long.lives(now + SESSION_LIFE));
    }
}
