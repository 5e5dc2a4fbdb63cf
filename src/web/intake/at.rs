//! Where a field stands in a body: a chain of steps on the stack, written as a JSON pointer only when there is a fault.

/// A place in a body.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    Root,
    Field(&'a At<'a>, &'static str),
    Entry(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    pub(crate) fn field(&'a self, name: &'static str) -> At<'a> {
        At::Field(self, name)
    }

    pub(crate) fn entry(&'a self, place: usize) -> At<'a> {
        At::Entry(self, place)
    }

    /// As a JSON pointer (RFC 6901); our names hold neither `~` nor `/`.
    pub(crate) fn pointer(&self) -> String {
        match self {
            At::Root => String::new(),
            At::Field(parent, name) => format!("{}/{name}", parent.pointer()),
            At::Entry(parent, place) => format!("{}/{place}", parent.pointer()),
        }
    }
}
