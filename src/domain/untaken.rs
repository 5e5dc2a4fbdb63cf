//! Why something that a partner told was not taken: a value with a code and a text in each language.

use std::borrow::Cow;

use crate::ActKind;

macro_rules! flaws {
    ($($variant:ident = $code:literal $chinese:literal $english:literal,)+) => {
        /// What can be wrong, each with a code that stays; a `{}` in its texts stands for what [`Untaken`] names.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Flaw {
            $(#[doc = $english] $variant,)+
        }

        impl Flaw {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word that stays the same, for programs.
            #[must_use]
            pub fn code(self) -> &'static str {
                self.row().0
            }

            /// Its code, its Chinese and its English, with `{}` where something is named.
            #[must_use]
            pub fn row(self) -> (&'static str, &'static str, &'static str) {
                match self {
                    $(Self::$variant => ($code, $chinese, $english),)+
                }
            }
        }
    };
}

// Fields stand by the names that the partner's own form gives them; `schemas/partners/not-taken.tsv` is the same list for partners.
flaws! {
    // Whose it is, and whether it can be taken now.
    SlipUnknown = "slip_unknown" "请求单号不存在" "the request number is not known",
    LineUnknown = "line_unknown" "请求单内无此序号" "the request has no such line",
    AssetUnknown = "asset_unknown" "请求单内无此财产" "the request names no such property",
    AssetAmbiguous = "asset_ambiguous" "该财产在请求单内不止一项，请填写控制请求单号" "the property stands more than once in the request; give the control number",
    NotSent = "not_sent" "该请求尚未下发" "the request was not handed over yet",
    Withdrawn = "withdrawn" "该请求已撤回" "the request was withdrawn",
    NeverSent = "never_sent" "该请求未曾下发，已撤回" "the request was never handed over and is withdrawn",
    NotReadable = "not_readable" "请求单内容已不可核对" "the content of the request can no longer be compared",
    NotReadableNumber = "not_readable_number" "请求单内容已不可核对，请填写控制请求单号" "the content of the request can no longer be compared; give the control number",
    CaseErased = "case_erased" "该请求所属案件已依法删除，不再接收反馈" "the case of the request is erased; nothing more is taken of it",
    NotReadableNow = "not_readable_now" "该请求暂不可读，请稍后重报" "the request cannot be read at the moment; send it again later",
    AnotherName = "another_name" "反馈的姓名（名称）与请求不符" "the name differs from that of the request",
    AnotherNumber = "another_id_number" "反馈的证件号码与请求不符" "the identity number differs from that of the request",
    AnotherAccount = "another_account" "反馈的账户与请求不符" "the account differs from that of the request",
    AnotherKind = "another_kind" "反馈的事项与请求不符，该请求为{}" "the kind of act differs from that of the request, which is {}",
    KindDiffers = "kind_differs" "所答复的事项种类与请求单不符" "it is about another kind of act",
    AnotherOrder = "another_order" "所答复的并非本请求单号" "it is about another request number",
    AnotherLine = "another_line" "{}与请求单不符" "{} differs from the request",
    CaughtMissing = "caught_missing" "缺少实际控制金额（SKJE），请补充后重新反馈" "the sum that is held is missing (SKJE); add it and send it again",
    MovedMissing = "moved_missing" "缺少实际划出金额（SKJE），请补充后重新反馈" "the sum that was moved is missing (SKJE); add it and send it again",
    EndsTooEarly = "ends_too_early" "止期早于请求下发之日，请核对后重新反馈" "the last day lies before the request was handed over; correct it and send it again",
    TooManyParts = "too_many_parts" "分次反馈超过{}次或账户超过{}个" "told in more than {} parts, or with more than {} accounts",
    // The message as a whole.
    NoJson = "no_json" "不是有效的JSON，或键重复、内容超限" "no JSON, a key that stands twice, or more than may stand there",
    NotObject = "not_object" "应为JSON对象" "not a JSON object",
    NotUtf8 = "not_utf8" "报文不是UTF-8编码" "the body is not UTF-8",
    PostForm = "post_form" "结果或线索不符合约定的格式" "results or leads are not of the agreed form",
    ResultsMisplaced = "results_misplaced" "约定位置上没有结果清单" "the list of results is not where it was agreed to be",
    ItemsTooMany = "items_too_many" "一次至多{}项" "at most {} items at once",
    BytesTooMany = "bytes_too_many" "至多{}字节" "at most {} bytes",
    Unprocessed = "unprocessed" "报文未能处理" "the message could not be processed",
    Markup = "markup" "标记语法错误" "the markup is malformed",
    TextOutside = "text_outside" "根元素之外有文本" "text outside the root element",
    DocumentType = "document_type" "不接受文档类型声明（DOCTYPE）" "document type declarations (DOCTYPE) are refused",
    CutShort = "cut_short" "报文不完整" "the document is cut short",
    RootsTooMany = "roots_too_many" "根元素不止一个" "more than one root element",
    RootUnknown = "root_unknown" "根元素不是约定的元素" "the root element is not the agreed one",
    RootMissing = "root_missing" "没有根元素" "no root element",
    Attributes = "attributes" "属性格式错误" "the attributes are malformed",
    AttributeValue = "attribute_value" "属性值格式错误" "an attribute value is malformed",
    Reference = "reference" "实体引用无效" "an entity reference is not valid",
    TooDeep = "too_deep" "元素嵌套过深" "elements are nested too deeply",
    ElementsTooMany = "elements_too_many" "元素过多" "too many elements",
    AttributesTooMany = "attributes_too_many" "属性过多" "too many attributes",
    Charset = "charset" "字符编码错误" "the bytes are not of the charset",
    CharsetUnknown = "charset_unknown" "不支持的字符编码" "the charset is not known",
    NoEnvelope = "no_envelope" "根元素不是SOAP信封" "the root element is no SOAP envelope",
    BodyMissing = "body_missing" "信封内没有正文" "the envelope has no body",
    BodyEmpty = "body_empty" "信封的正文为空" "the envelope's body is empty",
    CredentialMissing = "credential_missing" "缺少凭证参数" "the credential argument is missing",
    CredentialForm = "credential_form" "凭证格式错误" "the credential is not of the agreed form",
    CredentialLong = "credential_long" "凭证过长" "the credential is too long",
    ArgumentMissing = "argument_missing" "缺少第二个参数" "the second argument is missing",
    ArgumentBase64 = "argument_base64" "参数不是Base64编码" "the argument is not Base64",
    ConditionCount = "condition_count" "每次调用须有且仅有一个condition" "exactly one condition is answered per call",
    ConditionNumber = "condition_number" "condition中没有单号" "the condition names no number",
    ListMissing = "list_missing" "参数内没有反馈清单" "no list of feedback in the argument",
    ElementMissing = "element_missing" "参数内没有{}" "no {} in the argument",
    // One field of a court's or a regulator's form.
    FieldMissing = "field_missing" "缺少{}" "{} is missing",
    FieldLong = "field_long" "{}过长" "{} is too long",
    FieldUnreadable = "field_unreadable" "{}无法识别" "{} cannot be understood",
    FieldBase64 = "field_base64" "{}不是Base64编码" "{} is not Base64",
    FieldCharset = "field_charset" "{}字符编码错误" "{} is not of the charset",
    FieldNoSum = "field_no_sum" "{}不是金额" "{} is no sum",
    FieldNoDay = "field_no_day" "{}不是日期" "{} is no day",
    ControlWord = "control_word" "KZZT只能为1或2" "KZZT is 1 or 2",
    QueryWord = "query_word" "CXJG只能为0、1或2" "CXJG is 0, 1 or 2",
    WatchWord = "watch_word" "CXJG只能为0或2" "CXJG is 0 or 2",
    GroundWord = "ground_word" "YYDM只能为01、02、03、04或99" "YYDM is 01, 02, 03, 04 or 99",
    RowsDiffer = "rows_differ" "同一请求单号、同一序号的各行内容不一致" "rows for one line of one request say different things",
    NothingSaid = "nothing_said" "报文内没有反馈结果；确无账户的请在KHZH填写查无开户信息" "the message holds no result; where there is no account, say so in KHZH",
    NegativeSum = "negative_sum" "SKJE、DJXE不得为负数" "SKJE and DJXE must not be negative",
    HeldUncontrolled = "held_uncontrolled" "KZZT为未控制而SKJE大于0，请核对" "KZZT says not controlled and SKJE is above 0; correct one",
    DaysReversed = "days_reversed" "CSJSRQ早于CSKSRQ" "CSJSRQ lies before CSKSRQ",
    QueueUnclear = "queue_unclear" "WNKZYY未明确是否已登记轮候，请核对后重新反馈" "WNKZYY does not say whether it stands in the queue; correct it and send it again",
    UnderWayUnclear = "under_way_unclear" "WNKZYY未明确是否仍在办理，请核对后重新反馈" "WNKZYY does not say whether it is still under way; correct it and send it again",
    ReceiptAlone = "receipt_alone" "回执须随控制结果一并反馈" "a sealed reply comes together with the result of the control",
    ReceiptEmpty = "receipt_empty" "回执内容为空" "the sealed reply is empty",
    AccountsTooMany = "accounts_too_many" "账户超过{}个" "more than {} accounts",
    RightsTooMany = "rights_too_many" "权利超过{}项" "more than {} rights",
    AheadTooMany = "ahead_too_many" "在先措施超过{}项" "more than {} earlier measures",
    RightsWithoutSuccess = "rights_without_success" "RESULT为未成功而有权利反馈，请核对" "RESULT says no success and rights are told; correct one",
    ControlledWithoutSuccess = "controlled_without_success" "RESULT为未成功而KZZT为已控制，请核对" "RESULT says no success and KZZT says controlled; correct one",
    NumbersDiffer = "numbers_differ" "KZQQDH与CXQQDH不符" "KZQQDH does not belong to CXQQDH",
    DetailsWithoutResult = "details_without_result" "未查询到结果时不应反馈明细" "details are told where nothing was found",
    // What an answer in JSON says.
    FieldForm = "field_form" "有字段不符合约定的格式" "a field is not of the agreed form",
    ValueShape = "value_shape" "有值不符合约定的格式" "a value is not of the agreed shape",
    ValueTwice = "value_twice" "有值重复出现" "a value stands twice",
    ValueLong = "value_long" "有值过长" "a value is too long",
    CodeUnknown = "code_unknown" "有代码不在约定的代码表内" "a code that the table does not hold",
    ListShape = "list_shape" "清单格式不符或项数过多" "a list is none, or too long",
    ContentBase64 = "content_base64" "文件内容不是Base64编码" "the content of a file is no Base64",
    FileEmpty = "file_empty" "文件没有内容" "a file without content",
    KindMissing = "kind_missing" "缺少事项种类或种类未知" "the kind of act is missing or unknown",
    KindUnknown = "kind_unknown" "事项种类未知" "the kind of act is unknown",
    NumberMissing = "number_missing" "缺少请求单号" "our number is missing",
    StateMissing = "state_missing" "缺少办理状态" "no word for what became of it",
    StateUnknown = "state_unknown" "办理状态未知" "an unknown state",
    StateUncertain = "state_uncertain" "办理状态不能确定结果，将另行询问" "a state that says nothing certain; it is asked about instead",
    FoundMissing = "found_missing" "称已查询而没有结果清单" "done, and no list of what was found",
    LastDayMissing = "last_day_missing" "缺少止期" "a last day is missing",
    SumMissing = "sum_missing" "缺少金额" "a sum is missing",
    SumBelowDone = "sum_below_done" "称已全部办理而金额不足" "a sum below what the word for done says",
    SumAbovePartly = "sum_above_partly" "称部分办理而金额已足" "a sum above what the word for partly says",
    SumWithoutEffect = "sum_without_effect" "称未办理而有金额" "a sum where nothing happened",
    PartlyWithoutParts = "partly_without_parts" "该事项不能部分办理" "partly done, of what has no parts",
    RegisteredAtOnce = "registered_at_once" "该事项应即时答复，不能先行登记" "registered, of what is answered at once",
    QueuedWithoutRank = "queued_without_rank" "该事项没有顺位，不能轮候" "queued, of what has no rank",
    RankContradicts = "rank_contradicts" "顺位与所列在先措施不符或过后" "a rank before those who are named, or behind too many",
    ScopeMissing = "scope_missing" "缺少冻结范围" "the scope of the freeze is missing",
    InForceWithoutEnd = "in_force_without_end" "称已生效而没有止期" "in force until no day",
    PhotoAbsent = "photo_absent" "所称照片不在报文内或不是该照片" "a photo that is named and not there, or is another",
    DoneWithoutReport = "done_without_report" "称已办理而没有反馈内容" "done without a report",
    ServedWithoutPhoto = "served_without_photo" "称已送达文书而没有照片" "papers served without a photo",
    AccountUnnumbered = "account_unnumbered" "账户没有账号" "an account without its number",
    AvailableAboveBalance = "available_above_balance" "可用余额大于账户余额" "more available than the balance",
    AssetKindUnknown = "asset_kind_unknown" "财产种类未知" "the sort of property is unknown",
    RoleUnknown = "role_unknown" "账户或保单中的身份未知" "the role is unknown",
    PolicyRoleMissing = "policy_role_missing" "保单缺少被执行人的身份" "a policy without the subject's role",
    PolicyReachMissing = "policy_reach_missing" "保单缺少可执行金额" "a policy without what may be reached",
    PolicyUnnumbered = "policy_unnumbered" "保单没有保单号" "a policy without its number",
    FindingUnknown = "finding_unknown" "查询结果的类别未知" "the class of a finding is unknown",
    LeadUnknown = "lead_unknown" "线索的类别未知" "the class of a lead is unknown",
    LeadUnnumbered = "lead_unnumbered" "线索缺少请求单号" "a lead without our number",
    LeadWithoutSerial = "lead_without_serial" "线索缺少编号" "a lead without a serial",
    LeadIncomplete = "lead_incomplete" "线索缺少请求单号或编号" "a lead without our number or a serial",
}

