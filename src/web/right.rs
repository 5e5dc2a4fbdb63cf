//! Rights: a handler names the right it needs in its signature, and reaches the gate through nothing else.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use tokio::sync::watch;

use crate::gate::{Caller, Gate};
use crate::inbox::pages::sitting_of;
use crate::inbox::sitting::{SittingId, Sittings};
use crate::language::Language;
use crate::limits::Limits;
use crate::problem::{Problem, Slug};
use crate::room::Room;
use crate::sources::Sources;
use crate::tokens::{Holder, Tokens, hash_of};

/// What a token may be used as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// 提交: an enforcement system or officer of a court.
    Submitter,
    /// 审批: who approves what needs it.
    Approver,
    /// 审计: who checks the trail.
    Auditor,
    /// 运维: who runs the gateway; sees no personal data.
    Operator,
    /// 协助单位: a partner that sends results.
    Partner,
}

impl Role {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Submitter, Self::Approver, Self::Auditor, Self::Operator, Self::Partner];

    /// The word in settings and problems.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Submitter => "submitter",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Partner => "partner",
        }
    }

    /// Reads the word; `None` when it is not one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.word() == word)
    }
}

/// Something that tokens of some roles may do.
pub trait Right: 'static {
    /// The roles that have it.
    const ROLES: &'static [Role];
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident: $($role:ident),+;)+) => {
        $($(#[$doc])* pub struct $name;
        impl Right for $name { const ROLES: &'static [Role] = &[$(Role::$role),+]; })+
    };
}

rights! {
    /// Store documents and submit requests.
    Submit: Submitter;
    /// Read what holds personal data: requests with their acts and outcomes, documents.
    ReadRequests: Submitter, Approver, Auditor;
    /// Read what holds none: lists, events, partners.
    ReadStates: Submitter, Approver, Auditor, Operator;
    /// Read what proves an act; what is sealed of it only with [`ReadRequests`].
    ReadEvidence: Submitter, Approver, Auditor, Operator;
    /// Approve.
    Approve: Approver;
    /// Take back and settle: stop, withdraw, resolve.
    Settle: Submitter, Approver;
    /// Have results delivered again.
    Redeliver: Submitter, Operator;
    /// Pause and resume lanes.
    Operate: Operator;
    /// Order and lift emergency stops.
    Stop: Approver, Operator;
    /// Take living measures over from another system.
    Import: Submitter, Operator;
    /// See what people have to do.
    ReadTasks: Submitter, Approver, Auditor, Operator;
    /// End a task.
    EndTasks: Submitter, Approver, Operator;
    /// Tell what came in on a court's account.
    SettleAccounts: Submitter, Operator;
    /// Hold a partner's list against ours.
    Reconcile: Operator, Partner;
    /// Read entries of the trail.
    Audit: Auditor;
    /// Object to an act in writing.
    Object: Operator, Partner;
    /// Send results.
    Inbound: Partner;
    /// Read and answer an inbox.
    Clerk: Partner;
}

/// What stands behind the rights; private, so that nothing reaches the gate beside them.
pub(crate) struct Doors {
    gate: Arc<dyn Gate>,
    tokens: Arc<Tokens>,
    sources: Sources,
    sittings: Sittings,
    limits: Limits,
    room: Arc<Room>,
    stopping: watch::Receiver<bool>,
}

impl Doors {
    pub(crate) fn new(
        gate: Arc<dyn Gate>,
        tokens: Arc<Tokens>,
        limits: Limits,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let sources = Sources::new(limits.source_per_second, limits.sources_max);
        let room = Room::new(limits.bodies_bytes_max);
        Self { gate, tokens, sources, sittings: Sittings::default(), limits, room, stopping }
    }

    /// The room that all bodies share.
    pub(crate) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// Counts a call that is turned away; a source that does nothing else is told to wait.
    fn turn_away(&self, source: IpAddr, slug: Slug) -> Problem {
        self.gate.refused(source);
        if self.sources.admit(source) { slug.into() } else { too_many() }
    }

    fn admit(&self, request: &HttpRequest, source: IpAddr, roles: &[Role]) -> Result<Arc<Holder>, Problem> {
        let Some(shown) = bearer(request) else { return Err(self.turn_away(source, Slug::TokenMissing)) };
        let Some(holder) = self.tokens.find(shown) else { return Err(self.turn_away(source, Slug::TokenUnknown)) };
        request.extensions_mut().insert(Arc::clone(&holder));
        self.may(&holder, source, roles)?;
        Ok(holder)
    }
}

impl Doors {
    /// A clerk at a browser shows a token once; from then on the sitting stands for it.
    fn sign_in(&self, shown: &str, source: IpAddr, roles: &[Role]) -> Result<SittingId, Problem> {
        let holder = self.tokens.find(shown).filter(|holder| holder.caller.is_person);
        let Some(holder) = holder else { return Err(self.turn_away(source, Slug::TokenUnknown)) };
        self.may(&holder, source, roles)?;
        let hash = hash_of(shown).ok_or(Slug::TokenUnknown)?;
        self.sittings.begin(hash).ok_or_else(|| Slug::Internal.into())
    }

    /// A browser that has no sitting, or one that is over, is no intruder: it is led to the door and not counted. `watches` = the page
    /// shows nothing but numbers and asks by itself.
    fn seat(&self, request: &HttpRequest, roles: &[Role], watches: bool) -> Result<(Arc<Holder>, SittingId), Problem> {
        let source = source_of(request);
        let token = |id: &SittingId| if watches { self.sittings.watcher_of(id) } else { self.sittings.token_of(id) };
        let found = sitting_of(request).and_then(|id| Some((self.tokens.held(&token(&id)?)?, id)));
        let Some((holder, id)) = found else {
            return Err(if self.sources.admit(source) { Slug::TokenMissing.into() } else { too_many() });
        };
        request.extensions_mut().insert(Arc::clone(&holder));
        self.may(&holder, source, roles)?;
        Ok((holder, id))
    }

    /// Within the token's allowance, and with one of the roles?
    fn may(&self, holder: &Holder, source: IpAddr, roles: &[Role]) -> Result<(), Problem> {
        if holder.allowance.check().is_err() {
            return Err(too_many());
        }
        if holder.roles.iter().any(|role| roles.contains(role)) {
            return Ok(());
        }
        self.gate.refused(source);
        let words = roles.iter().map(|role| role.word()).collect::<Vec<_>>();
        Err(Problem::from(Slug::RoleMissing)
            .saying(format!("需要角色：{}。", words.join("、")), format!("Needed: the role {}.", words.join(" or "))))
    }
}

fn too_many() -> Problem {
    Problem::from(Slug::TooManyCalls).after(1)
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn source_of(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip())
}

/// The language that the caller of a request wants.
pub(crate) fn language_of(request: &HttpRequest) -> Language {
    let header = request.headers().get(actix_web::http::header::ACCEPT_LANGUAGE);
    header.and_then(|value| value.to_str().ok()).map_or(Language::default(), Language::of_header)
}

/// Proof that the caller has right `R`, and the way to the gate.
pub struct Allowed<R> {
    doors: Data<Doors>,
    holder: Arc<Holder>,
    language: Language,
    right: PhantomData<fn() -> R>,
}

impl<R> Allowed<R> {
    /// The gate.
    #[must_use]
    pub fn gate(&self) -> &dyn Gate {
        self.doors.gate.as_ref()
    }

    /// Whom the token stands for.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.holder.caller
    }

    /// Has the token one of these roles?
    pub(crate) fn is_one_of(&self, roles: &[Role]) -> bool {
        self.holder.roles.iter().any(|role| roles.contains(role))
    }

    /// The bounds in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.doors.limits
    }

    /// The language wanted.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Tells when we begin to stop, so that nobody waits for news any longer.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.doors.stopping.clone()
    }
}

