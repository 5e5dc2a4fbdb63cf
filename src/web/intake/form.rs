//! The form of a request as it comes: JSON types and field names only; what the texts say is checked in `check`.
//!
//! Fields stand in the order of their names, because a form is written back in canonical JSON (RFC 8785) for its fingerprint.
//! That is exact: unknown and repeated fields are refused, absent ones are not written, numbers are small and whole.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident wants $wanted:literal;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name<'a>(pub(crate) Cow<'a, str>);

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl<'de> Visitor<'de> for Reader {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($wanted)
                    }
                    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                        Ok($name(Cow::Borrowed(text)))
                    }
                    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                        Ok($name(Cow::Owned(text.to_owned())))
                    }
                }
                deserializer.deserialize_str(Reader)
            }
        }
    )+ };
}

texts! {
    /// Any text.
    Text wants "a string";
    /// An amount; numbers are refused, because a float has lost fen before we see it.
    Amount wants "a decimal string in yuan such as \"123456.78\"";
}

/// A place in the list of parties.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Place(pub(crate) u16);

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Place;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0 to 65535")
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Place, E> {
                u16::try_from(number)
                    .map(Place)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
            }
        }
        deserializer.deserialize_u16(Reader)
    }
}

/// A list that stops being read at its limit, so that a body of a million entries costs no memory.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct List<T, const MAX: usize>(pub(crate) Vec<T>);

/// How a list above its limit is told; read back in `read`.
pub(crate) const TOO_MANY: &str = "more entries than ";

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T, const MAX: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Reader<T, MAX> {
            type Value = List<T, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = entries.next_element()? {
                    if list.len() == MAX {
                        return Err(A::Error::custom(format_args!("{TOO_MANY}{MAX}")));
                    }
                    list.push(entry);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_seq(Reader(std::marker::PhantomData))
    }
}