/// A flaw, and what its text names: never content, never anything personal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Untaken {
    flaw: Flaw,
    named: Named,
}

/// What the `{}` of a text stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Named {
    Nothing,
    /// A field of the partner's form, by its own name.
    Field(Cow<'static, str>),
    /// A bound.
    Bound(usize),
    /// The kind of act that was ordered.
    Kind(ActKind),
    /// Two bounds, of parts and of accounts.
    Parts(usize, usize),
}

impl From<Flaw> for Untaken {
    fn from(flaw: Flaw) -> Self {
        Self { flaw, named: Named::Nothing }
    }
}

impl Flaw {
    /// With a field of the partner's form, by the name that stands in the form's description and not in what came.
    #[must_use]
    pub fn of_field(self, field: impl Into<Cow<'static, str>>) -> Untaken {
        Untaken { flaw: self, named: Named::Field(field.into()) }
    }

    /// With the bound that was passed.
    #[must_use]
    pub fn above(self, bound: usize) -> Untaken {
        Untaken { flaw: self, named: Named::Bound(bound) }
    }
}

impl Untaken {
    /// The act is of another kind than was told.
    #[must_use]
    pub fn of_kind(kind: ActKind) -> Self {
        Self { flaw: Flaw::AnotherKind, named: Named::Kind(kind) }
    }

