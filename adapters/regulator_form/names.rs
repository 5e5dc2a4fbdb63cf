//! Names of packets: who asks (6), who is asked (17), the request (22), and what comes back for it.

use domain::SlipLine;

use crate::transport::drop::number::{is_sign, key_of, number_of};

pub(crate) const ORGAN_BYTES: usize = 6;
pub(crate) const TARGET_BYTES: usize = 17;
const NUMBER_BYTES: usize = 22;

/// Who asks and who is asked.
#[derive(Clone)]
pub(crate) struct Ends {
    pub(crate) organ: String,
    pub(crate) target: String,
}

/// The name of a request without `.zip`: it is the packet's password too.
pub(crate) fn request(ends: &Ends, key: SlipLine) -> Option<String> {
    Some(format!("{}{}{}", ends.organ, ends.target, number_of(key)?))
}

/// What came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Back {
    /// RR28: it was received, or not even that.
    Reception,
    /// FK and three digits: an answer; a dynamic query has several.
    Answer,
}

/// A packet's name, read; the codes in it are not believed yet.
pub(crate) struct BackName<'n> {
    pub(crate) back: Back,
    /// The name without `.zip`.
    pub(crate) base: &'n str,
    pub(crate) organ: &'n str,
    pub(crate) target: &'n str,
    /// QQDBS.
    pub(crate) number: &'n str,
    pub(crate) key: SlipLine,
}

/// Reads the name of what came back.
pub(crate) fn read(name: &str) -> Option<BackName<'_>> {
    let base = name.strip_suffix(".zip")?;
    if !base.bytes().all(is_sign) {
        return None;
    }
    let (organ, rest) = base.split_at_checked(ORGAN_BYTES)?;
    let (target, rest) = rest.split_at_checked(TARGET_BYTES)?;
    let (number, kind) = rest.split_at_checked(NUMBER_BYTES)?;
    let back = match kind.strip_prefix("FK") {
        _ if kind == "RR28" => Back::Reception,
        Some(serial) if serial.len() == 3 && serial.bytes().all(|byte| byte.is_ascii_digit()) => Back::Answer,
        _ => return None,
    };
    Some(BackName { back, base, organ, target, number, key: key_of(number)? })
}

/// The note that an answer to a request was taken, whichever of them it was; `None` for what is not such a packet.
pub(crate) fn note(name: &str, back: Back) -> Option<String> {
    let named = read(name).filter(|named| named.back == back)?;
    Some(format!("{}{}{}.answered", named.organ, named.target, named.number))
}

/// The request that an answer is for, and the three digits behind FK.
pub(crate) fn place(name: &str) -> Option<(String, u16)> {
    let named = read(name).filter(|named| named.back == Back::Answer)?;
    let place = named.base.get(named.base.len().checked_sub(3)?..)?.parse().ok()?;
    Some((format!("{}{}{}", named.organ, named.target, named.number), place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Day, SlipNumber};

    #[test]
    fn what_comes_back_names_the_request() {
        let ends = Ends { organ: "330225".to_owned(), target: "P0000000000330225".to_owned() };
        let key = SlipLine { slip: SlipNumber::issue(Day::from_ymd(2026, 11, 22).unwrap(), 12), line: 1 };
        let base = request(&ends, key).unwrap();
        assert_eq!(base, "330225P0000000000330225X202611220000000001201");
        let name = format!("{base}RR28.zip");
        let reception = read(&name).unwrap();
        assert_eq!((reception.back, reception.key, reception.organ), (Back::Reception, key, "330225"));
        assert_eq!(note(&name, Back::Reception).unwrap(), format!("{base}.answered"));
        assert_eq!(note(&name, Back::Answer), None);
        assert_eq!(read(&format!("{base}FK017.zip")).unwrap().back, Back::Answer);
        assert_eq!(note(&format!("{base}FK017.zip"), Back::Answer).unwrap(), format!("{base}.answered"));
        assert_eq!(place(&format!("{base}FK017.zip")).unwrap(), (base.clone(), 17));
        assert_eq!(place(&name), None);
        let short = base.get(1..).unwrap();
        for bad in [format!("{base}.zip"), format!("{base}FK1.zip"), format!("{short}RR28.zip"), "王.zip".repeat(20)] {
            assert!(read(&bad).is_none(), "{bad}");
        }
    }
}
