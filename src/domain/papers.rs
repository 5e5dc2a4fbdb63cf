//! Which papers go with which act: a partner is handed what its act needs, and not what the court sent for other acts of the request.

use crate::ActKind;
use crate::case::Paper;
use crate::form::Form;

/// The notice by which an act of this kind is asked for (人民法院、银行业金融机构网络执行查控工作规范 第三条; 民事诉讼法 第二百五十三条
/// 以下); `None` = the notice to assist in enforcement alone.
fn own_notice(act: ActKind) -> Option<&'static str> {
    match act {
        ActKind::Query => Some("query_notice"),
        ActKind::Freeze | ActKind::Renew => Some("freeze_notice"),
        ActKind::Release | ActKind::Lift => Some("release_notice"),
        ActKind::Deduct | ActKind::Surrender | ActKind::WithdrawBenefits => Some("deduct_notice"),
        _ => None,
    }
}

/// Does a paper of this kind go with an act of this kind by law?
///
/// A query of property is asked for by its notice alone: the ruling tells what is owed, to whom and why, which whoever only says what
/// it keeps need not know. Everything else rests on the ruling and the notice to assist. Officers' papers go with every act. What an
/// `other` paper is for nobody but the court knows: the law names the one paper of a query, so it is none of that, and it names no
/// closed list for the rest (a decision on detention, on leaving the country), so it goes with all of it.
#[must_use]
pub fn goes_with(paper: &str, act: ActKind) -> bool {
    match paper {
        "work_id_scan" | "duty_id_scan" => true,
        "query_notice" | "freeze_notice" | "deduct_notice" | "release_notice" => own_notice(act) == Some(paper),
        "holder_consent" => act == ActKind::Surrender,
        _ => act != ActKind::Query,
    }
}

fn is_scan(paper: &Paper) -> bool {
    paper.kind.ends_with("_scan")
}

/// What a query rests on where its own notice is missing, the closest first: a message without any paper is handed back.
const STAND_INS: [&str; 2] = ["assist_notice", "ruling"];

/// Which of a request's papers a message about these acts carries, a bit for each place; those beyond the 64th are always carried.
/// What the partner's form demands for such an act goes with it whatever the law says, for without it the act is handed back.
#[must_use]
pub fn carried(papers: &[Paper], acts: &[ActKind], form: Option<&Form>) -> u64 {
    let demanded = |act: ActKind, paper: &str| form.is_some_and(|form| form.demands(act, paper));
    let of = |wanted: &dyn Fn(&Paper) -> bool| {
        let places = (0..u64::BITS).zip(papers).filter(|(_, paper)| wanted(paper));
        places.fold(0_u64, |bits, (place, _)| bits | 1 << place)
    };
    let mut bits = 0;
    for act in acts {
        let its = of(&|paper| goes_with(&paper.kind, *act) || demanded(*act, &paper.kind));
        let has_notice = of(&|paper| !is_scan(paper)) & its != 0;
        let stand_in = || STAND_INS.iter().map(|kind| of(&|paper| paper.kind == *kind)).find(|found| *found != 0);
        bits |= if has_notice { its } else { its | stand_in().unwrap_or_else(|| of(&|_| true)) };
    }
    bits
}

/// Is the paper at this place among those?
#[must_use]
pub fn is_carried(bits: u64, place: usize) -> bool {
    u32::try_from(place).ok().filter(|place| *place < u64::BITS).is_none_or(|place| bits >> place & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Personal;
    use crate::case::PAPER_KINDS;

    fn papers(kinds: &[&str]) -> Vec<Paper> {
        let text = || Personal::new(String::new());
        let paper = |kind: &&str| Paper { kind: (*kind).to_owned(), number: text(), file_name: text(), digest: text() };
        kinds.iter().map(paper).collect()
    }

    fn names<'k>(kinds: &[&'k str], acts: &[ActKind], form: Option<&Form>) -> Vec<&'k str> {
        let bits = carried(&papers(kinds), acts, form);
        kinds.iter().enumerate().filter(|(place, _)| is_carried(bits, *place)).map(|(_, kind)| *kind).collect()
    }

    fn of(act: ActKind) -> Vec<&'static str> {
        names(&PAPER_KINDS, &[act], None)
    }

    const SCANS: [&str; 2] = ["work_id_scan", "duty_id_scan"];

    #[test]
    fn each_act_has_its_own_papers_and_the_officers() {
        assert_eq!(of(ActKind::Query), ["query_notice", "work_id_scan", "duty_id_scan"]);
        let controls = [
            (ActKind::Freeze, "freeze_notice"),
            (ActKind::Renew, "freeze_notice"),
            (ActKind::Release, "release_notice"),
            (ActKind::Lift, "release_notice"),
            (ActKind::Deduct, "deduct_notice"),
            (ActKind::WithdrawBenefits, "deduct_notice"),
        ];
        for (act, notice) in controls {
            assert_eq!(of(act), ["ruling", notice, "assist_notice", SCANS[0], SCANS[1], "other"], "{act:?}");
        }
        assert!(of(ActKind::Surrender).contains(&"holder_consent") && !of(ActKind::Deduct).contains(&"holder_consent"));
        for act in [ActKind::Locate, ActKind::Watch, ActKind::GridTask, ActKind::TransferNotice, ActKind::Reverse] {
            assert_eq!(of(act), ["ruling", "assist_notice", SCANS[0], SCANS[1], "other"], "{act:?}");
        }
    }

    #[test]
    fn no_act_is_without_a_paper_and_whoever_demands_one_has_it() {
        for act in ActKind::ALL {
            for kind in PAPER_KINDS.iter().filter(|kind| !SCANS.contains(kind)) {
                assert_eq!(names(&[kind, SCANS[0]], &[*act], None), [*kind, SCANS[0]], "{act:?}: it is all there is");
                let form = Form { papers: vec![(*act, vec![(*kind).to_owned()])], ..Form::default() };
                assert!(names(&PAPER_KINDS, &[*act], Some(&form)).contains(kind), "{act:?} {kind}");
            }
        }
        let query = |kinds: &[&'static str]| names(kinds, &[ActKind::Query], None);
        assert_eq!(query(&["ruling", "freeze_notice", "assist_notice"]), ["assist_notice"]);
        assert_eq!(query(&["freeze_notice", "ruling", "ruling"]), ["ruling", "ruling"]);
    }

    #[test]
    fn a_slip_of_several_kinds_has_the_papers_of_all_and_many_papers_are_no_fault() {
        let both = names(&PAPER_KINDS, &[ActKind::Freeze, ActKind::Release], None);
        assert!(
            both.contains(&"freeze_notice") && both.contains(&"release_notice") && !both.contains(&"deduct_notice")
        );
        let many = vec!["deduct_notice"; 70];
        assert_eq!(names(&many, &[ActKind::Query], None).len(), 70);
        let mut many = vec!["query_notice"];
        many.extend(vec!["deduct_notice"; 70]);
        assert_eq!(names(&many, &[ActKind::Query], None).len(), 1 + 7, "the places that have no bit");
    }
}