    /// Told in more parts, or with more accounts in all, than are taken.
    #[must_use]
    pub fn parts(parts_max: usize, accounts_max: usize) -> Self {
        Self { flaw: Flaw::TooManyParts, named: Named::Parts(parts_max, accounts_max) }
    }

    /// What is wrong.
    #[must_use]
    pub fn flaw(&self) -> Flaw {
        self.flaw
    }

    /// Its stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.flaw.code()
    }

    /// The sentence in Chinese, as partners' own forms carry it.
    #[must_use]
    pub fn chinese(&self) -> String {
        self.named.fill(self.flaw.row().1, ActKind::chinese)
    }

    /// The sentence in English.
    #[must_use]
    pub fn english(&self) -> String {
        self.named.fill(self.flaw.row().2, ActKind::word)
    }
}

impl Named {
    /// The text with what is named in its places.
    fn fill(&self, text: &str, of_kind: fn(ActKind) -> &'static str) -> String {
        match self {
            Self::Nothing => text.replace("{}", ""),
            Self::Field(field) => text.replace("{}", field),
            Self::Bound(bound) => text.replace("{}", &bound.to_string()),
            Self::Kind(kind) => text.replace("{}", of_kind(*kind)),
            Self::Parts(parts, accounts) => {
                text.replacen("{}", &parts.to_string(), 1).replacen("{}", &accounts.to_string(), 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a Chinese text may say in Latin letters beside the fields of partners' forms, which are all capitals.
    const LATIN: [&str; 2] = ["Base64", "condition"];

    #[test]
    fn each_flaw_has_a_code_that_stays_and_a_text_in_both_languages() {
        let golden = include_str!("../../schemas/partners/not-taken.tsv");
        let rows = Flaw::ALL.iter().map(|flaw| {
            let (code, chinese, english) = flaw.row();
            format!("{code}\t{chinese}\t{english}\n")
        });
        let table: String = std::iter::once("code\t中文\tEnglish\n".to_owned()).chain(rows).collect();
        assert_eq!(golden, table, "schemas/partners/not-taken.tsv is this table");
        let codes: std::collections::BTreeSet<&str> = Flaw::ALL.iter().map(|flaw| flaw.code()).collect();
        assert_eq!(codes.len(), Flaw::ALL.len(), "a code stands for one flaw");
    }

    #[test]
    fn chinese_is_chinese_and_english_is_english() {
        for flaw in Flaw::ALL {
            let (code, chinese, english) = flaw.row();
            let is_word = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
            assert!(!code.is_empty() && code.chars().all(is_word), "{code}");
            assert!(english.is_ascii() && english.len() > 8, "{code}: {english}");
            assert!(!chinese.replace("{}", "").is_ascii(), "{code}: {chinese}");
            let places = |text: &str| text.matches("{}").count();
            assert_eq!(places(chinese), places(english), "{code} names the same in both");
            assert!(places(chinese) <= 1 || *flaw == Flaw::TooManyParts, "{code} names what nothing fills");
            for latin in chinese.split(|sign: char| !sign.is_ascii_alphanumeric()) {
                let is_field = !latin.chars().any(|sign| sign.is_ascii_lowercase());
                assert!(is_field || LATIN.contains(&latin), "{code}: {latin} in Chinese");
            }
        }
    }

    #[test]
    fn what_is_named_stands_in_both_texts() {
        for (untaken, chinese, english) in [
            (Flaw::FieldNoSum.of_field("SKJE"), "SKJE不是金额", "SKJE is no sum"),
            (Flaw::ItemsTooMany.above(200), "一次至多200项", "at most 200 items at once"),
            (
                Untaken::of_kind(ActKind::Freeze),
                "反馈的事项与请求不符，该请求为冻结",
                "the kind of act differs from that of the request, which is freeze",
            ),
            (
                Untaken::parts(64, 2_000),
                "分次反馈超过64次或账户超过2000个",
                "told in more than 64 parts, or with more than 2000 accounts",
            ),
            (Flaw::Withdrawn.into(), "该请求已撤回", "the request was withdrawn"),
        ] {
            assert_eq!((untaken.chinese().as_str(), untaken.english().as_str()), (chinese, english));
        }
    }
}
