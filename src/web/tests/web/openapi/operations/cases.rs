//! Calls about cases.

use super::*;

pub fn cases() -> Vec<Operation> {
    let command = |id, path, zh, en| {
        let operation = Operation::of(id, "POST", path, "cases").says(zh, en).for_roles::<Settle>();
        operation.shows(200, Shows::Json("Sequence")).with(&["CaseId", "AcceptLanguage"]).refusing(&[ID, ENGINE])
    };
    vec![
        command("amendClaim", "/v1/cases/{id}/claim", "变更标的额", "Amend the claim")
            .about(
                "标的减少的，未发出而超出的部分撤回，已控制而超出的部分提出解除；标的增加的，在办请求的目标继续进行。",
                "With less, what has not left and is too much is taken back, and what is held above it is proposed for release; with more, the goals of open requests go on.",
            )
            .takes(Body::Json("ClaimForm"))
            .refusing(&[&[Slug::OutOfBounds]]),
        command("haltCase", "/v1/cases/{id}/halt", "中止案件", "Halt a case")
            .about(
                "不再采取新的措施、不再扣划；未发出的撤回，查询照常；在控财产逐项提出解除。",
                "No new measure and no deduction; what has not left is taken back, questions go on, and each measure that stands is proposed for release.",
            )
            .takes(Body::Json("HaltForm"))
            .refusing(&[STATE, &[Slug::DocumentUnknown, Slug::DocumentLost]]),
        command("resumeCase", "/v1/cases/{id}/resume", "恢复案件", "Resume a case")
            .about("须由另一人使用个人令牌。", "By another person, with a token of their own.")
            .takes(Body::Json("ReasonForm"))
            .refusing(&[STATE, PERSON]),
        command("eraseCase", "/v1/cases/{id}/erase", "删除案件", "Erase a case")
            .about(
                "不可恢复。由两人使用个人令牌先后以同一原因提出，第二人须在七日内；另提其他原因的，以后者代替在先的；其间案件有新情况，或在先者的令牌已撤销、更换、不再有此权限的，在先的失效。案件的密钥随即销毁：当事人、账号、金额、文书与各人所书理由均不可读，留痕与证明照旧可验；同一案号再提请求的，另立新案，原幂等键不再占用。仍有未办结的请求、在控或仍可恢复的措施、未到账的款项、未了结的待办、未送达的结果，或案件因破产、和解中止时拒绝，并逐类说明。",
                "It cannot be undone. Two persons with tokens of their own, one after the other within seven days and with the same cause; who gives another cause takes the open word's place, and so does who comes when anything was said of the case in between or the token that said the first word is gone, has another secret or may not say it any more. The keys of the case are destroyed: nobody can read parties, accounts, sums, papers and what people wrote as their reasons any more, and every proof stays. The same case number opens a new case afterwards, and its idempotency keys are free again. Refused, with what it is, while requests are open, measures stand or could stand again, money has not come in, tasks are open, results are on their way, or the case rests for a bankruptcy or a settlement.",
            )
            .takes(Body::Json("EraseForm"))
            .shows(200, Shows::Json("Erasure"))
            .refusing(&[STATE, PERSON, &[Slug::CaseInUse]]),
        Operation::of("acceptTask", "POST", "/v1/tasks/{id}/accept", "cases")
            .says("采纳解除建议或办理续行", "Accept a proposed release, or renew what ends soon")
            .about(
                "以原措施请求的当事人、承办人、文书另立一件请求：解除，或将即将届满的措施按规则续行（须经审批的照常审批）；所附文书、承办人优先。导入的措施缺少文书、承办人的，由本次采纳附上。同一任务只成一件。",
                "Makes a request of its own with the parties, officers and papers of the measure's request: a release, or of what ends soon a renewal for as long as the rules allow, through the approvals it needs. Papers and officers that come with it go first, and are needed where an imported measure has none. One task comes to one request.",
            )
            .for_roles::<Settle>()
            .with(&["TaskId", "AcceptLanguage"])
            .takes(Body::Json("AcceptForm"))
            .shows(202, Shows::Json("Accepted"))
            .and_headers(&["Location"])
            .refusing(&[ID, STATE, RELEASE, &[Slug::PersonNeeded], ENGINE]),
    ]
}
