//! For every state of an act one sentence: what happened, who acts next, by when; Chinese and English in one place.

use crate::{ActState, Millis};

/// Why an act that is ready has not gone yet, why one in doubt is not asked about, or why one came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// Nothing holds it; the lane sends it in its turn.
    Turn,
    /// An act it builds on is not final.
    Base,
    /// An open deduction out of the freeze that it lets go is not final (rule D33).
    Taking,
    /// The act that it waits for waits for an approval.
    Approval,
    /// An earlier act on the same subject is not with the partner yet.
    Order,
    /// The partner is closed.
    Hours,
    /// The partner's agreed limit is used up for now.
    Limit,
    /// A failed try is repeated later.
    Retry,
    /// The partner fails; the lane probes it later.
    Breaker,
    /// Somebody paused the lane.
    Paused,
    /// An emergency stop holds it.
    Stopped,
    /// The case is halted.
    Halted,
    /// The partner's stage does not let it go (any more).
    Stage,
    /// An officer it is sent for is not registered with the partner, or no longer (rule D4).
    Officer,
    /// It lets go of a part, and the partner does not read how much (any more).
    Part,
    /// The partner fetches it with its next list.
    Fetch,
    /// The partner's file was missing at the start: nobody knows how it is reached.
    Absent,
    /// Papers that go with it cannot be read.
    Papers,
    /// The partner will be asked by our number.
    Ask,
    /// The partner has registered it and goes on when a condition is met or a notice period is over.
    Condition,
    /// Two people must settle it with the partner's paper.
    People,
    /// One of the two has spoken.
    OtherPerson,
    /// Two have spoken, and not the same: the newest word waits for another person's.
    WordsDiffer,
    /// Two people found that what was sent did not take effect.
    Denied,
    /// What was sent did not reach the partner, or is not known there.
    NotReached,
}

/// What happened, who acts next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sentence {
    /// What happened, Chinese.
    pub what_zh: &'static str,
    /// What happened, English.
    pub what_en: &'static str,
    /// Who acts next, Chinese; empty when nobody needs to.
    pub who_zh: &'static str,
    /// Who acts next, English.
    pub who_en: &'static str,
    /// By when, when that is known.
    pub by: Option<Millis>,
}

/// The sentence for a goal that is not met and asks again.
#[must_use]
pub fn repeating(next_round: Option<Millis>, ends: Millis) -> Sentence {
    let (what_zh, what_en) = match next_round {
        Some(_) => ("尚未足额，届时再次查控", "is not covered yet; the same partners are asked again then"),
        None => (
            "尚未足额，各轮查控已毕，届时转人工处理",
            "is not covered yet and has asked its last time; a person decides when its days are over",
        ),
    };
    Sentence { what_zh, what_en, who_zh: "本系统", who_en: "the gateway", by: Some(next_round.unwrap_or(ends)) }
}

/// The sentence for an act of which something cannot be read; its state is said beside it.
#[must_use]
pub fn unreadable() -> Sentence {
    Sentence {
        what_zh: "存储受损，部分内容暂不可读；状态以留痕为准",
        what_en: "part of its content cannot be read, for what keeps it is damaged; its state is what the trail tells",
        who_zh: "运维人员",
        who_en: "the operator",
        by: None,
    }
}

