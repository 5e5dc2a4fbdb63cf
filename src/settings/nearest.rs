//! Which known key an unknown one was meant to be.

/// Keys longer than this are compared with nothing: the comparison costs the product of both lengths.
const BYTES_MAX: usize = 40;

/// The known key that differs by the fewest letters, when these are less than a third of it.
pub(super) fn nearest<'k>(unknown: &str, known: &[&'k str]) -> Option<&'k str> {
    if unknown.len() > BYTES_MAX {
        return None;
    }
    let far = known.iter().map(|key| (distance(unknown.as_bytes(), key.as_bytes()), *key));
    far.min().filter(|(far, key)| *far <= (key.len() / 3).max(1)).map(|(_, key)| key)
}

/// Letters to change, add or leave out (Levenshtein).
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (place, a) in from.iter().enumerate() {
        let mut left = place + 1;
        let mut next = vec![left];
        for (b, above) in to.iter().zip(row.windows(2)) {
            if let [diagonal, above] = above {
                left = (diagonal + usize::from(a != b)).min(above + 1).min(left + 1);
                next.push(left);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_slip_of_a_finger_and_nothing_far() {
        let known = ["window_ms", "max", "burst"];
        assert_eq!(nearest("windowms", &known), Some("window_ms"));
        assert_eq!(nearest("brust", &known), None, "two letters changed of five is another word");
        assert_eq!(nearest("burts", &["in_flight_max", "burst_"]), Some("burst_"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest(&"x".repeat(1_000), &known), None);
        assert_eq!(distance(b"kitten", b"sitting"), 3);
    }
}
