//! Answers to one request that come in another order than their numbers say.

use std::path::PathBuf;

use domain::socket::Sweep;

use super::*;

struct Box {
    call: Arc<dyn CallOut>,
    folder: tempfile::TempDir,
}

impl Box {
    fn new() -> Self {
        let (call, folder) = mailbox();
        std::fs::create_dir_all(folder.path().join(TARGET).join("upload")).unwrap();
        Self { call, folder }
    }

    fn put(&self, kind: &str, message: &str, written_s: u64) {
        self.put_members(kind, &answer_members("SS19", message.as_bytes(), 0, 1));
        let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + written_s);
        let packet = std::fs::File::options().write(true).open(self.upload().join(named(kind))).unwrap();
        packet.set_modified(written).unwrap();
    }

    fn put_members(&self, kind: &str, members: &[Member]) {
        let packet = write(members, Some(&packet_name("SS19", kind))).unwrap();
        std::fs::write(self.upload().join(named(kind)), packet).unwrap();
    }

    fn upload(&self) -> PathBuf {
        self.folder.path().join(TARGET).join("upload")
    }

    async fn conclude(&self, name: &str, end: Conclusion<'_>) {
        self.call.conclude(name, end).await.unwrap();
    }

    async fn look(&self) -> Sweep {
        self.call.sweep().await.ok().unwrap()
    }
}

fn named(kind: &str) -> String {
    format!("{}.zip", packet_name("SS19", kind))
}

/// The receptions that were found, and how much each of them says.
fn heard(sweep: &Sweep) -> Vec<Option<usize>> {
    let receptions = sweep.found.iter().filter(|swept| swept.name.ends_with("RR28.zip"));
    receptions.map(|swept| swept.said.as_ref().ok().map(|said| said.feedback.len())).collect()
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
        lying.conclude(&sweep.found[0].name, Conclusion::Taken(&[])).await;
        lying.put("FK001", &refused, 1);
        let sweep = lying.look().await;
        assert_eq!(said(&sweep), [Err("stale")]);
        lying.conclude(&sweep.found[0].name, Conclusion::SetAside("stale")).await;
        lying.put("FK003", &refused, 0);
        assert_eq!(said(&lying.look().await), [Ok(Verdict::Refused)], "a higher one is a correction");
    }
}

#[tokio::test]
async fn an_answer_that_was_set_aside_keeps_no_lower_one_out() {
    let lying = Box::new();
    lying.put("FK002", "<SS19/>", 0);
    let sweep = lying.look().await;
    lying.conclude(&sweep.found[0].name, Conclusion::SetAside("schema")).await;
    lying.put("FK001", partly(), 1);
    assert_eq!(said(&lying.look().await), [Ok(Verdict::Partly)]);
}

#[tokio::test]
async fn a_reception_behind_any_answer_that_was_taken_says_nothing_any_more() {
    let lying = Box::new();
    lying.put_members("FK001", &answer_members("SS19", partly().as_bytes(), 0, 2));
    lying.put_members("FK002", &answer_members("SS19", partly().as_bytes(), 0, 1));
    let sweep = lying.look().await;
    let [first, second] = sweep.found.as_slice() else { panic!("two packets") };
    assert_eq!(first.said.as_ref().err(), Some(&"totals"));
    lying.conclude(&first.name, Conclusion::SetAside("totals")).await;
    lying.put_members("RR28", &[reception()]);
    assert_eq!(heard(&lying.look().await), [Some(1)], "what was set aside answered nothing");
    // Held since a crash it is the same packet, and its note the request's.
    let held = format!(".{}.17.held", second.name);
    std::fs::rename(lying.upload().join(&second.name), lying.upload().join(&held)).unwrap();
    let sweep = lying.look().await;
    assert!(sweep.found.iter().any(|swept| swept.name == held));
    lying.conclude(&held, Conclusion::Taken(&[])).await;
    assert_eq!(heard(&lying.look().await), [Some(0)]);
    let taken = lying.folder.path().join(TARGET).join("taken");
    assert!(taken.join(format!("{}.answered", packet_name("SS19", ""))).exists());
    assert!(taken.join(format!("{}.zip.sha256", packet_name("SS19", "FK002"))).exists());
}
