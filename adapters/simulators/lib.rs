//! Partners for tests and demos, written from the partner documents alone: a bank that is called and a bank's hub that pulls.
//!
//! Both keep the same kind of [`bank::Books`]; each runs on one thread of its own, from `start` until it is stopped or dropped.
//!
//! ```
//! use simulators::{BankHttp, BankHttpConfig, County, Fault, Knob};
//! let county = County::made_up(7, 20, 5);
//! let bank = BankHttp::start(&county, BankHttpConfig::default())?;
//! bank.knobs().set(Knob::next(Fault::SilenceAfterAccept, 1).only("100201"));
//! assert_eq!(bank.books().effects().len(), 0);
//! bank.stop();
//! # Ok::<(), simulators::SimulatorError>(())
//! ```
//!
//! Where the documents leave room, the hub does this: the sealed receipt is a `hzxxList` behind the `kzxx` of one `kzxxList`; `SKJE` of a release
//! or a deduct is the money set free or paid; a slip is fed back when all of its lines are decided; a wrong MD5 is a finding, not a refusal.

pub mod bank;
mod bank_front;
mod bank_http;
mod bank_hub;
mod bank_packet;
mod behaviours;
mod connections;
mod county;
mod day;
mod front;
pub mod grid;
pub mod housing_fund;
mod http1;
pub mod insurance;
mod knobs;
mod money;
mod open;
mod packets;
pub mod police;
mod police_front;
mod random;
mod rate;
pub mod registry;
mod scripted;
mod wire;
mod worker;
mod xml;

pub use bank_front::{BankFront, BankFrontConfig, FrontFault, FrontReport};
pub use bank_http::{AcceptedThenAsk, BankHttp, BankHttpConfig};
pub use bank_hub::{BankHub, BankHubConfig, PollReport, Trade};
pub use bank_packet::{BankPacket, BankPacketConfig, BankPacketFault, BankPacketReport};
pub use behaviours::{Behaviour, read_behaviours};
pub use county::County;
pub use day::Day;
pub use front::{Door, FRONT_AUTHORITY_PEM, Front};
pub use grid::{Grid, GridConfig};
pub use housing_fund::{HousingFund, HousingFundConfig};
pub use insurance::{Insurance, InsuranceConfig};
pub use knobs::{FAULTS, Fault, FaultRow, Knob, Knobs};
pub use money::{Fen, parse_yuan, yuan};
pub use open::{Callback, CallbackRecord, OpenConfig};
pub use police::{Police, PoliceConfig};
pub use police_front::{PoliceFront, PoliceFrontConfig, ReceptionFault};
pub use random::Sequence;
pub use rate::{AgreedRate, Violation};
pub use registry::{RegistryHub, RegistryHubConfig, RegistryReport};
pub use scripted::{Call, Effect, Script, Scripted, ScriptedConfig};

/// What can go wrong when a simulator starts or is told something.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The port cannot be had.
    #[error("listen on {address}: {source}; choose another port or 0 for a free one")]
    Listen {
        /// Address.
        address: std::net::SocketAddr,
        /// Cause.
        source: std::io::Error,
    },
    /// Knobs are for this machine only: they ask for no credential.
    #[error("listen for knobs on {address}: only a loopback address is taken; choose 127.0.0.1 or ::1")]
    NotLoopback {
        /// Address.
        address: std::net::SocketAddr,
    },
    /// A thread or runtime cannot be had.
    #[error("start the simulator's thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The books.
    #[error(transparent)]
    Books(#[from] bank::BooksError),
    /// The gateway's address is none.
    #[error("read the gateway's address {url}: it must be http://host:port or https://host:port")]
    GatewayUrl {
        /// As given.
        url: String,
    },
    /// The client cannot be made.
    #[error("make the hub's HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The table of behaviours, or what it needs.
    #[error("read the table of behaviours: {message}; mend config/simulators/behaviours.toml")]
    Behaviours {
        /// What is wrong, with the line.
        message: String,
    },
    /// It was stopped.
    #[error("speak to the simulator: it has stopped; start it again")]
    Stopped,
}
