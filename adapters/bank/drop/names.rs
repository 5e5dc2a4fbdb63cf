//! Names of packets and members: the kind, the bank's code (17), the batch (30), and what tells several apart.

use crate::transport::drop::number::is_sign;

/// 人行机构编码.
pub(super) const BANK_CODE_BYTES: usize = 17;
/// Batch number, and a request number where it stands in a name.
pub(super) const BATCH_BYTES: usize = 30;
/// Sequence number of a member.
pub(super) const SEQUENCE_DIGITS: usize = 12;

/// 30 places: a number, and zeros.
pub(super) fn padded(number: &str) -> String {
    format!("{number:0<BATCH_BYTES$}")
}

/// Is this 17 capital letters and digits?
pub(super) fn is_code(text: &str) -> bool {
    text.len() == BANK_CODE_BYTES && text.bytes().all(is_sign)
}

/// What a bank leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Feed {
    /// CXFK: results of queries.
    Queries,
    /// KZFK: results of one control request.
    Controls,
}

/// A feedback packet's name, read.
pub(super) struct FeedName<'n> {
    pub(super) feed: Feed,
    pub(super) code: &'n str,
    /// Code and batch, which its members repeat.
    pub(super) stem: &'n str,
    /// The request, padded; only controls name one.
    pub(super) request: &'n str,
}

/// Reads `CXFK…` or `KZFK…`; the codes in it are not believed yet.
pub(super) fn read(name: &str) -> Option<FeedName<'_>> {
    let body = name.strip_suffix(".zip").or_else(|| name.strip_suffix(".ZIP"))?;
    let (feed, rest) = match (body.strip_prefix("CXFK"), body.strip_prefix("KZFK")) {
        (Some(rest), _) => (Feed::Queries, rest),
        (_, Some(rest)) => (Feed::Controls, rest),
        _ => return None,
    };
    let stem_bytes = BANK_CODE_BYTES + BATCH_BYTES;
    let (stem, request) = (rest.get(..stem_bytes)?, rest.get(stem_bytes..)?);
    let request_bytes = if feed == Feed::Controls { BATCH_BYTES } else { 0 };
    let plain = rest.bytes().all(|byte| is_sign(byte) || matches!(byte, b'-' | b'_'));
    let fits = plain && request.len() == request_bytes;
    fits.then_some(FeedName { feed, code: rest.get(..BANK_CODE_BYTES)?, stem, request })
}

/// The receipt that says which results of a packet were not taken.
pub(super) fn receipt_of(name: &str) -> Option<String> {
    let named = read(name)?;
    let kind = if named.feed == Feed::Queries { "CXHZ" } else { "KZHZ" };
    Some(format!("{kind}{}{}.zip", named.stem, named.request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_whole_or_not_at_all() {
        let (code, batch, request) = ("B0000000000000001", "2".repeat(30), padded("X202611220000000001201"));
        let name = format!("KZFK{code}{batch}{request}.zip");
        let read_name = read(&name).unwrap();
        assert_eq!((read_name.feed, read_name.code, read_name.request), (Feed::Controls, code, request.as_str()));
        assert_eq!(receipt_of(&name).unwrap(), format!("KZHZ{code}{batch}{request}.zip"));
        assert_eq!(receipt_of(&format!("CXFK{code}{batch}.zip")).unwrap(), format!("CXHZ{code}{batch}.zip"));
        for bad in [
            "CXFK.zip".to_owned(),
            format!("KZFK{code}{batch}.zip"),
            format!("CXFK{code}{batch}{request}.zip"),
            format!("CXQQ{code}{batch}.zip"),
            format!("CXFK{code}{batch}.xml"),
            format!("CXFK{code}{}.zip", "王".repeat(10)),
            format!("CXFK{code}{}.zip", "/".repeat(30)),
        ] {
            assert!(read(&bad).is_none(), "{bad}");
        }
    }
}
