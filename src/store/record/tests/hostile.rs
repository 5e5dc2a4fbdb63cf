//! Whatever bytes stand where a leaf or a body should: an error, never a panic, never a guess.

use proptest::prelude::*;

use super::*;

fn reads_or_refuses(bytes: &[u8]) {
    if let Ok(leaf) = read_leaf(bytes) {
        let event = Event { at: leaf.at, fact: leaf.fact, body: None, key: leaf.key };
        let mut written = Vec::new();
        // What can be read can be written, and says the same when it is read again.
        if write_leaf(&event, leaf.body_digest.as_deref(), &mut written).is_ok() {
            assert!(read_leaf(&written).unwrap().fact == event.fact);
        }
    }
    for name in Fact::NAMES {
        if let Ok(body) = Body::read(name, bytes) {
            assert!(Body::read(name, &body.write().unwrap()).unwrap() == body);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        reads_or_refuses(&bytes);
    }

    #[test]
    fn one_byte_of_a_leaf_changed(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let specimens = specimens();
        let mut leaf = leaf_of(&specimens[which.index(specimens.len())]);
        let place = at.index(leaf.len());
        leaf[place] = to;
        reads_or_refuses(&leaf);
    }

    #[test]
    fn one_byte_of_a_body_changed(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let bodies: Vec<Body> = specimens().into_iter().filter_map(|event| event.body).collect();
        let mut plain = bodies[which.index(bodies.len())].write().unwrap();
        let place = at.index(plain.len());
        plain[place] = to;
        reads_or_refuses(&plain);
    }

    #[test]
    fn a_leaf_or_body_cut_short(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let specimens = specimens();
        let leaf = leaf_of(&specimens[which.index(specimens.len())]);
        prop_assert!(read_leaf(&leaf[..at.index(leaf.len())]).is_err());
    }
}

#[test]
fn an_unknown_name_or_version_is_refused() {
    let of = |name: &str, version: &str| format!(r#"{{"at":1,"e":"{name}","f":{{}},"v":{version}}}"#);
    for (name, version) in [("lane.paused", "2"), ("lane.paused", "0"), ("lane.painted", "1"), ("", "1")] {
        let fault = read_leaf(of(name, version).as_bytes()).err().map(|fault| fault.to_string());
        let fault = fault.unwrap_or_else(|| panic!("{name} version {version} was read"));
        assert!(fault.contains("is unknown here") && fault.contains("release that wrote it"), "{fault}");
    }
    assert!(read_leaf(of("lane.paused", "256").as_bytes()).is_err());
}

#[test]
fn a_version_says_what_it_may_say_and_nothing_of_another() {
    let of = |fields: &str, version: u8| {
        let leaf = format!(
            r#"{{"at":1,"e":"exchange.began","f":{{"acts":[[1,0]],"kind":"send",{fields}"partner":"b"}},"v":{version}}}"#
        );
        read_leaf(leaf.as_bytes()).map(|leaf| leaf.fact.version())
    };
    let paced = r#""paced_by":["rate"],"paced_from":[1],"paced_until":[2],"#;
    assert_eq!((of("", 1).unwrap(), of(paced, 2).unwrap()), (1, 2));
    for (fields, version) in [(paced, 1), ("", 2), (paced, 3)] {
        assert!(matches!(of(fields, version), Err(LeafError::Unknown { .. })), "{fields} in version {version}");
    }
}

#[test]
fn an_unknown_field_is_refused() {
    for leaf in [
        r#"{"at":1,"e":"deadline.passed","f":{"request":1,"who":2},"v":1}"#,
        r#"{"at":1,"e":"deadline.passed","f":{"request":1},"v":1,"x":0}"#,
        r#"{"at":1,"e":"deadline.passed","f":{"request":1,"request":2},"v":1}"#,
        r#"{"at":1,"at":2,"e":"deadline.passed","f":{"request":1},"v":1}"#,
        r#"{"at":1,"e":"deadline.passed","f":{"request":-1},"v":1}"#,
        r#"{"at":1,"e":"deadline.passed","f":{"request":1},"v":1}{}"#,
    ] {
        assert!(matches!(read_leaf(leaf.as_bytes()), Err(LeafError::Shape(_))), "{leaf} was read");
    }
}

#[test]
fn a_body_error_quotes_nothing() {
    let plain = r#"{"reason":{"张三":"330225197001011234"}}"#;
    let fault = Body::read("lane.paused", plain.as_bytes()).err().unwrap();
    let told = format!("{fault} {fault:?}");
    assert!(!told.contains("张三") && !told.contains("330225"), "{told}");
}

#[test]
fn a_leaf_too_long_is_refused_and_the_longest_offer_fits() {
    let offer = |acts: usize| Event {
        at: Millis::MAX,
        fact: ExchangeBegan::of(vec![ActRef((1 << 60) - 1, (1 << 20) - 1); acts], "offer", &"p".repeat(32)).into(),
        body: None,
        key: u64::MAX,
    };
    let mut leaf = Vec::new();
    write_leaf(&offer(500), None, &mut leaf).unwrap();
    assert!(leaf.len() <= LEAF_BYTES_MAX / 2, "an offer of 500 acts takes {} bytes", leaf.len());
    let fault = write_leaf(&offer(10_000), None, &mut leaf).unwrap_err();
    assert!(matches!(fault, LeafError::TooLong { name: "exchange.began", .. }), "{fault}");
}
