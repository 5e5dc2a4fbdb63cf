//! How the list of facts is written down: a struct for each event, one enum over all, and their names.

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident = $event:literal { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $($(#[$fdoc])* #[serde(default, skip_serializing_if = "Empty::empty")] pub $field: $type,)*
            }
        )+

        /// What happened, as the leaf tells it.
        #[derive(Clone, PartialEq, Debug, Serialize)]
        #[serde(untagged)]
        pub enum Fact {
            $($(#[$doc])* $name($name),)+
        }

        impl Fact {
            /// Every event name, in the order of `schemas/trail/events.toml`.
            pub const NAMES: &'static [&'static str] = &[$($event),+];

            /// `noun.past_verb`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $event,)+ }
            }

            pub(super) fn read(name: &str, fields: &RawValue) -> Result<Option<Self>, serde_json::Error> {
                Ok(Some(match name {
                    $($event => Self::$name(serde_json::from_str(fields.get())?),)+
                    _ => return Ok(None),
                }))
            }
        }

        $(impl From<$name> for Fact { fn from(fact: $name) -> Self { Self::$name(fact) } })+
    };
}
pub(super) use facts;
