//! Addresses that a call may connect to: public ones, those near us that the file of a partner or a court names, and never those of machines' own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// Networks in one partner's file; its machines stand in one or two.
const NETWORKS_MAX: usize = 16;
/// What a list of networks is, for the fault of an option that is none.
pub(crate) const NETWORKS_FORM: &str = "networks such as 10.33.0.0/16, at most 16, none wider than /8 (IPv6: /24)";
/// Widest network that may be listed, IPv4: a whole private class A.
const PREFIX_V4_MIN: u8 = 8;
/// Widest network that may be listed, IPv6: the addresses of one provider.
const PREFIX_V6_MIN: u8 = 24;
/// Where clouds tell a machine its secrets, at addresses that look like any other: Azure, Alibaba, Oracle.
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
/// The same at Amazon's, IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// How near an address is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    /// The public internet.
    Public,
    /// Our own machine and networks: only where the partner's file says so.
    Near,
    /// Nobody's machine, everybody's, or a secret of this one: never, whatever a file says.
    Never,
}

/// How near is it? An IPv4 address in the clothes of an IPv6 one is judged as what it is.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address.to_canonical() {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, _] = address.octets();
    // This network and the unspecified address; multicast, reserved and broadcast.
    if a == 0 || a >= 224 || address.is_link_local() || METADATA.contains(&address) {
        return Reach::Never;
    }
    // Shared by carriers; protocols; relays; measuring.
    let special = (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    let near = address.is_private() || address.is_loopback() || address.is_documentation();
    if near || special { Reach::Near } else { Reach::Public }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let [a, b, c, .., y, z] = address.segments();
    let wrapped = |high: u16, low: u16| reach_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match a {
        _ if address.is_unspecified() || address.is_multicast() || address == METADATA_V6 => Reach::Never,
        _ if address.is_loopback() => Reach::Near,
        // Link-local.
        0xfe80..=0xfebf => Reach::Never,
        // IPv4 in the old clothes, behind NAT64, in 6to4.
        0 => wrapped(y, z),
        0x0064 if b == 0xff9b => wrapped(y, z),
        0x2002 => wrapped(b, c),
        // Protocols, documents, documents.
        0x2001 if b < 0x0200 || b == 0x0db8 => Reach::Near,
        0x3fff if b < 0x1000 => Reach::Near,
        0x2000..0x4000 => Reach::Public,
        _ => Reach::Near,
    }
}

/// A network such as `10.33.0.0/16`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    bits: u128,
    prefix: u8,
    is_v4: bool,
}

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
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let (bits, is_v4) = bits_of(address.parse().ok()?);
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

/// Networks that the file of a partner or a court lists.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Networks(Vec<Network>);

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl Networks {
    /// Reads `10.33.0.0/16, fd12:3400::/32`; `None` when one is none, is too wide, or has bits beside its prefix.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let found: Option<Vec<Network>> =
            text.split(',').take(NETWORKS_MAX + 1).map(|word| Network::parse(word.trim())).collect();
        found.filter(|networks| networks.len() <= NETWORKS_MAX).map(Self)
    }

    /// May a call go there?
    #[must_use]
    pub fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match reach(address) {
            Reach::Public => true,
            Reach::Near => self.0.iter().any(|network| network.holds(address)),
            Reach::Never => false,
        }
    }

    /// The same where this name led there.
    pub(crate) fn allow_for(&self, name: &str, address: IpAddr) -> bool {
        self.allow(address) || (says_here(name) && address.to_canonical().is_loopback())
    }
}

/// Why a name was not resolved; it ends as "no connection", before any byte of a message.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is neither the partner's nor the proxy's.
    Name,
    /// It leads only to addresses that are not allowed.
    Address,
    /// It leads nowhere.
    Nowhere,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Self::Name => "resolve a name for a call: it is not the partner's; the file's `url` says where calls go",
            Self::Address => {
                "resolve the partner's name: no address of it is allowed; list its network in the file's option `networks`"
            }
            Self::Nowhere => "resolve the partner's name: it leads nowhere; look at `url` and at DNS",
        })
    }
}

impl std::error::Error for Refused {}

/// Gives the allowed addresses of the few names that one partner's calls may go to; whatever is connected to has passed here,
/// so a name that leads elsewhere tomorrow is judged anew. Addresses that stand in the place of a name are judged with the options.
pub(crate) struct Guard {
    names: Vec<String>,
    networks: Networks,
    lookup: Lookup,
}

/// How names are looked up.
type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;
type Looking = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;

impl Guard {
    /// A guard for the hosts of these addresses.
    pub(crate) fn new(names: Vec<String>, networks: Networks) -> Self {
        let lookup = |name: String| -> Looking {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
        };
        Self { names, networks, lookup: Arc::new(lookup) }
    }

    /// The same with other answers to every name.
    #[cfg(test)]
    pub(crate) fn with_lookup(self, found: Vec<IpAddr>) -> Self {
        let lookup = move |_| -> Looking {
            let found: Vec<SocketAddr> = found.iter().map(|address| SocketAddr::new(*address, 0)).collect();
            Box::pin(async move { Ok(found) })
        };
        Self { lookup: Arc::new(lookup), ..self }
    }
}