/// The sentence for an act.
#[must_use]
pub fn next(state: ActState, waiting: Waiting, by: Option<Millis>) -> Sentence {
    let (what_zh, what_en, who_zh, who_en) = match state {
        ActState::Planned => ("等待审批", "waits for approval", "审批人", "the approver"),
        ActState::Ready | ActState::Awaiting if waiting == Waiting::Papers => (
            "随附文书无法读取，协助单位取不到文书",
            "papers that go with it cannot be read, so the partner does not get them",
            "运维人员（恢复文书文件）",
            "the operator, who restores the files of the papers",
        ),
        ActState::Ready | ActState::Sending | ActState::Awaiting | ActState::InDoubt if waiting == Waiting::Absent => {
            absent(state)
        }
        ActState::Ready => ready(waiting),
        ActState::Sending => ("正在发送", "is being sent", "本系统", "the gateway"),
        ActState::Awaiting if waiting == Waiting::Ask => (
            "协助单位已受理，将按请求单号询问结果",
            "the partner has it; we shall ask for the result by our number",
            "本系统",
            "the gateway",
        ),
        ActState::Awaiting if waiting == Waiting::Condition => (
            "协助单位已登记，待条件成就或期限届满后办理",
            "is registered with the partner, which goes on when a condition is met or a notice period is over",
            "协助单位",
            "the partner",
        ),
        ActState::Awaiting => {
            ("已送达，等待反馈", "is with the partner, which answers next", "协助单位", "the partner")
        }
        ActState::InDoubt if waiting == Waiting::People => (
            "结果不明且无法询问，须由两名人员凭协助单位书面材料确认",
            "it is unknown whether it took effect and it cannot be asked; two people settle it with the partner's paper",
            "两名承办人员",
            "two officers",
        ),
        ActState::InDoubt if waiting == Waiting::OtherPerson => (
            "结果不明，已有一人凭协助单位书面材料确认，须由另一人凭书面材料作同样确认",
            "it is unknown whether it took effect; one person has said what the partner's paper says, and another must say the same",
            "另一名承办人员",
            "another officer",
        ),
        ActState::InDoubt if waiting == Waiting::WordsDiffer => (
            "结果不明，两人依书面材料所作确认不一致，以最近一次确认为准，须由另一人核对书面材料后作同样确认；有误的，另行确认",
            "it is unknown whether it took effect; two people said different things of the partner's paper, the newest word stands, and another person must hold it against the paper and say the same, or say otherwise",
            "最近一次确认人以外的承办人员",
            "an officer other than the one who spoke last",
        ),
        ActState::InDoubt => (
            "结果不明，将按请求单号询问",
            "it is unknown whether it took effect; we ask by our number",
            "本系统",
            "the gateway",
        ),
        ActState::Done => ("已办结", "is done", "", ""),
        ActState::Partly => ("部分办结", "is partly done", "", ""),
        ActState::Refused => ("协助单位未办理", "the partner did not do it", "承办人", "the officer"),
        ActState::HandedBack => (
            "协助单位已回退，须更正后重新提交",
            "was handed back; correct it and submit again",
            "承办人",
            "the officer",
        ),
        ActState::Withdrawn => ("已撤回", "was withdrawn", "", ""),
        ActState::Unsent => unsent(waiting),
    };
    Sentence { what_zh, what_en, who_zh, who_en, by }
}

fn unsent(waiting: Waiting) -> (&'static str, &'static str, &'static str, &'static str) {
    match waiting {
        Waiting::Denied => (
            "经两名人员凭协助单位书面材料确认未生效",
            "did not take effect, as two people found by the partner's paper",
            "承办人",
            "the officer",
        ),
        Waiting::NotReached => (
            "曾发出而未送达协助单位，或经询问对方查无此单，已不再发送",
            "was sent and did not reach the partner, or is not known there, and is not sent again",
            "承办人",
            "the officer",
        ),
        _ => ("未发送", "was never sent", "承办人", "the officer"),
    }
}

fn absent(state: ActState) -> (&'static str, &'static str, &'static str, &'static str) {
    if state == ActState::InDoubt {
        return (
            "结果不明，该协助单位的配置文件缺失，暂无法询问",
            "it is unknown whether it took effect, and it cannot be asked while the partner's file is missing from the configuration",
            "运维人员（恢复该单位的配置文件），或两名承办人员凭协助单位书面材料确认",
            "the operator, who puts the partner's file back, or two officers with the partner's paper",
        );
    }
    (
        "该协助单位的配置文件缺失，无法发送、取件或反馈",
        "the partner's file is missing from the configuration, so nothing is sent, fetched or fed back",
        "运维人员（恢复该单位的配置文件）",
        "the operator, who puts the partner's file back",
    )
}

