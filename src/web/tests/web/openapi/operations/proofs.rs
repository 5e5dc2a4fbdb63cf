//! Calls about what proves an act, and about what its applicant may see.

use super::*;

pub fn proofs() -> Vec<Operation> {
    vec![
        Operation::of("showEvidence", "GET", "/v1/acts/{id}/evidence", "trail")
            .says("一项协助事项的证据", "What proves an act")
            .about(
                "由日志汇成：各时点（D16）、等待的环节与对象（D29）、每次报文往来、经办与审批、文书摘要、异议、顺位（D31）、未经要求的解除（D30）；每条留痕附叶哈希与包含证明，仅凭公钥即可核验。运维人员仅见叶内所载；其他角色读取留痕。事件分页，余者每页相同。Accept为text/plain时为可打印的中文证据单。",
                "Put together from the journal: the separate times (D16), in what stage it waited and for whom (D29), each message, who ordered and approved, papers by digest, objections, rank (D31), releases without an order (D30); each event with its leaf hash and an inclusion proof that public keys alone check. An operator sees what stands in leaves; a read by anybody else is an event. Events are paged, the rest is the same on each page. With Accept: text/plain, a sheet in Chinese to print.",
            )
            .for_roles::<ReadEvidence>()
            .with(&["ActId", "Cursor", "Limit", "AcceptLanguage"])
            .shows(200, Shows::JsonOrText("Evidence"))
            .and_headers(&["CacheControl"])
            .refusing(&[PARAMETER, ID, ENGINE]),
        Operation::of("allowApplicant", "POST", "/v1/cases/{id}/applicant", "cases")
            .says("许可申请执行人查看结果，或撤回", "Let the applicant see results, or no longer")
            .about(
                "由审批人决定（许可须用个人令牌），附理由，留痕（D34）；及于该案全部请求，保密的除外。",
                "By an approver (a person, to allow it), with a reason, as an event (D34); for all requests of the case but secret ones.",
            )
            .for_roles::<Approve>()
            .with(&["CaseId", "AcceptLanguage"])
            .takes(Body::Json("ApplicantForm"))
            .shows(200, Shows::Json("Sequence"))
            .refusing(&[ID, STATE, &[Slug::PersonNeeded], ENGINE]),
        Operation::of("showApplicant", "GET", "/v1/requests/{id}/applicant", "requests")
            .says("申请执行人可见的结果", "What the applicant may see of a request")
            .about(
                "金额与状态；账号仅末四位，无证件号、内部编号、协助单位原话。法院未许可则403；保密请求404。每次由人读取均留痕。",
                "Sums and states; of an account the last four characters, no identity numbers, no ids of ours, no words of the partner. 403 unless the court allows it; a secret request is 404. Each read by a person is an event.",
            )
            .for_roles::<ReadRequests>()
            .with(&["RequestId", "Page", "PageLength", "AcceptLanguage"])
            .shows(200, Shows::Json("ApplicantView"))
            .and_headers(&["CacheControl"])
            .refusing(&[PARAMETER, ID, &[Slug::ApplicantNotAllowed], ENGINE]),
    ]
}
