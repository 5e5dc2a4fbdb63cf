//! What measures the gateway runs at all: its figures mean nothing here, and its bars are the night's.

use crate::bench::xiezhi;

#[test]
fn the_bench_writes_a_journal_folds_it_and_holds_acts_open() {
    let place = env!("CARGO_TARGET_TMPDIR");
    let few = ["bench", "--rounds", "0", "--replay", "2000", "--open-acts", "1000", "--json", "--data", place];
    let told = xiezhi(&few);
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success(), "{out}{err}");
    let report: serde_json::Value = serde_json::from_str(out.trim()).unwrap();
    assert!(out.contains("taken up without a snapshot") && out.contains("serving after kill -9, snapshot"), "{report}");
}
