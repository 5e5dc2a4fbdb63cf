//! A bank's own words (WNKZYY, FailureCause, XCHTYY) as one of the closed reasons; the words themselves are kept beside.

use domain::outcome::Reason;

/// The reason that a text means. Rows are tried in order; a row fits when each of its groups has a word in the text.
///
/// The words are those of the processing rules of banks (WIRE g.1, rules 1 to 10); a mismatch of an identity paper goes
/// before a missing one, because both name the paper.
pub(crate) fn reason_of(text: &str) -> Reason {
    const MISMATCH: &[&str] = &["不匹配", "不符", "不一致", "有误"];
    const ABSENT: &[&str] = &["无", "缺", "空", "未提供", "不全", "未上传"];
    const ROWS: &[(&[&[&str]], Reason)] = &[
        (&[&["成功"], &["失败", "未冻结"]], Reason::PartOfAssets),
        (&[&["姓名", "户名", "名称"], MISMATCH], Reason::NameMismatch),
        (&[&["证件", "身份证", "证号"], MISMATCH], Reason::IdMismatch),
        (&[&["原冻结", "冻结编号", "原请求"]], Reason::NoOriginalFreeze),
        (&[&["文书", "通知书", "裁定书"], ABSENT], Reason::PaperMissing),
        (&[&["证件", "工作证", "公务证"], ABSENT], Reason::CredentialMissing),
        (&[&["工作证", "公务证", "警号", "证号"], &["长", "线下"]], Reason::CredentialMissing),
        (
            &[&[
                "查无",
                "账户不存在",
                "账号不存在",
                "无此账",
                "无此户",
                "无此客户",
                "客户不存在",
                "未开户",
                "无开户",
                "已销户",
            ]],
            Reason::NotFound,
        ),
        (&[&["余额不足", "余额为零", "余额为0", "无可用余额", "可用余额不足"]], Reason::Insufficient),
        (&[&["轮候"], &["不支持", "不办理", "不受理", "不予办理"]], Reason::Unsupported),
        (&[&["优先权", "质押", "保证金", "轮候", "在先", "已被冻结", "已冻结"]], Reason::PriorRight),
        (&[&["不支持", "无法办理该", "不予办理此类"]], Reason::Unsupported),
    ];
    ROWS.iter()
        .find(|(groups, _)| groups.iter().all(|words| words.iter().any(|word| text.contains(word))))
        .map_or(Reason::Other, |(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("", Reason::Other),
        ] {
            assert_eq!(reason_of(text), reason, "{text}");
        }
    }
}
