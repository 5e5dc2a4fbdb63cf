//! The bench that every test here speaks through: a gateway in a process of its own, banks with books, people with tokens.

mod ask;
mod bank;
mod caller;
mod clerk;
mod door;
mod foreign;
mod gateway;
mod hub;
mod patience;
mod people;
mod receiver;
mod sftp;
mod view;

pub use ask::{Ask, acts, collect, deduct, freeze, look, release, renew, secure};
pub use bank::{Bank, Doubt, Spec};
pub use caller::{Answer, Caller, RUNTIME};
pub use clerk::{Clerk, Form};
pub use foreign::foreign;
pub use gateway::{COURT_ACCOUNT, Gateway, Setup, Submitted, files_below, xiezhi};
pub use hub::Hub;
pub use patience::eventually;
pub use people::{account, county_of, everybody, person};
pub use receiver::{Mood, Received, Receiver};
pub use sftp::Sftp;
pub use view::View;
