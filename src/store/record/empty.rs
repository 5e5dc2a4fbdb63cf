//! What a field says when it says nothing: it is then left out of the leaf.

use super::ActRef;

/// Left out of the leaf when it says nothing.
pub(super) trait Empty {
    fn empty(&self) -> bool;
}
impl Empty for u64 {
    fn empty(&self) -> bool {
        *self == 0
    }
}
impl Empty for u32 {
    fn empty(&self) -> bool {
        *self == 0
    }
}
impl Empty for i64 {
    fn empty(&self) -> bool {
        *self == 0
    }
}
impl Empty for bool {
    fn empty(&self) -> bool {
        !*self
    }
}
impl Empty for String {
    fn empty(&self) -> bool {
        self.is_empty()
    }
}
impl<T> Empty for Vec<T> {
    fn empty(&self) -> bool {
        self.is_empty()
    }
}
impl<T> Empty for Option<T> {
    fn empty(&self) -> bool {
        self.is_none()
    }
}
impl Empty for ActRef {
    fn empty(&self) -> bool {
        false
    }
}
