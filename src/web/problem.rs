//! Problems (RFC 9457): one closed list of slugs, its texts from `schemas/intake/problems.toml`, and the answer made of them.

use std::fmt;
use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONNECTION, CONTENT_LANGUAGE, HeaderValue, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use domain::rules::Breach;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::language::Language;

macro_rules! slugs {
    ($($name:ident = $word:literal,)+) => {
        /// What can be the matter; the words of `problems.toml`, where each is explained.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[allow(missing_docs, reason = "problems.toml says what each means, in two languages")]
        pub enum Slug { $($name),+ }

        impl Slug {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The word after `urn:xiezhi:problem:`.
            #[must_use]
            pub fn word(self) -> &'static str { match self { $(Self::$name => $word),+ } }
        }
    };
}

slugs! {
    MalformedJson = "malformed_json",
    InvalidRequest = "invalid_request",
    InvalidParameter = "invalid_parameter",
    IdempotencyKeyMissing = "idempotency_key_missing",
    IdempotencyKeyInvalid = "idempotency_key_invalid",
    IdempotencyKeyReused = "idempotency_key_reused",
    TokenMissing = "token_missing",
    TokenUnknown = "token_unknown",
    RoleMissing = "role_missing",
    CourtForeign = "court_foreign",
    SamePerson = "same_person",
    StopNotYours = "stop_not_yours",
    ApplicantNotAllowed = "applicant_not_allowed",
    ActClaimed = "act_claimed",
    PersonNeeded = "person_needed",
    CaseInUse = "case_in_use",
    NotFound = "not_found",
    RouteUnknown = "route_unknown",
    PartnerHasNoCallback = "partner_has_no_callback",
    MethodNotAllowed = "method_not_allowed",
    BodyTooSlow = "body_too_slow",
    BodyBroken = "body_broken",
    WrongState = "wrong_state",
    BodyTooLarge = "body_too_large",
    UnsupportedMediaType = "unsupported_media_type",
    ContentEncodingUnsupported = "content_encoding_unsupported",
    RulesBroken = "rules_broken",
    WouldBeHandedBack = "would_be_handed_back",
    PapersMissing = "papers_missing",
    PartReleaseUnread = "part_release_unread",
    PartnerUnknown = "partner_unknown",
    ScopeEmpty = "scope_empty",
    DocumentUnknown = "document_unknown",
    DocumentLost = "document_lost",
    OriginalUnknown = "original_unknown",
    OriginalGone = "original_gone",
    AccountNotListed = "account_not_listed",
    CallbackNotListed = "callback_not_listed",
    TooManyActs = "too_many_acts",
    DeadlinePassed = "deadline_passed",
    OutOfBounds = "out_of_bounds",
    TooManyCalls = "too_many_calls",
    Internal = "internal",
    Overloaded = "overloaded",
    Draining = "draining",
    Unavailable = "unavailable",
    ContentUnreadable = "content_unreadable",
    HistoryFilling = "history_filling",
    NotYetInCheckpoint = "not_yet_in_checkpoint",
}

/// One entry of `problems.toml`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Entry {
    slug: String,
    status: u16,
    title_zh: String,
    title_en: String,
    advice_zh: String,
    advice_en: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct List {
    problem: Vec<Entry>,
}

/// In the order of [`Slug::ALL`]; a test holds that none is missing, so the empty entry is never shown.
static LIST: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut list: List = toml::from_str(include_str!("../../schemas/intake/problems.toml")).unwrap_or_default();
    let mut take = |slug: &Slug| {
        let place = list.problem.iter().position(|entry| entry.slug == slug.word())?;
        Some(list.problem.swap_remove(place))
    };
    Slug::ALL.iter().map(|slug| take(slug).unwrap_or_default()).collect()
});

/// What is the matter with one call, still without a language. Boxed, because every handler's result carries one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem(Box<Matter>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Matter {
    slug: Slug,
    particular: Option<(String, String)>,
    faults: Vec<Fault>,
    breaches: Vec<Breach>,
    state: Option<&'static str>,
    retry_after_s: Option<u32>,
    allow: Option<&'static str>,
    close: bool,
}

impl From<Slug> for Problem {
    fn from(slug: Slug) -> Self {
        Self(Box::new(Matter {
            slug,
            particular: None,
            faults: Vec::new(),
            breaches: Vec::new(),
            state: None,
            retry_after_s: None,
            allow: None,
            close: false,
        }))
    }
}

impl Problem {
    /// With what is particular to this call, in both languages; nothing of what the caller sent.
    #[must_use]
    pub fn saying(mut self, chinese: impl Into<String>, english: impl Into<String>) -> Self {
        self.0.particular = Some((chinese.into(), english.into()));
        self
    }

