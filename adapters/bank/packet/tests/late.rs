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

#[tokio::test]
async fn a_reception_behind_any_answer_that_was_taken_says_nothing_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let entries = [
        ("organ", "330225".to_owned()),
        ("target", TARGET.to_owned()),
        ("folder", folder.path().to_str().unwrap().to_owned()),
        ("settle_ms", "0".to_owned()),
    ];
    let Ok(Plug::CallOut(call)) = super::super::build(&partner_options(&entries)) else { panic!("a call-out") };
    let upload = folder.path().join(TARGET).join("upload");
    std::fs::create_dir_all(&upload).unwrap();
    let put = |kind: &str, members: &[Member]| {
        let base = packet_name("SS19", kind);
        std::fs::write(upload.join(format!("{base}.zip")), write(members, Some(&base)).unwrap()).unwrap();
    };
    let partly = partly();
    put("FK001", &answer_members("SS19", partly.as_bytes(), 0, 2));
    put("FK002", &answer_members("SS19", partly.as_bytes(), 0, 1));
    let sweep = call.sweep().await.ok().unwrap();
    let [first, second] = sweep.found.as_slice() else { panic!("two packets") };
    assert_eq!(first.said.as_ref().err(), Some(&"totals"));
    call.conclude(&first.name, Conclusion::SetAside("totals")).await.unwrap();
    let reception = reception();
    let heard = |sweep: domain::socket::Sweep| {
        let said = |swept: &domain::socket::Swept| swept.said.as_ref().ok().map(|said| said.feedback.len());
        sweep.found.iter().filter(|swept| swept.name.ends_with("RR28.zip")).map(said).collect::<Vec<_>>()
    };
    put("RR28", std::slice::from_ref(&reception));
    assert_eq!(heard(call.sweep().await.ok().unwrap()), [Some(1)], "what was set aside answered nothing");
    // Held since a crash it is the same packet, and its note the request's.
    let held = format!(".{}.17.held", second.name);
    std::fs::rename(upload.join(&second.name), upload.join(&held)).unwrap();
    let sweep = call.sweep().await.ok().unwrap();
    assert!(sweep.found.iter().any(|swept| swept.name == held));
    call.conclude(&held, Conclusion::Taken(&[])).await.unwrap();
    assert_eq!(heard(call.sweep().await.ok().unwrap()), [Some(0)]);
    let taken = folder.path().join(TARGET).join("taken");
    assert!(taken.join(format!("{}.answered", packet_name("SS19", ""))).exists());
    assert!(taken.join(format!("{}.zip.sha256", packet_name("SS19", "FK002"))).exists());
}
