//! What goes into a body comes out of it.

use proptest::prelude::*;

use super::specimens::accepted_body;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_request_comes_back(seed in any::<u64>()) {
        let request = Seed(seed).request();
        let written = serde_json::to_vec(&RequestTwin::from(&request)).unwrap();
        let twin: RequestTwin = serde_json::from_slice(&written).unwrap();
        prop_assert_eq!(twin.sums(), (request.case.claim.units(), request.case.costs.units()));
        prop_assert!(twin.into_request() == Some(request), "seed {} makes a request that changes on its way", seed);
    }

    #[test]
    fn an_outcome_comes_back_and_keeps_its_fingerprint(seed in any::<u64>()) {
        let outcome = Seed(seed).outcome();
        let twin = OutcomeTwin::from(&outcome);
        let written = Body::Outcome(Box::new(twin.clone())).write().unwrap();
        let Body::Outcome(read) = Body::read("exchange.ended", &written).unwrap() else {
            return Err(TestCaseError::fail("read as another body"));
        };
        prop_assert_eq!(read.fingerprint(), twin.fingerprint());
        prop_assert!(read.into_outcome() == Some(outcome), "seed {} makes an outcome that changes on its way", seed);
    }

    #[test]
    fn the_partners_own_time_does_not_make_another_outcome(seed in any::<u64>(), later in ".{0,20}") {
        let mut outcome = Seed(seed).outcome();
        let first = OutcomeTwin::from(&outcome).fingerprint();
        outcome.as_of = Some(later);
        prop_assert_eq!(OutcomeTwin::from(&outcome).fingerprint(), first);
    }

    #[test]
    fn an_accepted_body_comes_back(seed in any::<u64>()) {
        let body = accepted_body(&mut Seed(seed));
        let read = Body::read("request.accepted", &body.write().unwrap()).unwrap();
        prop_assert!(read == body, "seed {} makes a body that changes on its way", seed);
        prop_assert!(read.plan() == body.plan());
    }
}

#[test]
fn every_specimen_body_comes_back() {
    for event in specimens() {
        let Some(body) = event.body else { continue };
        let name = event.fact.name();
        assert!(Body::read(name, &body.write().unwrap()).unwrap() == body, "{name}: its body changes on its way");
    }
}

/// A word of a later release makes a twin unreadable; nothing is guessed.
#[test]
fn words_of_a_later_release_are_not_guessed() {
    let written = serde_json::to_string(&RequestTwin::from(&Seed(1).request())).unwrap();
    for (old, new) in [("\"stage\":\"", "\"stage\":\"later_"), ("\"priority\":", "\"priority\":9")] {
        let twin: RequestTwin = serde_json::from_str(&written.replace(old, new)).unwrap();
        assert!(twin.into_request().is_none(), "{new} was read as something known");
    }
    let later = serde_json::from_str::<OutcomeTwin>(r#"{"verdict":99}"#).unwrap();
    assert!(later.into_outcome().is_none());
}
