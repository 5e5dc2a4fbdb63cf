//! Calls about tasks, settlements and reconciliation.

use super::*;

pub fn tasks() -> Vec<Operation> {
    vec![
        Operation::of("objectToAct", "POST", "/v1/acts/{id}/objection", "tasks")
            .says("协助单位书面异议", "A partner objects in writing")
            .about(
                "协助单位认为事项违反法律的，可书面异议；法院须在十五日内答复（D18）。异议不停止办理。同一内容再次提交视为同一异议；前一异议尚未答复的，另一异议被拒绝。运维人员可代为登记。",
                "A partner that thinks an act unlawful objects in writing, and the court answers within fifteen days (D18). Nothing is suspended by it. The same text again is the same objection; another one is refused while the first waits for its answer. An operator may enter it for the partner.",
            )
            .for_roles::<Object>()
            .with(&["ActId", "AcceptLanguage"])
            .takes(Body::Json("ObjectionForm"))
            .shows(200, Shows::Json("Sequence"))
            .refusing(&[ID, STATE, ENGINE]),
        Operation::of("listTasks", "GET", "/v1/tasks", "tasks")
            .says("待办事项", "What people have to do")
            .about(
                "旧者在前。法院令牌仅见本院的；与保密请求有关的，仅其知悉人可见。运维令牌不见案件金额与他人所书内容；其他人员每次查看均留痕。",
                "Oldest first. A court's token sees its own; what is about a secret request is seen by its viewers alone. An operator sees neither sums of a case nor what somebody wrote; a look by anybody else is recorded as a read.",
            )
            .for_roles::<ReadTasks>()
            .with(&["TaskKind", "TaskCourt", "TaskPartner", "Cursor", "Limit", "AcceptLanguage"])
            .shows(200, Shows::Json("TaskPage"))
            .and_headers(&["CacheControl"])
            .refusing(&[PARAMETER, ENGINE]),
        Operation::of("endTask", "POST", "/v1/tasks/{id}/end", "tasks")
            .says("了结一项待办", "End a task")
            .about(
                "由个人令牌了结，附理由；办理了或无需办理。",
                "By a person, with a reason: it was done, or nothing is to be done.",
            )
            .for_roles::<EndTasks>()
            .with(&["TaskId", "AcceptLanguage"])
            .takes(Body::Json("TaskEndForm"))
            .shows(200, Shows::Json("Sequence"))
            .refusing(&[ID, &[Slug::PersonNeeded], ENGINE]),
    ]
}

pub fn settlements() -> Vec<Operation> {
    vec![
        Operation::of("settle", "POST", "/v1/settlements", "settlements")
            .says("告知法院账户的到账明细", "Tell what came in on a court's account")
            .about(
                "逐行匹配：按请求单号及行号，或附言中的请求单号。重复的行不再计入；无法匹配的列为待办。账户须在本院名单内。",
                "Each line is matched by slip and line, or by a slip in what the payer wrote. A line told before counts no more; what matches nothing becomes a task. The account must be on the court's list.",
            )
            .for_roles::<SettleAccounts>()
            .with(&["AcceptLanguage"])
            .takes(Body::Json("SettlementForm"))
            .shows(200, Shows::Json("Settled"))
            .and_headers(&["CacheControl"])
            .refusing(&[&[Slug::CourtForeign, Slug::AccountNotListed], ENGINE]),
        Operation::of("reconcile", "POST", "/v1/partners/{id}/reconciliation", "settlements")
            .says("与协助单位的日清单核对", "Hold a partner's list of a day against ours")
            .about(
                "逐行比对状态与金额；whole为真时，清单未列而我方有的亦为差异。每项差异列为待办。",
                "States and sums are compared line by line; when whole is true, what we have and the list has not differs too. Each difference becomes a task.",
            )
            .for_roles::<Reconcile>()
            .with(&["PartnerId", "AcceptLanguage"])
            .takes(Body::Json("ReconciliationForm"))
            .shows(200, Shows::Json("Reconciled"))
            .and_headers(&["CacheControl"])
            .refusing(&[ID, ENGINE]),
    ]
}
