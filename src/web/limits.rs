//! Every bound of the web floor in one place, each with its reason.

use std::time::Duration;

/// Bounds on what a caller may cost us. The defaults are meant for one court system and a few hundred partners.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Connections open at once over all workers; above it the system's queue waits. A long-poll holds one, so it is far
    /// above the number of court workstations.
    pub connections_max: usize,
    /// Connections waiting to be accepted; absorbs a morning's burst of 1,000 clicks.
    pub backlog: u32,
    /// TLS handshakes under way at once on a worker: each costs a millisecond of CPU.
    pub handshakes_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long the head of a request may take; it is a few hundred bytes, but a thousand callers at once on a busy machine wait
    /// their turn, and cutting them off would not be shedding.
    pub header_timeout: Duration,
    /// How long a refused body may still trickle in before the connection is cut; the caller reads our answer meanwhile.
    pub linger_timeout: Duration,
    /// How long an idle connection is kept; above the 60 s that pools of callers keep theirs.
    pub keep_alive: Duration,
    /// How long any body may take whatever its size.
    pub body_timeout: Duration,
    /// Beyond that time a body must have come at this rate on average (bytes per second), so that a 32 MiB scan may take
    /// nine minutes on a slow line and a body sent byte by byte may not.
    pub body_rate_min: u64,
    /// A document: a colour scan of a ruling with attachments.
    pub document_bytes_max: usize,
    /// A request: the limit on parties, papers and acts fits, the journal's body limit holds.
    pub request_bytes_max: usize,
    /// A command: a reason and a few words.
    pub command_bytes_max: usize,
    /// A call on a partner face: feedback carries sealed answers as base64.
    pub face_bytes_max: usize,
    /// Long bodies in memory at once, over all connections; above it a call is shed before anything is taken. Those up to
    /// `inline_bytes_max` take no room, so that who only polls is answered however much others upload. Bodies of callers whose
    /// credential stands in them (partner faces) may fill half of it. What is made of them takes two or three times as much.
    pub bodies_bytes_max: usize,
    /// Bytes that are decoded on the worker itself; larger ones go to the bounded pool, so that the other calls on that
    /// worker do not wait for them.
    pub inline_bytes_max: usize,
    /// Threads of that pool, per worker.
    pub pool_threads_max: usize,
    /// Calls per second of one token; above what the journal makes durable, so it stops only a caller run wild.
    pub token_per_second: u32,
    /// Calls per second of one source without a token (health, tiles, faces, refused tokens): a bank hub polls for a
    /// hundred banks from one address.
    pub source_per_second: u32,
    /// Sources remembered at once, 64 bytes each; further ones share one allowance.
    pub sources_max: usize,
    /// Longest wait of a long-poll; below the 75 s at which middle boxes cut idle connections.
    pub wait_max: Duration,
    /// How long calls under way may take to end once we stop.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            backlog: 1_024,
            handshakes_max: 256,
            handshake_timeout: Duration::from_secs(3),
            header_timeout: Duration::from_secs(15),
            linger_timeout: Duration::from_secs(2),
            keep_alive: Duration::from_secs(75),
            body_timeout: Duration::from_secs(10),
            body_rate_min: 64 * 1_024,
            document_bytes_max: 32 * 1_024 * 1_024,
            request_bytes_max: 1_024 * 1_024,
            command_bytes_max: 16 * 1_024,
            face_bytes_max: 32 * 1_024 * 1_024,
            bodies_bytes_max: 256 * 1_024 * 1_024,
            inline_bytes_max: 64 * 1_024,
            pool_threads_max: 2,
            token_per_second: 50_000,
            source_per_second: 1_000,
            sources_max: 10_000,
            wait_max: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(20),
        }
    }
}

/// Bytes of a file name as uploaded: what file systems take.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// Characters of a content type.
pub const CONTENT_TYPE_CHARACTERS_MAX: usize = 100;
/// Characters of an idempotency key: a UUID, or a case number with a counter, fits well.
pub const KEY_CHARACTERS_MAX: usize = 200;
/// Acts on a page of a request, unless told; what a console shows at once.
pub const ACTS_PAGE: u16 = 100;
/// Acts on a page of a request at most; the engine reads some KiB from the journal for each.
pub const ACTS_PAGE_MAX: u16 = 200;
/// Lines of a list, unless told.
pub const LIST_PAGE: u16 = 50;
/// Lines of a list at most.
pub const LIST_PAGE_MAX: u16 = 200;
/// Faults told in one answer; who has more should look at the schema first.
pub const FAULTS_MAX: usize = 100;
/// Characters of a reason that a person gives.
pub const REASON_CHARACTERS_MAX: usize = 500;
/// Characters of a tile path: levels and groups of three digits.
pub const TILE_PATH_CHARACTERS_MAX: usize = 64;
