//! Addresses that a delivery may go to: public ones, and those of networks that the court's file lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Widest network that may be listed, IPv4: a whole private class A.
const PREFIX_V4_MIN: u8 = 8;
/// Widest network that may be listed, IPv6: the addresses of one provider.
const PREFIX_V6_MIN: u8 = 24;
/// Azure tells machines their secrets at this address, which looks like any public one.
const AZURE_METADATA: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// A network such as `10.33.0.0/16`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    bits: u128,
    prefix: u8,
    is_v4: bool,
}

/// Networks that a court's file lists.
#[derive(Clone, Default, Debug)]
pub struct Networks(pub Vec<Network>);

fn bits_of(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
        IpAddr::V6(address) => (address.to_bits(), false),
    }
}

fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl Network {
    /// Reads `10.33.0.0/16`, or an address that stands for itself; `None` when it is none, too wide, or has bits beside its prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (bits, is_v4) = bits_of(address);
        let (min, max) = if is_v4 { (PREFIX_V4_MIN, 32) } else { (PREFIX_V6_MIN, 128) };
        let prefix = prefix.unwrap_or(max);
        let fits = (min..=max).contains(&prefix) && bits & !mask(prefix) == 0;
        fits.then_some(Self { bits, prefix, is_v4 })
    }

    fn holds(&self, address: IpAddr) -> bool {
        let (bits, is_v4) = bits_of(address);
        is_v4 == self.is_v4 && bits & mask(self.prefix) == self.bits
    }
}

impl Networks {
    /// May a delivery go there?
    pub fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.holds(address)) || is_public(address)
    }
}

/// An address of the public internet, and of nothing that is near us.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let near = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || address == AZURE_METADATA;
    // This network; shared by carriers; protocols; relays; measuring; reserved.
    let special = a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !near && !special
}

/// Global unicast without what wraps an IPv4 address, is for documents, or is for protocols.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let global = (0x2000..0x4000).contains(&a);
    let special = match a {
        0x2001 => b < 0x0200 || b == 0x0db8,
        0x2002 => true,
        0x3fff => b < 0x1000,
        _ => false,
    };
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(networks: &[&str], address: &str) -> bool {
        let networks = networks.iter().map(|text| Network::parse(text).unwrap()).collect();
        Networks(networks).allow(address.parse().unwrap())
    }

    #[test]
    fn what_is_near_us_is_not_public() {
        for near in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.170",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "3fff::1",
        ] {
            assert!(!allowed(&[], near), "{near}");
        }
        for public in [
            "1.1.1.1",
            "114.114.114.114",
            "172.32.0.1",
            "100.128.0.1",
            "2400:3200::1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
        ] {
            assert!(allowed(&[], public), "{public}");
        }
    }

    #[test]
    fn a_listed_network_is_allowed_and_nothing_beside_it() {
        assert!(allowed(&["10.33.0.0/16"], "10.33.255.255") && !allowed(&["10.33.0.0/16"], "10.34.0.0"));
        assert!(allowed(&["127.0.0.1"], "127.0.0.1") && !allowed(&["127.0.0.1"], "127.0.0.2"));
        assert!(allowed(&["127.0.0.1"], "::ffff:127.0.0.1"), "the same address in other clothes");
        assert!(allowed(&["fd12:3400::/24"], "fd12:34ff::1") && !allowed(&["fd12:3400::/24"], "fd12:3500::1"));
        assert!(!allowed(&["10.33.0.0/16"], "::1"));
    }

    #[test]
    fn what_is_no_network_is_not_read() {
        for wrong in [
            "",
            "10.33.0.0/",
            "10.33.0.0/33",
            "10.33.0.1/16",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/7",
            "host",
            "10.33/16",
            "10.0.0.0/-1",
        ] {
            assert!(Network::parse(wrong).is_none(), "{wrong}");
        }
    }
}