impl<R: Right> FromRequest for Allowed<R> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(doors) = request.app_data::<Data<Doors>>() else { return ready(Err(Slug::Internal.into())) };
        let admitted = doors.admit(request, source_of(request), R::ROLES);
        let language = language_of(request);
        ready(admitted.map(|holder| Self { doors: doors.clone(), holder, language, right: PhantomData }))
    }
}

/// Somebody with right `R` at a browser.
pub(crate) struct Seat<R> {
    pub(crate) allowed: Allowed<R>,
    pub(crate) sitting: SittingId,
}

impl<R> Seat<R> {
    /// The name of the token, and the sitting, for the head of a page.
    pub(crate) fn who(&self) -> (&str, &SittingId) {
        (&self.allowed.holder.caller.token, &self.sitting)
    }

    /// Signs out.
    pub(crate) fn end(&self) {
        self.allowed.doors.sittings.end(&self.sitting);
    }
}

/// As [`Allowed`], for a page: who calls is known by the sitting of the browser, and whoever has none is led to the door.
pub(crate) struct AtDesk<R>(pub(crate) Result<Seat<R>, Problem>);

impl<R: Right> FromRequest for AtDesk<R> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(doors) = request.app_data::<Data<Doors>>() else { return ready(Err(Slug::Internal.into())) };
        ready(Ok(Self(seat(doors, request, false))))
    }
}

/// The same for a page that shows nothing but numbers and asks for itself: a sitting that rests may see it, and stays at rest.
pub(crate) struct AtWatch<R>(pub(crate) Result<Seat<R>, Problem>);

impl<R: Right> FromRequest for AtWatch<R> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(doors) = request.app_data::<Data<Doors>>() else { return ready(Err(Slug::Internal.into())) };
        ready(Ok(Self(seat(doors, request, true))))
    }
}

fn seat<R: Right>(doors: &Data<Doors>, request: &HttpRequest, watches: bool) -> Result<Seat<R>, Problem> {
    let (holder, sitting) = doors.seat(request, R::ROLES, watches)?;
    let allowed = Allowed { doors: doors.clone(), holder, language: language_of(request), right: PhantomData };
    Ok(Seat { allowed, sitting })
}

/// The way to the gate for what anybody may ask: health, figures, what is public of the trail, and the partner faces, whose
/// callers show their credential inside the message.
pub struct Open {
    doors: Data<Doors>,
    source: IpAddr,
}

impl Open {
    /// The gate.
    #[must_use]
    pub fn gate(&self) -> &dyn Gate {
        self.doors.gate.as_ref()
    }

    /// The bounds in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.doors.limits
    }

    /// Begins a sitting for whoever shows a person's token with right `R`.
    pub(crate) fn sign_in<R: Right>(&self, token: &str) -> Result<SittingId, Problem> {
        self.doors.sign_in(token, self.source, R::ROLES)
    }

    /// Counts the call as refused.
    pub fn refuse(&self) {
        self.doors.gate.refused(self.source);
    }
}

impl FromRequest for Open {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(doors) = request.app_data::<Data<Doors>>() else { return ready(Err(Slug::Internal.into())) };
        let source = source_of(request);
        ready(if doors.sources.admit(source) { Ok(Self { doors: doors.clone(), source }) } else { Err(too_many()) })
    }
}
