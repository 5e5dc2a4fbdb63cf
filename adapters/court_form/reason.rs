//! A bank's own words (WNKZYY, FailureCause, XCHTYY) as one of the closed reasons; the words themselves are kept beside.

use domain::outcome::Reason;

/// The reason that a text means. Rows are tried in order; a row fits when each of its groups has a word in the text.
///
/// The words are those of the processing rules of banks (WIRE g.1, rules 1 to 10); a mismatch of an identity paper goes
/// before a missing one, because both name the paper.
pub(crate) fn reason_of(text: &str) -> Reason {
    const MISMATCH: &[&str] = &["不匹配", "不符", "不一致", "有误"];
    const ABSENT: &[&str] = &["无", "缺", "空", "未提供", "不全", "未上传"];
    const PRIOR: &[&str] = &[
        "优先权",
        "质押",
        "保证金",
        "轮候",
        "在先",
        "被冻结",
        "已冻结",
        "被查封",
        "已查封",
        "司法冻结",
        "有权机关",
        "其他法院",
        "其它法院",
        "他院",
        "首冻",
        "首封",
    ];
    const ROWS: &[(&[&[&str]], Reason)] = &[
        (&[&["成功"], &["失败", "未冻结"]], Reason::PartOfAssets),
        (&[&["姓名", "户名", "名称"], MISMATCH], Reason::NameMismatch),
        (&[&["证件", "身份证", "证号"], MISMATCH], Reason::IdMismatch),
        (&[&["原冻结", "冻结编号", "原请求", "未被冻结", "无冻结记录", "查无冻结"]], Reason::NoOriginalFreeze),
        // Before the papers: whoever looked by the number of a paper and found nobody names the paper too.
        (&[&["查无此", "查无账", "查无客户", "查无开户", "无此人", "无此户", "无此账", "无此客户"]], Reason::NotFound),
        (&[&["文书", "通知书", "裁定书"], ABSENT], Reason::PaperMissing),
        (&[&["证件", "工作证", "公务证"], ABSENT], Reason::CredentialMissing),
        (&[&["工作证", "公务证", "警号", "证号"], &["长", "线下"]], Reason::CredentialMissing),
        (
            &[&[
                "查无",
                "未查到",
                "未查询到",
                "账户不存在",
                "账号不存在",
                "户名不存在",
                "客户不存在",
                "非我行客户",
                "不是我行客户",
                "未开户",
                "无开户",
                "已销户",
            ]],
            Reason::NotFound,
        ),
        (&[&["余额不足", "余额为零", "余额为0", "无可用余额", "可用余额不足"]], Reason::Insufficient),
        (&[&["轮候"], &["不支持", "不办理", "不受理", "不予办理"]], Reason::Unsupported),
        (&[PRIOR], Reason::PriorRight),
        (&[&["不支持", "无法办理该", "不予办理此类"]], Reason::Unsupported),
    ];
    ROWS.iter()
        .find(|(groups, _)| groups.iter().all(|words| words.iter().any(|word| text.contains(word))))
        .map_or(Reason::Other, |(_, reason)| *reason)
}

/// Do words beside "not done" say that somebody is still at it? Then nothing is final yet.
pub(crate) fn is_under_way(text: &str) -> bool {
    const AT_IT: [&str; 10] =
        ["处理中", "办理中", "受理中", "审核中", "审批中", "复核中", "核实中", "核查中", "扣划中", "划款中"];
    const WAITS: [&str; 12] = [
        "待处理",
        "待办理",
        "待审核",
        "待审批",
        "待复核",
        "待核实",
        "待人工",
        "正在处理",
        "正在办理",
        "正在审核",
        "正在审批",
        "正在核实",
    ];
    // 处理中心 is an office, and 处理中断 is none at work.
    let ends = |behind: &str| {
        behind.chars().next().is_none_or(|sign| !sign.is_alphanumeric() || "请待尚暂稍未".contains(sign))
    };
    let is_at_it = AT_IT
        .iter()
        .any(|word| text.match_indices(word).any(|(at, _)| ends(text.get(at + word.len()..).unwrap_or_default())));
    is_at_it || WAITS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_still_at_it_says_so() {
        for text in ["处理中", "该笔业务处理中，请稍后查询", "人工审核中", "已受理，待人工复核", "正在办理", "扣划中。"]
        {
            assert!(is_under_way(text), "{text}");
        }
        for text in
            ["", "请联系集中处理中心", "处理中断", "处理中止", "处理中发生异常", "账户冻结中", "轮候冻结中", "余额不足"]
        {
            assert!(!is_under_way(text), "{text}");
        }
    }

    #[test]
    fn the_rules_of_a_bank_have_a_reason_each() {
        for (text, reason) in [
            ("无法律文书，协助执行单位业务审核未通过", Reason::PaperMissing),
            ("无文书编号", Reason::PaperMissing),
            ("无证件信息，协助执行单位业务审核未通过", Reason::CredentialMissing),
            ("缺少执行公务证扫描件", Reason::CredentialMissing),
            ("执行公务证号过长，请业务人员线下处理", Reason::CredentialMissing),
            ("账号与被控制人姓名不匹配，协助执行单位业务审核未通过", Reason::NameMismatch),
            ("账号与被控制人证件信息不匹配，协助执行单位业务审核未通过", Reason::IdMismatch),
            ("查无账户信息", Reason::NotFound),
            ("无原冻结请求信息或冻结编号", Reason::NoOriginalFreeze),
            ("账户存在优先权（保证金）", Reason::PriorRight),
            ("成功冻结资金回款账户，但理财产品冻结失败", Reason::PartOfAssets),
            ("账户可用余额不足", Reason::Insufficient),
            ("不支持的控制措施", Reason::Unsupported),
            ("账户已被冻结，我行不支持轮候冻结", Reason::Unsupported),
            ("账户质押，不支持冻结", Reason::PriorRight),
            ("请联系网点", Reason::Other),
            ("查无此人", Reason::NotFound),
            ("查无此户", Reason::NotFound),
            ("按证件号码查无此人", Reason::NotFound),
            ("证件号下无此客户", Reason::NotFound),
            ("未查询到客户信息", Reason::NotFound),
            ("非我行客户", Reason::NotFound),
            ("在先冻结", Reason::PriorRight),
            ("账户已被其他法院冻结", Reason::PriorRight),
            ("存在有权机关司法冻结", Reason::PriorRight),
            ("轮候", Reason::PriorRight),
            ("该账户未被冻结，无法解除", Reason::NoOriginalFreeze),
            ("查无冻结信息", Reason::NoOriginalFreeze),
            ("", Reason::Other),
        ] {
            assert_eq!(reason_of(text), reason, "{text}");
        }
    }
}