/// `localhost` means this machine in every standard, as 127.0.0.1 does, so whoever writes it has said so.
fn says_here(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}

impl Guard {
    /// The allowed addresses of a name, without a port.
    pub(crate) fn addresses(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<SocketAddr>, Refused>> + Send + use<> {
        let is_known = self.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let found = is_known.then(|| (self.lookup)(name.to_owned()));
        let (networks, named) = (self.networks.clone(), name.to_owned());
        async move {
            let found = found.ok_or(Refused::Name)?.await.map_err(|_| Refused::Nowhere)?;
            if found.is_empty() {
                return Err(Refused::Nowhere);
            }
            let allow = |address: &SocketAddr| networks.allow_for(&named, address.ip());
            let allowed: Vec<SocketAddr> = found.into_iter().filter(allow).collect();
            if allowed.is_empty() { Err(Refused::Address) } else { Ok(allowed) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach_of(text: &str) -> Reach {
        reach(text.parse().unwrap())
    }

    #[test]
    fn what_is_never_a_partner_is_refused_in_every_dress() {
        for never in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "ff02::1",
        ] {
            assert_eq!(reach_of(never), Reach::Never, "{never}");
        }
        let everything = Networks::parse("169.254.0.0/16, fe80::/24, 100.64.0.0/10").unwrap();
        assert!(!everything.allow("169.254.169.254".parse().unwrap()) && !everything.allow("fe80::1".parse().unwrap()));
        assert!(
            everything.allow("100.64.0.1".parse().unwrap()) && !everything.allow("100.100.100.200".parse().unwrap())
        );
    }

    #[test]
    fn what_is_near_needs_a_word_of_the_file() {
        for near in [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12:3400::1",
            "fec0::1",
            "3fff::1",
        ] {
            assert_eq!(reach_of(near), Reach::Near, "{near}");
            assert!(!Networks::default().allow(near.parse().unwrap()), "{near}");
        }
        for public in ["1.1.1.1", "114.114.114.114", "172.32.0.1", "100.128.0.1", "2400:3200::1", "::ffff:1.1.1.1"] {
            assert_eq!(reach_of(public), Reach::Public, "{public}");
        }
        let listed = Networks::parse("10.33.0.0/16, fd12:3400::/24").unwrap();
        assert!(listed.allow("10.33.255.255".parse().unwrap()) && !listed.allow("10.34.0.0".parse().unwrap()));
        assert!(listed.allow("::ffff:10.33.0.1".parse().unwrap()), "the same address in other clothes");
        assert!(listed.allow("fd12:34ff::1".parse().unwrap()) && !listed.allow("fd12:3500::1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_not_read() {
        for wrong in [
            "10.33.0.0/",
            "10.33.0.0/33",
            "10.33.0.1/16",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/7",
            "host",
            "10.33/16",
            ",",
            "",
        ] {
            assert_eq!(Networks::parse(wrong), None, "{wrong}");
        }
        assert!(Networks::parse(&["10.0.0.1"; NETWORKS_MAX].join(",")).is_some());
        assert!(Networks::parse(&["10.0.0.1"; NETWORKS_MAX + 1].join(",")).is_none());
    }

    async fn resolved(guard: &Guard, name: &str) -> Result<Vec<IpAddr>, String> {
        match guard.addresses(name).await {
            Ok(found) => Ok(found.iter().map(SocketAddr::ip).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[tokio::test]
    async fn a_name_is_resolved_only_for_the_partner_and_only_to_what_is_allowed() {
        let mixed = ["169.254.169.254", "10.33.0.9", "1.1.1.1", "127.0.0.1"].map(|text| text.parse().unwrap()).to_vec();
        let named = |networks| Guard::new(vec!["Bank.example".to_owned()], networks).with_lookup(mixed.clone());
        let public: IpAddr = "1.1.1.1".parse().unwrap();
        assert_eq!(resolved(&named(Networks::default()), "bank.example").await, Ok(vec![public]));
        let listed = Networks::parse("10.33.0.0/16").unwrap();
        assert_eq!(resolved(&named(listed), "bank.example").await, Ok(vec!["10.33.0.9".parse().unwrap(), public]));
        assert!(
            resolved(&named(Networks::default()), "elsewhere.example").await.unwrap_err().contains("not the partner's")
        );
        let bad = Guard::new(vec!["bank.example".to_owned()], Networks::default());
        let bad = bad.with_lookup(vec!["169.254.169.254".parse().unwrap(), "127.0.0.1".parse().unwrap()]);
        assert!(resolved(&bad, "bank.example").await.unwrap_err().contains("networks"));
        let here = Guard::new(vec!["localhost".to_owned()], Networks::default()).with_lookup(mixed);
        assert_eq!(resolved(&here, "localhost").await, Ok(vec![public, "127.0.0.1".parse().unwrap()]));
    }
}