/// A field that may be absent and, when it is there, may not be null: an absent field and a null one must not be two bodies
/// that mean the same.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident { $($(#[$need:ident])? $field:ident: $kind:ty,)+ })+) => { $(
        forms!(@one $(#[$doc])* $name [] $($(#[$need])? $field: $kind,)+);
    )+ };
    (@one $(#[$doc:meta])* $name:ident [$($done:tt)*] #[maybe] $field:ident: $kind:ty, $($rest:tt)*) => {
        forms!(@one $(#[$doc])* $name [$($done)*
            #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
            pub(crate) $field: Option<$kind>,] $($rest)*);
    };
    (@one $(#[$doc:meta])* $name:ident [$($done:tt)*] #[flat] $field:ident: $kind:ty, $($rest:tt)*) => {
        forms!(@one $(#[$doc])* $name [$($done)*
            #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
            pub(crate) $field: Option<$kind>,] $($rest)*);
    };
    (@one $(#[$doc:meta])* $name:ident [$($done:tt)*] #[place] $field:ident: $kind:ty, $($rest:tt)*) => {
        forms!(@one $(#[$doc])* $name [$($done)* pub(crate) $field: $kind,] $($rest)*);
    };
    (@one $(#[$doc:meta])* $name:ident [$($done:tt)*] $field:ident: $kind:ty, $($rest:tt)*) => {
        forms!(@one $(#[$doc])* $name [$($done)* #[serde(borrow)] pub(crate) $field: $kind,] $($rest)*);
    };
    (@one $(#[$doc:meta])* $name:ident [$($done:tt)*]) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, remote = "Self")]
        pub(crate) struct $name<'a> { $($done)* }

        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }

        // What serde derives takes a list of the fields' values in their order as well, which would be a second body of the
        // same meaning and another fingerprint; so only an object is let through to it.
        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl<'de> Visitor<'de> for Reader {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                        <$name<'de>>::deserialize(MapAccessDeserializer::new(map))
                    }
                }
                deserializer.deserialize_map(Reader)
            }
        }
    };
}

forms! {
    /// The body of `POST /v1/requests`.
    RequestForm {
        #[maybe] acts: List<ActForm<'a>, { domain::request::ACTS_MAX }>,
        #[maybe] callback: CallbackForm<'a>,
        case: CaseForm<'a>,
        #[maybe] deadline: Text<'a>,
        #[maybe] documents: List<DocumentForm<'a>, { domain::request::PAPERS_MAX }>,
        #[maybe] goal: Text<'a>,
        officers: List<OfficerForm<'a>, { domain::request::OFFICERS_MAX }>,
        #[maybe] priority: Text<'a>,
        #[flat] repeat: RepeatForm,
        #[maybe] scope: ScopeForm<'a>,
        #[flat] subjects: List<Place, { domain::request::PARTIES_MAX }>,
        #[maybe] viewers: List<Text<'a>, { domain::request::VIEWERS_MAX }>,
    }
    /// The case.
    CaseForm {
        #[maybe] account: AccountForm<'a>,
        claim: Amount<'a>,
        #[maybe] costs: Amount<'a>,
        court: CourtForm<'a>,
        number: Text<'a>,
        parties: List<PartyForm<'a>, { domain::request::PARTIES_MAX }>,
        #[maybe] preservation: PreservationForm<'a>,
        stage: Text<'a>,
    }
    /// The preservation that has become this enforcement.
    PreservationForm {
        number: Text<'a>,
    }
    /// One living measure of another system.
    ImportForm {
        #[maybe] account: Text<'a>,
        #[maybe] asset: Text<'a>,
        case_number: Text<'a>,
        #[maybe] caught: Amount<'a>,
        #[maybe] claim: Amount<'a>,
        #[maybe] costs: Amount<'a>,
        #[maybe] court: Text<'a>,
        #[maybe] court_name: Text<'a>,
        #[maybe] documents: List<DocumentForm<'a>, { domain::request::PAPERS_MAX }>,
        #[maybe] from: Text<'a>,
        id_number: Text<'a>,
        id_type: Text<'a>,
        #[maybe] kind: Text<'a>,
        #[maybe] limit: Amount<'a>,
        number: Text<'a>,
        #[maybe] officers: List<OfficerForm<'a>, { domain::request::OFFICERS_MAX }>,
        #[maybe] original_case_number: Text<'a>,
        partner: Text<'a>,
        party_kind: Text<'a>,
        party_name: Text<'a>,
        #[flat] queued: bool,
        #[flat] rank: Place,
        #[maybe] stage: Text<'a>,
        to: Text<'a>,
    }
    /// The court.
    CourtForm {
        code: Text<'a>,
        name: Text<'a>,
    }
    /// The case-money account.
    AccountForm {
        bank: Text<'a>,
        bank_code: Text<'a>,
        holder: Text<'a>,
        number: Text<'a>,
    }
    /// A party.
    PartyForm {
        #[flat] bankrupt: bool,
        #[maybe] id_number: Text<'a>,
        #[maybe] id_type: Text<'a>,
        kind: Text<'a>,
        name: Text<'a>,
        role: Text<'a>,
    }
    /// An officer.
    OfficerForm {
        duty_id: Text<'a>,
        name: Text<'a>,
        #[maybe] phone: Text<'a>,
        work_id: Text<'a>,
    }
    /// A document that travels with the request.
    DocumentForm {
        digest: Text<'a>,
        file_name: Text<'a>,
        kind: Text<'a>,
        #[maybe] number: Text<'a>,
    }
    /// Which partners a goal reaches.
    ScopeForm {
        #[maybe] kinds: List<Text<'a>, 16>,
        #[maybe] partners: List<Text<'a>, 4_000>,
        #[maybe] regions: List<Text<'a>, 1_000>,
    }
    /// Where results are announced.
    CallbackForm {
        url: Text<'a>,
    }
    /// One explicit act.
    ActForm {
        #[maybe] account: Text<'a>,
        #[maybe] amount: Amount<'a>,
        #[maybe] details: List<DetailForm<'a>, { domain::act::ORDER_DETAILS_MAX }>,
        #[maybe] from: Text<'a>,
        kind: Text<'a>,
        #[maybe] note: Text<'a>,
        #[maybe] original: OriginalForm<'a>,
        partner: Text<'a>,
        #[place] subject: Place,
        #[maybe] to: Text<'a>,
    }
    /// A particular that the partner's form names.
    DetailForm {
        name: Text<'a>,
        value: Text<'a>,
    }
    /// What an act builds on.
    OriginalForm {
        #[maybe] act: Text<'a>,
        #[maybe] case_number: Text<'a>,
        #[maybe] slip: Text<'a>,
    }
    /// The body of a command that says why.
    ReasonForm {
        reason: Text<'a>,
    }
    /// The body of an amended claim.
    ClaimForm {
        claim: Amount<'a>,
        #[maybe] costs: Amount<'a>,
        reason: Text<'a>,
    }
    /// The body of a case's halt.
    HaltForm {
        cause: Text<'a>,
        #[maybe] document: Text<'a>,
        reason: Text<'a>,
    }
    /// The body that says that a case is to be erased.
    EraseForm {
        cause: Text<'a>,
        reason: Text<'a>,
    }
    /// The body that says whether an applicant may see results.
    ApplicantForm {
        #[place] allow: bool,
        reason: Text<'a>,
    }
    /// The body that accepts what a task proposes.
    AcceptForm {
        #[maybe] document: DocumentForm<'a>,
        #[maybe] documents: List<DocumentForm<'a>, { domain::request::PAPERS_MAX }>,
        #[maybe] officers: List<OfficerForm<'a>, { domain::request::OFFICERS_MAX }>,
        reason: Text<'a>,
    }
    /// The body of a pause.
    PauseForm {
        reason: Text<'a>,
        until: Text<'a>,
    }
    /// What an emergency stop holds back.
    StopScopeForm {
        #[maybe] acts: List<Text<'a>, 32>,
        #[flat] all: bool,
        #[maybe] court: Text<'a>,
    }
    /// The body of an emergency stop.
    StopForm {
        reason: Text<'a>,
        scope: StopScopeForm<'a>,
    }
    /// A partner's written objection.
    ObjectionForm {
        text: Text<'a>,
    }
    /// What a clerk of a partner says became of an act.
    AnswerForm {
        #[maybe] accounts: List<FoundForm<'a>, { domain::outcome::ACCOUNTS_MAX }>,
        #[maybe] ahead: List<PriorForm<'a>, { crate::inbox::AHEAD_MAX }>,
        #[maybe] caught: Amount<'a>,
        #[maybe] due: Text<'a>,
        #[maybe] findings: List<FindingForm<'a>, { domain::outcome::FINDINGS_MAX }>,
        #[maybe] from: Text<'a>,
        #[maybe] limit: Amount<'a>,
        #[maybe] moved: Amount<'a>,
        #[maybe] reason: Text<'a>,
        #[maybe] replies: List<ReplyForm<'a>, { crate::inbox::REPLIES_MAX }>,
        #[maybe] serial: Text<'a>,
        #[maybe] text: Text<'a>,
        #[maybe] to: Text<'a>,
        verdict: Text<'a>,
    }
    /// An account or other asset that a query found.
    FoundForm {
        #[maybe] ahead: List<PriorForm<'a>, { crate::inbox::AHEAD_MAX }>,
        #[maybe] asset: Text<'a>,
        #[maybe] available: Amount<'a>,
        #[maybe] balance: Amount<'a>,
        #[maybe] branch: Text<'a>,
        #[maybe] class: Text<'a>,
        #[maybe] currency: Text<'a>,
        #[maybe] details: List<DetailForm<'a>, { domain::outcome::DETAILS_MAX }>,
        number: Text<'a>,
        #[maybe] role: Text<'a>,
        #[maybe] status: Text<'a>,
    }
    /// An earlier measure.
    PriorForm {
        #[maybe] amount: Amount<'a>,
        organ: Text<'a>,
        #[maybe] paper: Text<'a>,
        #[maybe] to: Text<'a>,
    }
    /// Something found that is no account.
    FindingForm {
        class: Text<'a>,
        details: List<DetailForm<'a>, { domain::outcome::DETAILS_MAX }>,
    }
    /// A sealed reply.
    ReplyForm {
        base64: Text<'a>,
        file_name: Text<'a>,
    }
    /// The body that ends a task.
    TaskEndForm {
        end: Text<'a>,
        reason: Text<'a>,
    }
    /// The statement of a court's account.
    SettlementForm {
        account: Text<'a>,
        bank_code: Text<'a>,
        #[maybe] court: Text<'a>,
        lines: List<SettlementLineForm<'a>, { crate::gate::SETTLED_LINES_MAX }>,
    }
    /// One line of a statement.
    SettlementLineForm {
        amount: Amount<'a>,
        #[flat] booked_back: bool,
        day: Text<'a>,
        #[maybe] reference: Text<'a>,
        serial: Text<'a>,
        #[maybe] slip: Text<'a>,
    }
    /// A partner's list of a day.
    ReconciliationForm {
        day: Text<'a>,
        lines: List<ListedForm<'a>, { crate::gate::RECONCILED_LINES_MAX }>,
        #[flat] whole: bool,
    }
    /// One line of a partner's list.
    ListedForm {
        #[maybe] caught: Amount<'a>,
        #[maybe] limit: Amount<'a>,
        #[flat] line: Place,
        #[maybe] moved: Amount<'a>,
        slip: Text<'a>,
        #[maybe] state: Text<'a>,
    }
    /// The body of a resolution of doubt.
    ResolveForm {
        #[maybe] amount: Amount<'a>,
        document: Text<'a>,
        reason: Text<'a>,
        #[place] took_effect: bool,
    }
}

/// A goal repeats until it is met; it borrows nothing, so it is written out here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(crate) struct RepeatForm {
    pub(crate) days: Place,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) every_hours: Option<Place>,
}

impl Serialize for RepeatForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for RepeatForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = RepeatForm;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                RepeatForm::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl RequestForm<'_> {
    /// SHA-256 of the canonical JSON.
    pub(crate) fn fingerprint(&self) -> Result<[u8; 32], serde_json::Error> {
        let mut canonical = Vec::with_capacity(2_048);
        serde_json::to_writer(&mut canonical, self)?;
        Ok(Sha256::digest(&canonical).into())
    }
}

#[cfg(test)]
mod tests;
