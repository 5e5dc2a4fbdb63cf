//! Paths of tiles as C2SP tlog-tiles writes them in URLs and on disk.

use std::fmt;
use std::str::FromStr;

use crate::tile::{TILE_WIDTH, TileName};

/// Longest path that is looked at: `entries/x001/x099/x511/x627/775.p/255` and a little; a longer one cannot be ours.
pub const PATH_CHARACTERS_MAX: usize = 48;

/// What stands after `tile/` in a tlog-tiles URL.
///
/// ```text
///   0/x001/234            full tile 1234 of level 0
///   0/x001/234.p/17       its first 17 hashes, while the tree ended there
///   entries/x001/234      the 256 leaves under it
/// ```
///
/// The tlog_tiles library prints `tile/8/0/x001/234` instead (the tile height in front, as Go's sumdb does); these paths never do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TilePath {
    /// Hashes of the tree.
    Hashes(TileName),
    /// Leaves; the name is that of the level 0 tile over them.
    Entries(TileName),
}

/// A path that is not a tile of any trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "read a tile path: it must be `<level>/<index>`, `<level>/<index>.p/<width>` or `entries/…` with three-digit elements (`x001/234`), in the one spelling of c2sp.org/tlog-tiles; correct the address"
)]
pub struct TilePathError;

impl TilePath {
    /// The tile that is meant.
    #[must_use]
    pub const fn name(&self) -> TileName {
        match self {
            Self::Hashes(name) | Self::Entries(name) => *name,
        }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashes(name) => write!(f, "{}/", name.level())?,
            Self::Entries(_) => f.write_str("entries/")?,
        }
        let name = self.name();
        let mut unit = 1;
        while name.index() / unit >= 1000 {
            unit *= 1000;
        }
        while unit > 1 {
            write!(f, "x{:03}/", name.index() / unit % 1000)?;
            unit /= 1000;
        }
        write!(f, "{:03}", name.index() % 1000)?;
        if !name.is_full() {
            write!(f, ".p/{}", name.width())?;
        }
        Ok(())
    }
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > PATH_CHARACTERS_MAX {
            return Err(TilePathError);
        }
        let (kind, rest) = text.split_once('/').ok_or(TilePathError)?;
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, plain_number(width, 3)?),
            None => (rest, u64::from(TILE_WIDTH)),
        };
        let width = u16::try_from(width).map_err(|_| TilePathError)?;
        let mut index = 0_u64;
        let mut elements = digits.split('/').peekable();
        while let Some(element) = elements.next() {
            let is_last = elements.peek().is_none();
            let element = if is_last { element } else { element.strip_prefix('x').ok_or(TilePathError)? };
            if element.len() != 3 || !element.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(TilePathError);
            }
            let element: u64 = element.parse().map_err(|_| TilePathError)?;
            index = index.checked_mul(1000).and_then(|index| index.checked_add(element)).ok_or(TilePathError)?;
        }
        let level = if kind == "entries" { 0 } else { plain_number(kind, 2)? };
        let level = u8::try_from(level).map_err(|_| TilePathError)?;
        let name = TileName::new(level, index, width).map_err(|_| TilePathError)?;
        let path = if kind == "entries" { Self::Entries(name) } else { Self::Hashes(name) };
        // Leading `x000/`, `.p/256` and the like name a tile too; a cache must never see two spellings of one.
        if path.to_string() == text { Ok(path) } else { Err(TilePathError) }
    }
}

/// A decimal number of at most `digits_max` digits, without sign.
fn plain_number(text: &str, digits_max: usize) -> Result<u64, TilePathError> {
    if text.len() > digits_max || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TilePathError);
    }
    text.parse().map_err(|_| TilePathError)
}
