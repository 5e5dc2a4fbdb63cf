//! Allowances of callers without a token, by source address; the number remembered is bounded and swept.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

/// An allowance is full again after a second, and what is full need not be remembered.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Allowances by source.
pub(crate) struct Sources {
    each: DefaultKeyedRateLimiter<IpAddr>,
    /// Shared by all sources while too many are remembered.
    rest: DefaultDirectRateLimiter,
    sources_max: usize,
    swept_at: Mutex<Instant>,
}

impl Sources {
    pub(crate) fn new(per_second: u32, sources_max: usize) -> Self {
        let quota = Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN));
        Self {
            each: RateLimiter::hashmap(quota),
            rest: RateLimiter::direct(quota),
            sources_max,
            swept_at: Mutex::new(Instant::now()),
        }
    }

    /// May this source call once more now?
    pub(crate) fn admit(&self, source: IpAddr) -> bool {
        self.sweep();
        if self.each.len() >= self.sources_max {
            return self.rest.check().is_ok();
        }
        self.each.check_key(&network_of(source)).is_ok()
    }

    fn sweep(&self) {
        let mut swept_at = self.swept_at.lock();
        if swept_at.elapsed() >= SWEEP_EVERY {
            *swept_at = Instant::now();
            self.each.retain_recent();
            self.each.shrink_to_fit();
        }
    }
}

/// One subscriber of IPv6 has 2^64 addresses, so the network is the source.
fn network_of(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_loud_source_does_not_silence_another() {
        let sources = Sources::new(2, 10);
        let (loud, calm) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert!((0..100).filter(|_| sources.admit(loud)).count() < 100);
        assert!(sources.admit(calm));
    }

    #[test]
    fn the_number_of_sources_is_bounded() {
        let sources = Sources::new(1, 10);
        for place in 0..10_000_u32 {
            sources.admit(IpAddr::V4(place.into()));
        }
        assert!(sources.each.len() <= 10);
    }

    #[test]
    fn a_network_of_version_six_is_one_source() {
        let of = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