fn ready(waiting: Waiting) -> (&'static str, &'static str, &'static str, &'static str) {
    match waiting {
        Waiting::Base => ("等待所依据的冻结办结", "waits for the freeze it builds on", "协助单位", "the partner"),
        Waiting::Taking => (
            "等待同一冻结上在先的扣划办结",
            "waits for an open deduction out of the same freeze",
            "协助单位",
            "the partner",
        ),
        Waiting::Approval => (
            "等待在先事项办结，该事项尚待审批",
            "waits for an earlier act that itself waits for approval",
            "审批人",
            "the approver",
        ),
        Waiting::Order => {
            ("等待同一被执行人的在先事项送达", "waits for an earlier act on the same subject", "本系统", "the gateway")
        }
        Waiting::Hours => ("协助单位未到受理时间", "the partner is closed", "协助单位", "the partner"),
        Waiting::Limit => {
            ("已达约定的频次上限，稍后发送", "the agreed limit is used up for now", "本系统", "the gateway")
        }
        Waiting::Retry => ("未能送达，稍后重试", "could not be delivered; it is tried again", "本系统", "the gateway"),
        Waiting::Breaker => {
            ("协助单位暂不可用，稍后探测", "the partner is failing; it is probed later", "协助单位", "the partner")
        }
        Waiting::Paused => ("该协助单位的通道已暂停", "the lane is paused", "运维人员", "the operator"),
        Waiting::Stopped => (
            "因紧急停止暂不发送",
            "is held by an emergency stop; it goes once two persons have lifted that",
            "有权解除停止的两名人员",
            "the two persons who may lift the stop",
        ),
        Waiting::Halted => (
            "案件已中止采取措施，暂不发送",
            "is held: the case is halted; it goes on once another person has resumed the case",
            "承办法院",
            "the court",
        ),
        Waiting::Stage => (
            "协助单位现处接入阶段不含此类事项，暂不发送",
            "is held: the partner is at a stage that does not include this kind of act",
            "运维人员",
            "the operator",
        ),
        Waiting::Officer => (
            "承办人未在协助单位登记或登记已失效，暂不发送",
            "is held: an officer is not, or no longer, registered with the partner",
            "承办人",
            "the officer",
        ),
        Waiting::Part => (
            "协助单位现不能识别部分解除，发出即全部解除，暂不发送",
            "is held: the partner does not read a part any more and would release all of it",
            "承办人（撤回后以书面方式办理）",
            "the officer, who withdraws it and has it done on paper",
        ),
        Waiting::Fetch => ("等待协助单位取件", "the partner fetches it with its next list", "协助单位", "the partner"),
        _ => ("待发送", "is about to be sent", "本系统", "the gateway"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITING: [Waiting; 25] = [
        Waiting::Turn,
        Waiting::Base,
        Waiting::Taking,
        Waiting::Approval,
        Waiting::Order,
        Waiting::Hours,
        Waiting::Limit,
        Waiting::Retry,
        Waiting::Breaker,
        Waiting::Paused,
        Waiting::Stopped,
        Waiting::Halted,
        Waiting::Stage,
        Waiting::Part,
        Waiting::Officer,
        Waiting::Fetch,
        Waiting::Absent,
        Waiting::Papers,
        Waiting::Ask,
        Waiting::Condition,
        Waiting::People,
        Waiting::OtherPerson,
        Waiting::WordsDiffer,
        Waiting::Denied,
        Waiting::NotReached,
    ];

    #[test]
    fn whoever_waits_is_told_for_what_and_for_whom_in_both_languages() {
        for state in ActState::ALL {
            for waiting in WAITING {
                let said = next(*state, waiting, Some(7));
                assert!(!said.what_zh.is_empty() && !said.what_en.is_empty(), "{} {waiting:?}", state.word());
                assert_eq!(said.who_zh.is_empty(), said.who_en.is_empty(), "{} {waiting:?}", state.word());
                assert!(state.is_final() || !said.who_zh.is_empty(), "{} {waiting:?}: who acts next?", state.word());
                assert!(said.what_zh.chars().all(|c| !c.is_ascii_alphabetic()), "{}", said.what_zh);
                assert!(said.what_en.is_ascii() && said.who_en.is_ascii(), "{}", said.what_en);
                assert_eq!(said.by, Some(7));
            }
        }
    }

    #[test]
    fn each_reason_to_wait_has_a_sentence_of_its_own() {
        let said = |state, waiting| next(state, waiting, None).what_zh;
        let ready: std::collections::BTreeSet<_> =
            WAITING.iter().map(|waiting| said(ActState::Ready, *waiting)).collect();
        assert_eq!(ready.len(), 18, "{ready:?}");
        let awaiting = [Waiting::Ask, Waiting::Condition, Waiting::Turn, Waiting::Papers, Waiting::Absent]
            .map(|waiting| said(ActState::Awaiting, waiting));
        assert_eq!(awaiting.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
        let in_doubt = [Waiting::Ask, Waiting::People, Waiting::OtherPerson, Waiting::WordsDiffer, Waiting::Absent]
            .map(|waiting| said(ActState::InDoubt, waiting));
        assert_eq!(in_doubt.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
        let unsent =
            [Waiting::Turn, Waiting::Denied, Waiting::NotReached].map(|waiting| said(ActState::Unsent, waiting));
        assert_eq!(unsent.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
    }
}
