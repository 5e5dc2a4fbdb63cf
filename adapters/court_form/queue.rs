//! Whether words of a bank beside "not done" say that a freeze stands in the queue (轮候), that it does not, or neither.

use domain::outcome::Reason;

/// What the words say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Queue {
    /// It is registered behind others.
    Registered,
    /// It was not done.
    Refused,
    /// They name a queue and say neither, or both: nobody takes them at their word.
    Unclear,
}

const QUEUE: &str = "轮候";

/// Words by which a partner says that it did not do something.
const REFUSALS: [&str; 17] = [
    "不支持",
    "失败",
    "不能",
    "无法",
    "不予",
    "退回",
    "退件",
    "拒绝",
    "驳回",
    "不可",
    "不得",
    "不允许",
    "不受理",
    "不办理",
    "未办理",
    "不成功",
    "未成功",
];
/// Words by which it says so of a queue.
const QUEUE_REFUSALS: [&str; 16] = [
    "未能",
    "未开通",
    "未轮候",
    "未受理",
    "未登记",
    "未冻结",
    "未做",
    "未作",
    "没有",
    "不适用",
    "不具备",
    "不提供",
    "已满",
    "非轮候",
    "不是轮候",
    "无轮候",
];
/// Words by which a partner says, in one breath with the queue, that it has registered a freeze behind others.
const REGISTERED: [&str; 12] = [
    "已轮候",
    "已登记",
    "已办理",
    "已列",
    "已作轮候",
    "已做轮候",
    "已转轮候",
    "已进入轮候",
    "转为轮候",
    "登记成功",
    "轮候成功",
    "轮候冻结成功",
];
/// What a clause says that is no more than the state.
const STATES: [&str; 8] = [QUEUE, "轮候冻结", "轮候查封", "轮候控制", "轮候登记", "轮候中", "轮候状态", "轮候冻结中"];
/// The same within a clause.
const STATED: [&str; 6] = ["为轮候", "作轮候", "轮候控制", "轮候第", "轮候顺位", "轮候序号"];
/// Words without which a queue is not yet one: it is wished, asked, expected, denied or broken.
const DOUBTS: [&str; 35] = [
    "请",
    "可",
    "待",
    "需",
    "须",
    "拟",
    "将轮候",
    "将为",
    "将作",
    "将转",
    "应",
    "若",
    "如",
    "未",
    "非",
    "不",
    "没",
    "无",
    "暂",
    "尚",
    "异常",
    "错",
    "误",
    "满",
    "失",
    "超时",
    "停",
    "撤",
    "否",
    "稍后",
    "重",
    "建议",
    "改为",
    "故障",
    "申请中",
];
/// What stands for itself and holds a sign of a doubt.
const INNOCENT: [&str; 8] = ["无可用余额", "可用余额", "可用", "余额不足", "不足", "无余额", "未到期", "未解除"];

/// Do the words say that something was not done?
pub(crate) fn refuses(text: &str) -> bool {
    has(text, &REFUSALS)
}

/// Do words that name a queue leave it in doubt?
pub(crate) fn is_doubtful(text: &str) -> bool {
    let innocent = INNOCENT.iter().fold(text.to_owned(), |text, word| text.replace(word, ""));
    refuses(text) || has(text, &QUEUE_REFUSALS) || has(&innocent, &DOUBTS)
}

/// What words that name a queue say of it; `None` when they name none. `named` is the reason that they mean.
pub(crate) fn queue_of(text: &str, named: Reason) -> Option<Queue> {
    if !text.contains(QUEUE) {
        return None;
    }
    let is_sign = |sign: char| !sign.is_alphanumeric();
    let clauses = || text.split(is_sign).filter(|clause| clause.contains(QUEUE));
    let is_registered = clauses().any(|clause| has(clause, &REGISTERED));
    let is_stated = clauses().any(|clause| STATES.contains(&clause) || has(clause, &STATED));
    let has_other_ground = !matches!(named, Reason::PriorRight | Reason::Other);
    Some(match (refuses(text) || has(text, &QUEUE_REFUSALS), is_registered) {
        (true, true) => Queue::Unclear,
        (true, false) => Queue::Refused,
        (false, true) if !is_doubtful(text) => Queue::Registered,
        (false, false) if has_other_ground => Queue::Refused,
        (false, false) if is_stated && !is_doubtful(text) => Queue::Registered,
        (false, _) => Queue::Unclear,
    })
}

fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::court_form::reason::reason_of;

    const SAID: [&str; 17] = [
        "轮候",
        "轮候冻结",
        "已轮候",
        "已登记轮候",
        "已登记轮候冻结",
        "轮候登记成功",
        "轮候成功",
        "轮候冻结成功",
        "已做轮候",
        "已作轮候冻结",
        "本次为轮候冻结",
        "按轮候控制",
        "轮候，前有2笔",
        "账户已被冻结，转为轮候",
        "账户已被冻结，轮候冻结",
        "可用余额不足，已登记轮候",
        "轮候第2位",
    ];
    const REFUSED: [&str; 14] = [
        "未能轮候冻结",
        "暂未开通轮候",
        "没有轮候功能",
        "轮候队列已满",
        "轮候不适用",
        "非轮候",
        "未轮候",
        "轮候未受理",
        "我行不支持轮候冻结",
        "轮候冻结失败",
        "已有轮候3笔，无法控制",
        "该冻结为轮候冻结，不能续冻",
        "余额不足，轮候冻结",
        "查无账户信息，轮候冻结",
    ];
    const UNCLEAR: [&str; 10] = [
        "轮候冻结异常",
        "轮候登记出错",
        "轮候，待人工处理",
        "需人工办理轮候",
        "请改为轮候冻结后重发",
        "可申请轮候冻结",
        "已有轮候3笔",
        "已登记轮候，无法足额冻结",
        "已登记轮候申请，待审核",
        "轮候冻结超时",
    ];

    #[test]
    fn only_words_that_say_so_are_a_queue() {
        let told = |text: &str| queue_of(text, reason_of(text));
        for (texts, wanted) in [(&SAID[..], Queue::Registered), (&REFUSED, Queue::Refused), (&UNCLEAR, Queue::Unclear)]
        {
            for text in texts {
                assert_eq!(told(text), Some(wanted), "{text}");
            }
        }
        assert_eq!(told("账户已被冻结"), None);
    }

    proptest::proptest! {
        /// Whatever is said around it, words that refuse or leave in doubt are never overheard.
        #[test]
        fn no_word_beside_them_makes_a_queue_of_doubtful_words(
            doubt in proptest::sample::select([&REFUSED[..], &UNCLEAR].concat()),
            said in proptest::sample::select(&SAID[..]),
            sign in proptest::sample::select(&["，", "；", "。", " ", ""][..]),
            first: bool,
        ) {
            // These two and one say no more than what others have.
            proptest::prop_assume!(!matches!(doubt, "余额不足，轮候冻结" | "已有轮候3笔" | "查无账户信息，轮候冻结"));
            let text = if first { format!("{doubt}{sign}{said}") } else { format!("{said}{sign}{doubt}") };
            proptest::prop_assert_ne!(queue_of(&text, reason_of(&text)), Some(Queue::Registered), "{}", text);
        }

        #[test]
        fn a_queue_is_named(text in "(账户|已被冻结|已登记|无法|待|可|请|，|冻结|成功){0,6}") {
            proptest::prop_assert_eq!(queue_of(&text, reason_of(&text)), None);
        }
    }
}
