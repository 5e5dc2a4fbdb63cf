//! `Personal<T>` and `Secret<T>`: values that cannot be printed, logged or serialized by accident.

/// A value that tells who someone is or what they own (names, numbers, accounts, plates, addresses, phones).
///
/// It has no `Debug`, no `Display` and no `Serialize`, so a struct that holds one cannot be derived printable either.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Marks a value as personal.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that needs it: a partner's message, a sealed body, an authorised answer.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, given away.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl From<&str> for Personal<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A password, token or key: like [`Personal`], and compared only by those who know why.
#[derive(Clone, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Marks a value as secret.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}
