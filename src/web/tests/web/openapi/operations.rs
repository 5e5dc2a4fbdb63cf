//! Every call of the API: who may, what it takes, what it answers, and with which problems it refuses.

mod cases;
mod duties;
mod proofs;

use web::Role;
use web::problem::Slug;
use web::right::{
    Approve, Audit, Clerk, EndTasks, Import, Inbound, Object, Operate, ReadEvidence, ReadRequests, ReadStates,
    ReadTasks, Reconcile, Redeliver, Right, Settle, SettleAccounts, Stop, Submit,
};

/// Chinese, and the same in English.
pub type Said = (&'static str, &'static str);

/// What a call carries.
#[derive(Clone, Copy)]
pub enum Body {
    Nothing,
    /// JSON of this schema.
    Json(&'static str),
    /// The same, or nothing.
    MaybeJson(&'static str),
    /// A table or lines of JSON, a row each of this schema.
    Rows(&'static str),
    /// What a partner's own adapter reads; here in the form that most share.
    Inbound,
    /// The bytes of a document.
    Document,
}

/// What a call is answered with when it is taken.
#[derive(Clone, Copy)]
pub enum Shows {
    /// JSON of this schema.
    Json(&'static str),
    /// The same, or a sheet of text for whoever wants that.
    JsonOrText(&'static str),
    /// Text of this content type.
    Text(&'static str),
    /// Bytes of a hash tile.
    Tile,
    /// The bytes of a document, as uploaded.
    Document,
}

/// One call.
pub struct Operation {
    pub id: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub tag: &'static str,
    pub summary: Said,
    pub about: Said,
    /// Who may; nobody in particular when there is none.
    pub roles: &'static [Role],
    pub parameters: &'static [&'static str],
    pub body: Body,
    pub status: u16,
    pub shows: Shows,
    /// Headers of the answer beside those that all have.
    pub headers: &'static [&'static str],
    pub refuses: Vec<&'static [Slug]>,
}

/// Refused before anything is read.
const DOOR: &[Slug] = &[Slug::TokenMissing, Slug::TokenUnknown, Slug::RoleMissing];
/// Everybody may be refused so.
pub const ALWAYS: &[Slug] = &[Slug::TooManyCalls, Slug::Internal];
/// A body that cannot be read.
const BODY: &[Slug] =
    &[Slug::BodyBroken, Slug::BodyTooSlow, Slug::BodyTooLarge, Slug::ContentEncodingUnsupported, Slug::InvalidRequest];
/// A body of another type.
const TYPE: &[Slug] = &[Slug::UnsupportedMediaType];
/// A body that is no JSON.
const JSON: &[Slug] = &[Slug::MalformedJson];
/// A header or a query parameter.
const PARAMETER: &[Slug] = &[Slug::InvalidParameter];
/// An id that leads nowhere.
const ID: &[Slug] = &[Slug::NotFound];
/// The engine takes nothing, or cannot look.
const ENGINE: &[Slug] =
    &[Slug::Overloaded, Slug::Draining, Slug::Unavailable, Slug::ContentUnreadable, Slug::HistoryFilling];
/// Commands on requests and acts.
const STATE: &[Slug] = &[Slug::WrongState];
const PERSON: &[Slug] = &[Slug::SamePerson, Slug::PersonNeeded];
/// What a request is held against.
const SUBMISSION: &[Slug] = &[
    Slug::IdempotencyKeyMissing,
    Slug::IdempotencyKeyInvalid,
    Slug::IdempotencyKeyReused,
    Slug::CourtForeign,
    Slug::RulesBroken,
    Slug::WouldBeHandedBack,
    Slug::PartReleaseUnread,
    Slug::PartnerUnknown,
    Slug::ScopeEmpty,
    Slug::DocumentUnknown,
    Slug::DocumentLost,
    Slug::OriginalUnknown,
    Slug::OriginalGone,
    Slug::AccountNotListed,
    Slug::CallbackNotListed,
    Slug::TooManyActs,
    Slug::DeadlinePassed,
];

/// What a release or a renewal is held against.
const RELEASE: &[Slug] = &[
    Slug::RulesBroken,
    Slug::WouldBeHandedBack,
    Slug::PapersMissing,
    Slug::PartReleaseUnread,
    Slug::PartnerUnknown,
    Slug::DocumentUnknown,
    Slug::DocumentLost,
    Slug::OriginalUnknown,
    Slug::OriginalGone,
    Slug::OutOfBounds,
    Slug::CourtForeign,
];

impl Operation {
    fn of(id: &'static str, method: &'static str, path: &'static str, tag: &'static str) -> Self {
        Self {
            id,
            method,
            path,
            tag,
            summary: ("", ""),
            about: ("", ""),
            roles: &[],
            parameters: &[],
            body: Body::Nothing,
            status: 200,
            shows: Shows::Json("Anything"),
            headers: &[],
            refuses: vec![ALWAYS],
        }
    }

    fn for_roles<R: Right>(self) -> Self {
        Self { roles: R::ROLES, ..self }.refusing(&[DOOR])
    }

    fn says(self, chinese: &'static str, english: &'static str) -> Self {
        Self { summary: (chinese, english), ..self }
    }

    fn about(self, chinese: &'static str, english: &'static str) -> Self {
        Self { about: (chinese, english), ..self }
    }

    fn with(self, parameters: &'static [&'static str]) -> Self {
        Self { parameters, ..self }
    }

    fn takes(self, body: Body) -> Self {
        let json: &[&[Slug]] = match body {
            Body::Nothing => return self,
            Body::Document | Body::Rows(_) => &[BODY, TYPE],
            Body::Inbound => &[BODY],
            Body::Json(_) | Body::MaybeJson(_) => &[BODY, TYPE, JSON],
        };
        Self { body, ..self }.refusing(json)
    }

    fn shows(self, status: u16, shows: Shows) -> Self {
        Self { status, shows, ..self }
    }

    fn and_headers(self, headers: &'static [&'static str]) -> Self {
        Self { headers, ..self }
    }

    fn refusing(mut self, slugs: &[&'static [Slug]]) -> Self {
        self.refuses.extend(slugs);
        self
    }

    /// Every problem it may answer with, once.
    pub fn slugs(&self) -> Vec<Slug> {
        let mut slugs: Vec<Slug> = self.refuses.iter().flat_map(|group| group.iter().copied()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        slugs
    }
}

/// All of them, in the order of the table of routes.
pub fn operations() -> Vec<Operation> {
    let mut all = documents();
    all.extend(requests());
    all.extend(commands());
    all.extend(cases::cases());
    all.extend(deliveries());
    all.extend(measures());
    all.extend(partners());
    all.extend(stops());
    all.extend(duties::tasks());
    all.extend(duties::settlements());
    all.extend(inboxes());
    all.extend(proofs::proofs());
    all.extend(trail());
    all.extend(health());
    all
}

fn documents() -> Vec<Operation> {
    vec![
        Operation::of("storeDocument", "POST", "/v1/documents", "documents")
            .says("上传文书", "Store a document")
            .about(
                "请求体为文书原文，至多32 MiB。返回的digest供请求引用；24小时内未被任何请求引用的文书即被销毁。同一文书重复上传得同一digest。",
                "The body is the document itself, at most 32 MiB. The digest in the answer is what a request names; a document that no request names within 24 hours is destroyed. Storing the same bytes again gives the same digest.",
            )
            .for_roles::<Submit>()
            .with(&["FileName", "AcceptLanguage"])
            .takes(Body::Document)
            .shows(201, Shows::Json("DocumentStored"))
            .and_headers(&["Location"])
            .refusing(&[PARAMETER, &[Slug::CourtForeign], ENGINE]),
        Operation::of("readDocument", "GET", "/v1/documents/{digest}", "documents")
            .says("取回文书", "Read a document")
            .about(
                "按原内容类型、作为附件返回。每次由人读取均留痕。",
                "As an attachment with the content type it was stored with. Each read by a person is an event.",
            )
            .for_roles::<ReadRequests>()
            .with(&["Digest", "AcceptLanguage"])
            .shows(200, Shows::Document)
            .and_headers(&["CacheControl", "ContentDisposition"])
            .refusing(&[ID, ENGINE]),
    ]
}

fn requests() -> Vec<Operation> {
    vec![
        Operation::of("listRequests", "GET", "/v1/requests", "requests")
            .says("查询请求列表", "List requests")
            .about(
                "新的在前，不含个人信息。filled_to不为null时索引仍在重建，较早的可能缺失。",
                "Newest first, without personal data. While filled_to is not null the index is being filled again and older ones may be missing.",
            )
            .for_roles::<ReadStates>()
            .with(&["CaseNumber", "RequestState", "Partner", "Cursor", "Limit", "AcceptLanguage"])
            .shows(200, Shows::Json("RequestList"))
            .and_headers(&["CacheControl"])
            .refusing(&[PARAMETER, ENGINE]),
        Operation::of("submitRequest", "POST", "/v1/requests", "requests")
            .says("提交协助请求", "Submit a request")
            .about(
                "落盘之后才返回202和签名回执。同一Idempotency-Key加同一JSON（字段顺序、空白、转义不论）逐字节返回首次应答；请求体不同则422。被拒绝的提交不占用该键。",
                "202 and a signed receipt leave only after it is durable. The same Idempotency-Key with the same JSON (order of fields, blanks and escapes do not matter) is answered with the first answer byte for byte; with another body, 422. A refusal does not bind the key.",
            )
            .for_roles::<Submit>()
            .with(&["IdempotencyKey", "AcceptLanguage"])
            .takes(Body::Json("RequestForm"))
            .shows(202, Shows::Json("Accepted"))
            .and_headers(&["Location"])
            .refusing(&[SUBMISSION, ENGINE]),
        Operation::of("showRequest", "GET", "/v1/requests/{id}", "requests")
            .says("查看请求", "Show a request")
            .about(
                "带wait则长轮询：有after_version之后的新版本，或等待期满即返回。If-None-Match带上次的ETag，内容未变则304，无正文。",
                "With wait it is a long-poll: it answers when there is a version after after_version, or when the wait is over. With the last ETag in If-None-Match it is 304 without a body when nothing of it has changed.",
            )
            .for_roles::<ReadRequests>()
            .with(&["RequestId", "Wait", "AfterVersion", "Page", "PageLength", "Replies", "IfNoneMatch", "AcceptLanguage"])
            .shows(200, Shows::Json("Request"))
            .and_headers(&["CacheControl", "ETag"])
            .refusing(&[PARAMETER, ID, ENGINE]),
        Operation::of("listEvents", "GET", "/v1/requests/{id}/events", "requests")
            .says("请求的留痕", "What happened to a request")
            .about(
                "日志叶，旧的在前，不含个人信息；各事件见schemas/trail/events.toml。",
                "Leaves of the journal, oldest first, without personal data; schemas/trail/events.toml lists the events.",
            )
            .for_roles::<ReadStates>()
            .with(&["RequestId", "Cursor", "Limit", "AcceptLanguage"])
            .shows(200, Shows::Json("EventList"))
            .and_headers(&["CacheControl"])
            .refusing(&[PARAMETER, ID, ENGINE]),
    ]
}

fn commands() -> Vec<Operation> {
    let command = |id, path, zh, en| {
        let operation = Operation::of(id, "POST", path, "commands").says(zh, en).shows(200, Shows::Json("Version"));
        operation.refusing(&[ID, STATE, ENGINE])
    };
    vec![
        command("approveRequest", "/v1/requests/{id}/approve", "批准", "Approve")
            .about(
                "批准该请求中待审批的事项；须使用个人令牌，提交人不得自批。",
                "What waits for approval may go; by a person with a token of their own, and who submitted may not approve.",
            )
            .for_roles::<Approve>()
            .with(&["RequestId", "AcceptLanguage"])
            .takes(Body::Json("ReasonForm"))
            .refusing(&[PERSON]),
        command("stopRequest", "/v1/requests/{id}/stop", "停止", "Stop")
            .about(
                "不再开始新的事项；已发出的仍会反馈。",
                "Nothing new is started; what has left may still be answered.",
            )
            .for_roles::<Settle>()
            .with(&["RequestId", "AcceptLanguage"])
            .takes(Body::Json("ReasonForm")),
        command("withdrawAct", "/v1/acts/{id}/withdraw", "撤回事项", "Withdraw an act")
            .about("仅在尚未发出时可撤回。", "Only before anything of it has left.")
            .for_roles::<Settle>()
            .with(&["ActId", "AcceptLanguage"])
            .takes(Body::Json("ReasonForm")),
        command("resolveAct", "/v1/acts/{id}/resolve", "确认存疑事项", "Settle an act in doubt")
            .about(
                "由两人使用个人令牌先后各自确认，并附协助单位出具的文书。第二人所述不一致的，以其所述代替在先的，仍须另一人作同样确认；在先者亦可更正自己所述；在先者的令牌已撤销或不再有此权限的，其所述不再计。本系统正就该事项询问协助单位时拒绝（wrong_state，in_doubt）；案件已删除的亦拒绝（erased）。",
                "Two persons with tokens of their own, one after the other, each with the partner's paper. Who says otherwise takes the first word's place, and another person must say that; so may the first correct the own word. A first word is not counted once its token is gone or may not say it any more. Refused while the gateway is asking the partner about the act (wrong_state, in_doubt), and once the case is erased (erased).",
            )
            .shows(200, Shows::Json("Resolved"))
            .for_roles::<Settle>()
            .with(&["ActId", "AcceptLanguage"])
            .takes(Body::Json("ResolveForm"))
            .refusing(&[PERSON, &[Slug::DocumentUnknown, Slug::DocumentLost, Slug::OutOfBounds]]),
    ]
}

fn deliveries() -> Vec<Operation> {
    let path = "/v1/requests/{id}/deliveries";
    vec![
        Operation::of("listDeliveries", "GET", path, "deliveries")
            .says("送达情况", "How results were delivered")
            .about("最近20次，旧的在前。", "The newest 20 attempts, oldest first.")
            .for_roles::<ReadStates>()
            .with(&["RequestId", "AcceptLanguage"])
            .shows(200, Shows::Json("DeliveryList"))
            .and_headers(&["CacheControl"])
            .refusing(&[ID, ENGINE]),
        Operation::of("redeliver", "POST", path, "deliveries")
            .says("重新送达", "Deliver again")
            .about(
                "自法院系统已有的版本起重新送达；无请求体则视为一无所有。",
                "To a system that has everything up to since_version; without a body, to one that has nothing.",
            )
            .for_roles::<Redeliver>()
            .with(&["RequestId", "AcceptLanguage"])
            .takes(Body::MaybeJson("AgainForm"))
            .shows(202, Shows::Json("Again"))
            .refusing(&[ID, STATE, &[Slug::OutOfBounds], ENGINE]),
        Operation::of("listDeliveryKeys", "GET", "/v1/deliveries/keys", "deliveries")
            .says("送达验签公钥", "Public keys of deliveries")
            .about("新的在前（Standard Webhooks，whpk_）。", "Newest first (Standard Webhooks, whpk_).")
            .for_roles::<ReadStates>()
            .with(&["AcceptLanguage"])
            .shows(200, Shows::Json("DeliveryKeys"))
            .and_headers(&["CacheControl"]),
    ]
}

fn measures() -> Vec<Operation> {
    vec![
        Operation::of("listMeasures", "GET", "/v1/measures", "measures")
            .says("措施列表", "List measures")
            .about(
                "按止日先后；未指明state时为存续中的（生效、轮候）；指明case时为该案所记的全部。不含姓名、证件号。保密请求的仅其知悉人可见；运维令牌不见金额。一页可能不满而仍有下一页。",
                "By last day, the earliest first; without a state all that live (in force, queued), with a case all that is remembered of it. Without names and identity numbers. Those of a secret request are for its viewers alone; an operator sees no sums. A page may be short and still have a next one.",
            )
            .for_roles::<ReadStates>()
            .with(&["Court", "Partner", "CaseNumber", "MeasureState", "AssetKind", "EndsBefore", "Cursor", "Limit", "AcceptLanguage"])
            .shows(200, Shows::Json("MeasureList"))
            .and_headers(&["CacheControl"])
            .refusing(&[PARAMETER, &[Slug::CourtForeign], ENGINE]),
        Operation::of("importMeasures", "POST", "/v1/measures/import", "measures")
            .says("导入其他系统的存续措施", "Take living measures over from another system")
            .about(
                "逐行给出结论；同一协助单位、同一原编号只记一次，可重复提交；已有而所述不同的，在differs中逐项指明，不作更改。导入后可续行、解除、扣划，届满前提醒，与本系统所办相同。案件尚不存在的，随导入建立。",
                "A verdict for each row; a partner's number is taken once, so the same rows may be sent again; one that is known and says otherwise is told in `differs`, and changes nothing. What came over is renewed, released, deducted from and told of like our own. A case that is not known is made.",
            )
            .for_roles::<Import>()
            .with(&["AcceptLanguage"])
            .takes(Body::Rows("ImportRow"))
            .shows(200, Shows::Json("ImportVerdicts"))
            .and_headers(&["CacheControl"])
            .refusing(&[ENGINE]),
    ]
}

fn stops() -> Vec<Operation> {
    vec![
        Operation::of("listStops", "GET", "/v1/stops", "stops")
            .says("生效中的紧急停止", "Emergency stops in force")
            .about("法院令牌可见本院的和全局的。", "A court's token sees its own court's and those that hold everybody.")
            .for_roles::<ReadStates>()
            .with(&["AcceptLanguage"])
            .shows(200, Shows::Json("StopList"))
            .and_headers(&["CacheControl"]),
        Operation::of("orderStop", "POST", "/v1/stops", "stops")
            .says("下达紧急停止", "Order an emergency stop")
            .about(
                "一人即可，应答时已生效。所停事项保持就绪，不再发送；已发出的照常判定、询问。停法院的，解除类事项仍发送；停全部的，一律不发。审批人只能停本院。",
                "One person is enough; it is in force when the answer is there. What it holds stays ready and is not sent; what is under way is judged and asked about as ever. A court's stop lets go what ends a measure; a stop of all holds that too. An approver stops the own court only.",
            )
            .for_roles::<Stop>()
            .with(&["AcceptLanguage"])
            .takes(Body::Json("StopForm"))
            .shows(200, Shows::Json("StopOrdered"))
            .refusing(&[ID, &[Slug::CourtForeign, Slug::OutOfBounds], STATE, ENGINE]),
        Operation::of("liftStop", "POST", "/v1/stops/{id}/lift", "stops")
            .says("同意解除紧急停止", "Say that a stop may be lifted")
            .about(
                "须两名不同人员使用个人令牌，24小时内先后提出；第二人提出时在先者的令牌已撤销、更换或不再有此权限的，在先的失效。运维人员下达的由运维人员解除；审批人为本院下达的，由本院审批人或运维人员解除。",
                "Two different persons with tokens of their own, the second within 24 hours of the first; the first word is void once the token that said it is gone, has another secret or may not say it any more. What operators stopped, operators lift; what an approver stopped for the own court, approvers of that court and operators.",
            )
            .for_roles::<Stop>()
            .with(&["StopId", "AcceptLanguage"])
            .takes(Body::Json("ReasonForm"))
            .shows(200, Shows::Json("StopLifted"))
            .refusing(&[ID, PERSON, &[Slug::StopNotYours], ENGINE]),
    ]
}

fn partners() -> Vec<Operation> {
    vec![
        Operation::of("listPartners", "GET", "/v1/partners", "partners")
            .says("协助单位及其通道", "Partners and their lanes")
            .for_roles::<ReadStates>()
            .with(&["AcceptLanguage"])
            .shows(200, Shows::Json("PartnerList")),
        Operation::of("pausePartner", "POST", "/v1/partners/{id}/pause", "partners")
            .says("暂停通道", "Pause a lane")
            .about("至多14天，到期自动恢复。", "For at most 14 days; it ends by itself.")
            .for_roles::<Operate>()
            .with(&["PartnerId", "AcceptLanguage"])
            .takes(Body::Json("PauseForm"))
            .shows(200, Shows::Json("Sequence"))
            .refusing(&[ID, &[Slug::OutOfBounds], ENGINE]),
        Operation::of("resumePartner", "POST", "/v1/partners/{id}/resume", "partners")
            .says("恢复通道", "Resume a lane")
            .for_roles::<Operate>()
            .with(&["PartnerId", "AcceptLanguage"])
            .shows(200, Shows::Json("Sequence"))
            .refusing(&[ID, STATE, BODY, TYPE, ENGINE]),
        Operation::of("sendResults", "POST", "/v1/inbound/{partner}", "partners")
            .says("协助单位回传结果与线索", "A partner sends results and leads")
            .about(
                "仅供约定了回传的协助单位；其余由本系统询问或取回。正文由该单位所用的适配器读取，常用者见schemas/partners/open-tasks.md；逐项答复，同样的内容可重复回传。",
                "Only for partners that agreed to send; results of the others are fetched. The body is read by the partner's own adapter; schemas/partners/open-tasks.md draws the common one. Each item gets its verdict, and the same may be sent again.",
            )
            .for_roles::<Inbound>()
            .with(&["InboundPartner", "AcceptLanguage"])
            .takes(Body::Inbound)
            .shows(200, Shows::Json("Verdicts"))
            .and_headers(&["CacheControl"])
            .refusing(&[ID, &[Slug::PartnerHasNoCallback], ENGINE]),
    ]
}

fn inboxes() -> Vec<Operation> {
    vec![
        Operation::of("listInbox", "GET", "/v1/partner/tasks", "inbox")
            .says("待办事项", "Tasks")
            .about(
                "未接入系统的协助单位由经办人办理。旧的在前；首次列出即为下发并留痕，每次查看均留痕。",
                "For the clerks of a partner without a system. Oldest first; what is listed for the first time is handed over by it, and each look is an event.",
            )
            .for_roles::<Clerk>()
            .with(&["From", "InboxLimit", "AcceptLanguage"])
            .shows(200, Shows::Json("InboxList"))
            .and_headers(&["CacheControl"])
            .refusing(&[PARAMETER, ID, ENGINE]),
        Operation::of("showInboxTask", "GET", "/v1/partner/tasks/{id}", "inbox")
            .says("查看待办事项", "Show a task")
            .about("其他单位的、从未下发的均404。", "404 also for another partner's, and for one that was never listed.")
            .for_roles::<Clerk>()
            .with(&["ActId", "AcceptLanguage"])
            .shows(200, Shows::Json("InboxTask"))
            .and_headers(&["CacheControl"])
            .refusing(&[ID, ENGINE]),
        Operation::of("claimAct", "POST", "/v1/partner/tasks/{id}/claim", "inbox")
            .says("认领", "Take a task")
            .about("两小时内同单位的其他经办人不能认领或答复。", "For two hours the partner's other clerks can neither take nor answer it.")
            .for_roles::<Clerk>()
            .with(&["ActId", "AcceptLanguage"])
            .shows(200, Shows::Json("Claim"))
            .and_headers(&["CacheControl"])
            .refusing(&[ID, STATE, BODY, TYPE, &[Slug::ActClaimed], ENGINE]),
        Operation::of("answerAct", "POST", "/v1/partner/tasks/{id}/answer", "inbox")
            .says("答复", "Answer a task")
            .about(
                "同样的答复再次提交得首次应答；不同的答复取代先前的。答复前未认领的，即以答复人名义认领。",
                "The same answer again gets the first one's; another one supersedes it. An answer without a claim claims first, so that the trail tells who answered.",
            )
            .for_roles::<Clerk>()
            .with(&["ActId", "AcceptLanguage"])
            .takes(Body::Json("AnswerForm"))
            .shows(200, Shows::Json("Answered"))
            .and_headers(&["CacheControl"])
            .refusing(&[ID, STATE, &[Slug::ActClaimed, Slug::OutOfBounds], ENGINE]),
        Operation::of("readInboxPaper", "GET", "/v1/partner/tasks/{id}/papers/{n}", "inbox")
            .says("下载文书", "Read a paper of a task")
            .for_roles::<Clerk>()
            .with(&["ActId", "Index", "AcceptLanguage"])
            .shows(200, Shows::Document)
            .and_headers(&["CacheControl", "ContentDisposition"])
            .refusing(&[ID, ENGINE]),
    ]
}

fn trail() -> Vec<Operation> {
    let open = |id, path, zh, en| Operation::of(id, "GET", path, "trail").says(zh, en);
    vec![
        Operation::of("readEntry", "GET", "/v1/trail/entries/{n}", "trail")
            .says("一条留痕及其证明", "An entry of the trail with its proof")
            .about(
                "证明自叶至检查点所载树根（RFC 6962），仅凭公钥即可核验；检查点尚未覆盖时503（not_yet_in_checkpoint，一秒后再试）。",
                "The proof runs from the leaf to the root that the signed checkpoint names (RFC 6962) and is checked with public keys alone; 503 `not_yet_in_checkpoint` until a checkpoint covers it, within a second.",
            )
            .for_roles::<Audit>()
            .with(&["Index", "AcceptLanguage"])
            .shows(200, Shows::Json("Entry"))
            .and_headers(&["CacheControl"])
            .refusing(&[ID, ENGINE, &[Slug::NotYetInCheckpoint]]),
        open("describeApi", "/v1/openapi.json", "本说明", "This description").shows(200, Shows::Json("Anything")).and_headers(&["CacheControl"]),
        open("readCheckpoint", "/trail/checkpoint", "最新签名检查点", "The newest signed checkpoint")
            .about("C2SP tlog-checkpoint格式的签名文本。", "A signed note in the C2SP tlog-checkpoint format.")
            .shows(200, Shows::Text("text/plain; charset=utf-8"))
            .and_headers(&["CacheControl"]),
        open("readKeys", "/trail/keys", "核验公钥", "Public keys")
            .about("请经另一渠道核对。", "Compare them over another channel.")
            .shows(200, Shows::Json("Keys"))
            .and_headers(&["CacheControl"]),
        open("readTile", "/trail/tile/{path}", "哈希片", "A hash tile")
            .about(
                "C2SP tlog-tiles：<层>/<序号>[.p/<宽>]，斜杠不编码。",
                "C2SP tlog-tiles: <level>/<number>[.p/<width>], the slashes not encoded.",
            )
            .with(&["TilePath", "AcceptLanguage"])
            .shows(200, Shows::Tile)
            .and_headers(&["CacheControl"])
            .refusing(&[ID, &[Slug::Unavailable]]),
    ]
}

fn health() -> Vec<Operation> {
    let open = |id, path, zh, en| Operation::of(id, "GET", path, "health").says(zh, en);
    vec![
        open("live", "/health/live", "进程存活", "The process answers").shows(200, Shows::Json("Live")),
        open("ready", "/health/ready", "可否受理", "Whether requests are taken")
            .about("不可受理时503，正文相同。", "503 with the same body when not.")
            .shows(200, Shows::Json("Health"))
            .and_headers(&["CacheControl"]),
        open("metrics", "/metrics", "指标（Prometheus）", "Figures (Prometheus)")
            .shows(200, Shows::Text("text/plain; version=0.0.4; charset=utf-8")),
    ]
}
