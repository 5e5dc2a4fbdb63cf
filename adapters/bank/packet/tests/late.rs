//! Answers to one request that come in another order than their numbers say.

use domain::socket::{CallOut, Sweep};

use super::*;

struct Box {
    call: Arc<dyn CallOut>,
    folder: tempfile::TempDir,
}

impl Box {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(TARGET).join("upload")).unwrap();
        let entries = [
            ("organ", "330225".to_owned()),
            ("target", TARGET.to_owned()),
            ("folder", folder.path().to_str().unwrap().to_owned()),
            ("settle_ms", "0".to_owned()),
        ];
        let Ok(Plug::CallOut(call)) = super::super::build(&partner_options(&entries)) else { panic!("a call-out") };
        Self { call, folder }
    }

    fn put(&self, kind: &str, message: &str, written_s: u64) {
        let base = packet_name("SS19", kind);
        let packet = write(&answer_members("SS19", message.as_bytes(), 0, 1), Some(&base)).unwrap();
        let path = self.folder.path().join(TARGET).join("upload").join(format!("{base}.zip"));
        std::fs::write(&path, packet).unwrap();
        let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + written_s);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    }

    async fn look(&self) -> Sweep {
        self.call.sweep().await.ok().unwrap()
    }
}

fn said(sweep: &Sweep) -> Vec<Result<Verdict, &'static str>> {
    let said = sweep.found.iter().map(|swept| swept.said.as_ref().map_err(|why| *why));
    said.map(|said| said.map(|said| said.feedback[0].outcome.as_ref().unwrap().verdict)).collect()
}

#[tokio::test]
async fn an_answer_under_a_lower_number_than_one_that_was_taken_changes_nothing() {
    let (partly, refused) = (partly(), refused());
    for at_once in [false, true] {
        let lying = Box::new();
        lying.put("FK002", partly, 0);
        if at_once {
            lying.put("FK001", &refused, 1);
        }
        let sweep = lying.look().await;
        assert_eq!((said(&sweep), sweep.more), (vec![Ok(Verdict::Partly)], at_once));
        lying.call.conclude(&sweep.found[0].name, Conclusion::Taken(&[])).await.unwrap();
        lying.put("FK001", &refused, 1);
        let sweep = lying.look().await;
        assert_eq!(said(&sweep), [Err("stale")]);
        lying.call.conclude(&sweep.found[0].name, Conclusion::SetAside("stale")).await.unwrap();
        lying.put("FK003", &refused, 0);
        assert_eq!(said(&lying.look().await), [Ok(Verdict::Refused)], "a higher one is a correction");
    }
}

#[tokio::test]
async fn an_answer_that_was_set_aside_keeps_no_lower_one_out() {
    let lying = Box::new();
    lying.put("FK002", "<SS19/>", 0);
    let sweep = lying.look().await;
    lying.call.conclude(&sweep.found[0].name, Conclusion::SetAside("schema")).await.unwrap();
    lying.put("FK001", partly(), 1);
    assert_eq!(said(&lying.look().await), [Ok(Verdict::Partly)]);
}