    /// With the places at fault.
    #[must_use]
    pub fn at(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// With the rules broken.
    #[must_use]
    pub fn breaking(mut self, breaches: Vec<Breach>) -> Self {
        self.0.breaches = breaches;
        self
    }

    /// With the state that stands in the way.
    #[must_use]
    pub fn in_state(mut self, state: &'static str) -> Self {
        self.0.state = Some(state);
        self
    }

    /// With a wait in seconds before another try.
    #[must_use]
    pub fn after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// With the methods that the path takes.
    #[must_use]
    pub fn allowing(mut self, methods: &'static str) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// And the connection is closed, because the rest of the body is not worth reading.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.0.close = true;
        self
    }

    /// Which problem it is.
    #[must_use]
    pub fn slug(&self) -> Slug {
        self.0.slug
    }

    /// The places at fault.
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// Title and detail in a language, for a page.
    pub(crate) fn told(&self, language: Language) -> (&'static str, String) {
        let Some(entry) = self.entry() else { return ("", String::new()) };
        let advice = language.pick(&entry.advice_zh, &entry.advice_en);
        let detail = match (&self.0.particular, language) {
            (Some((chinese, _)), Language::Chinese) => format!("{chinese}{advice}"),
            (Some((_, english)), Language::English) => format!("{english} {advice}"),
            (None, _) => advice.to_owned(),
        };
        (language.pick(&entry.title_zh, &entry.title_en), detail)
    }

    fn entry(&self) -> Option<&'static Entry> {
        let place = Slug::ALL.iter().position(|slug| *slug == self.0.slug)?;
        LIST.get(place)
    }

    pub(crate) fn status(&self) -> StatusCode {
        let status = self.entry().and_then(|entry| StatusCode::from_u16(entry.status).ok());
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer, in a language; `call` names the call, for the operator.
    #[must_use]
    pub fn answer(&self, language: Language, call: &str) -> HttpResponse {
        let text = self.text(language, call);
        let mut response = HttpResponse::build(self.status());
        response.insert_header((CONTENT_LANGUAGE, language.tag())).content_type("application/problem+json");
        response.insert_header(("Cache-Control", "no-store")).insert_header((VARY, "Accept-Language"));
        if let Some(seconds) = self.0.retry_after_s {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(methods) = self.0.allow {
            response.insert_header((ALLOW, HeaderValue::from_static(methods)));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"xiezhi\""));
        }
        if self.0.close {
            response.insert_header((CONNECTION, "close"));
            response.force_close();
        }
        response.body(text)
    }

    /// As it stands within an answer about many things; the call is the answer's.
    pub(crate) fn within(&self, language: Language) -> serde_json::Value {
        let mut shown: serde_json::Value = serde_json::from_slice(&self.text(language, "")).unwrap_or_default();
        if let Some(members) = shown.as_object_mut() {
            members.remove("instance");
        }
        shown
    }

    fn text(&self, language: Language, call: &str) -> Vec<u8> {
        let empty = Entry::default();
        let entry = self.entry().unwrap_or(&empty);
        let advice = language.pick(&entry.advice_zh, &entry.advice_en);
        let detail = match &self.0.particular {
            Some((chinese, english)) => match language {
                Language::Chinese => format!("{chinese}{advice}"),
                Language::English => format!("{english} {advice}"),
            },
            None => advice.to_owned(),
        };
        let shown = Shown {
            r#type: format!("urn:xiezhi:problem:{}", self.0.slug.word()),
            title: language.pick(&entry.title_zh, &entry.title_en),
            status: self.status().as_u16(),
            detail,
            instance: format!("urn:xiezhi:call:{call}"),
            errors: self.0.faults.iter().map(|fault| fault.shown(language)).collect(),
            rules: self.0.breaches.iter().map(|breach| ShownRule::of(breach, language)).collect(),
            state: self.0.state,
            retry_after: self.0.retry_after_s,
        };
        serde_json::to_vec(&shown).unwrap_or_default()
    }
}

/// For logs: the slug alone.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.slug.word())
    }
}

/// The outermost layer answers in the caller's language; this is what goes out should it ever be passed by.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(Language::default(), "unknown")
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<crate::fault::ShownFault>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<ShownRule<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
}

#[derive(Serialize)]
struct ShownRule<'a> {
    id: &'a str,
    source: &'a str,
    text: &'a str,
    pointer: &'a str,
}

impl<'a> ShownRule<'a> {
    fn of(breach: &'a Breach, language: Language) -> Self {
        let rule = breach.rule;
        Self { id: rule.id, source: rule.source, text: language.pick(rule.zh, rule.en), pointer: &breach.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_and_the_slugs_are_the_same() {
        let list: List = toml::from_str(include_str!("../../schemas/intake/problems.toml")).unwrap();
        let mut listed: Vec<&str> = list.problem.iter().map(|entry| entry.slug.as_str()).collect();
        let mut known: Vec<&str> = Slug::ALL.iter().map(|slug| slug.word()).collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
        for entry in &list.problem {
            assert!((400..=599).contains(&entry.status), "{}", entry.slug);
            for text in [&entry.title_zh, &entry.title_en, &entry.advice_zh, &entry.advice_en] {
                assert!(!text.is_empty(), "{}", entry.slug);
            }
        }
    }
}
