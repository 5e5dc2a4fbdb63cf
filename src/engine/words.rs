//! What an event says, in one sentence of each language: those that may stand in what proves an act, in the words of `schemas/trail/events.toml`.

use store::record::Fact;

/// Chinese, and the same in English.
pub(crate) fn words(fact: &Fact) -> (&'static str, &'static str) {
    match fact {
        Fact::ConfigLoaded(_) => ("一套配置生效", "A configuration came into force."),
        Fact::RequestAccepted(_) => {
            ("受理一件协助请求,计划已定", "A request was accepted; its plan stands in the body.")
        }
        Fact::PlanExtended(_) => ("目标继续推进,增列协助事项", "A goal went on: more acts were planned."),
        Fact::RequestApproved(_) => {
            ("一人批准待审批事项", "The acts that wait for approval were approved by one person.")
        }
        Fact::RequestStopped(_) => ("停止办理,不再启动新事项", "Nothing new starts for this request."),
        Fact::DeadlinePassed(_) => ("请求期限已过", "The deadline of a request passed; told once."),
        Fact::RequestFinished(_) => ("请求全部事项办结", "Every act of a request is final and nothing follows."),
        Fact::ExchangeBegan(fact) if !fact.paced_by.is_empty() => (
            "一次报文往来开始,此前因约定的频次、并发或每日上限而等待",
            "One message out began that agreed limits had kept waiting for a second or more.",
        ),
        Fact::ExchangeBegan(_) => {
            ("一次报文往来开始,此后报文可能已发出", "One message out began: bytes may leave once this is durable.")
        }
        Fact::ExchangeEnded(_) => ("一次报文往来已判定", "One message out was judged."),
        Fact::OutcomeReceived(_) => ("协助单位主动送来一项结果", "An outcome came in by itself."),
        Fact::ActWithdrawn(_) => ("事项在发出前撤回", "An act was withdrawn before anything left."),
        Fact::ActResolved(_) => (
            "两人凭协助单位的文件就存疑事项作出认定",
            "Of the two people who settle an act in doubt with the partner's paper, one has spoken, or the second has said the same.",
        ),
        Fact::LanePaused(_) => ("通道暂停", "Somebody paused a lane."),
        Fact::LaneResumed(_) => ("通道恢复", "A lane goes on."),
        Fact::LeadReceived(_) => ("协助单位主动送来一条线索", "A partner told something unasked about an act."),
        Fact::StopOrdered(_) => (
            "一人下达紧急停止：某类事项、某一法院或全部不再发送",
            "One person stopped kinds of act, a court, or everything; nothing new of it is sent.",
        ),
        Fact::StopLifted(_) => ("第二人同意，紧急停止解除", "A second person agreed: the stop is over."),
        Fact::MeasureLapsed(_) => (
            "措施期限届满未续行,自动失效",
            "Measures ended by themselves: their last day passed without a renewal (rule D10).",
        ),
        Fact::MeasureChanged(_) => ("措施现状已知有变", "A measure is now known to stand otherwise."),
        Fact::TaskRaised(_) => ("产生一项人工任务", "Somebody has something to do."),
        Fact::TaskEnded(_) => ("一项人工任务了结", "A task ended."),
        Fact::SettlementReceived(_) => ("法院账户到账一笔", "Money was seen on a court's account."),
        Fact::ActClaimed(_) => (
            "协助单位经办人认领待办事项",
            "A clerk of a partner took an act from its inbox, or said something about it.",
        ),
        Fact::ReminderBegan(_) => (
            "一次收件箱催办开始,此后可能已发出",
            "A reminder of what waits in an inbox began: it may leave once this is durable.",
        ),
        Fact::ReminderEnded(_) => ("一次收件箱催办已判定", "A reminder ended."),
        Fact::ActHeld(_) => (
            "待发送的事项因协助单位的接入阶段、承办人登记或部分解除的约定而不得发送",
            "Acts that are ready may not be sent: by the partner's stage, its register of officers (rule D4), or what it reads of a release in part.",
        ),
        Fact::ActFreed(_) => ("上述原因消除，事项可以发送", "What held these acts is gone."),
        Fact::GatewayStarted(_) => ("网关启用了本数据目录", "The gateway took up its data directory."),
        Fact::CaseHalted(_) => ("案件中止采取措施", "Nothing more is done to the property in a case."),
        Fact::CaseResumed(_) => ("案件恢复采取措施", "Another person let the case go on."),
        Fact::ErasureProposed(_) => {
            ("一人提出删除案件", "One person wants a case erased; it takes another one's word.")
        }
        Fact::CaseErased(_) => (
            "第二人同意，案件已删除，其密钥随即销毁",
            "Another person agreed: a case is erased, and its keys are destroyed behind this.",
        ),
        _ => ("其他事件", "Another event."),
    }
}
