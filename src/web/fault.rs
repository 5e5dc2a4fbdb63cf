//! Faults: a place in what the caller sent, and what is wanted there; never what stood there.

use domain::Untaken;
use domain::form::Defect;
use domain::money::MoneyError;
use serde::Serialize;

use crate::language::Language;

/// As people count what a scanner made.
const MEGABYTE: usize = 1_024 * 1_024;

/// Where a fault is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    Pointer(String),
    Header(&'static str),
    Parameter(&'static str),
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    place: Place,
    want: Want,
}

/// What is wanted at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Want {
    /// Something, and there is nothing.
    Present,
    /// A value of another JSON type; the description is ours.
    Type(String),
    /// A field that is known; the caller made one up.
    KnownField,
    /// The field once.
    Once,
    /// At least one character.
    Characters,
    /// At most so many characters.
    Shorter(usize),
    /// No control or invisible characters, no blanks around.
    PlainText,
    /// ASCII letters and digits and what is named.
    Ascii(&'static str),
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// An amount.
    Amount(MoneyError),
    /// A day such as 2026-11-20.
    Day,
    /// An instant such as 2026-11-25T17:00:00+08:00.
    Instant,
    /// `sha256:` and 64 lower-case hex digits.
    Digest,
    /// An http or https address.
    Address,
    /// Between so many and so many entries.
    Entries(usize, usize),
    /// A place in `case.parties`.
    Party,
    /// The particular that says what sort of grid task it is.
    GridTask,
    /// Not a second time.
    Distinct,
    /// Either `goal` or `acts`.
    GoalOrActs,
    /// Exactly one of `acts`, `court` and `all`.
    StopScope,
    /// Only beside `goal`.
    WithGoal,
    /// Only beside a goal that can be met.
    RepeatableGoal,
    /// Our act id, or slip and case number.
    Original,
    /// An id of ours with this beginning.
    Id(&'static str),
    /// A whole number within a range.
    Number(u64, u64),
    /// A wait such as 30s, up to so many seconds.
    Wait(u64),
    /// Percent-encoded UTF-8 of a file name.
    FileName,
    /// A file name as it is, in a body.
    PlainFileName,
    /// A content type.
    ContentType,
    /// Within a bound that the engine names: in Chinese, ` · `, in English.
    Within(&'static str),
    /// A partner that is configured and in use.
    KnownPartner,
    /// A document stored before.
    StoredDocument,
    /// A freeze of the same case.
    KnownFreeze,
    /// Something of which anything is left, and that nobody lets go.
    LeftOver,
    /// Something on the court's list.
    Listed,
    /// An instant that lies ahead.
    Ahead,
    /// A day on which something can have been booked by now.
    Booked,
    /// A PDF of at most so many bytes.
    Pdf(usize),
    /// What a partner's own form wants.
    Form(Untaken),
    /// What a partner would hand a slip back for.
    Of(String, Box<Defect>),
    /// A paper of this kind, which nobody has brought.
    Paper(String),
    /// At least one officer, whom nobody has named.
    Officers,
}

impl Fault {
    /// In the body, by JSON pointer.
    #[must_use]
    pub fn at(pointer: impl Into<String>, want: Want) -> Self {
        Self { place: Place::Pointer(pointer.into()), want }
    }

    /// In a header.
    #[must_use]
    pub fn header(name: &'static str, want: Want) -> Self {
        Self { place: Place::Header(name), want }
    }

    /// In a query parameter.
    #[must_use]
    pub fn parameter(name: &'static str, want: Want) -> Self {
        Self { place: Place::Parameter(name), want }
    }

    /// The JSON pointer into the body, when it is there.
    pub(crate) fn pointer(&self) -> &str {
        match &self.place {
            Place::Pointer(pointer) => pointer,
            Place::Header(_) | Place::Parameter(_) => "",
        }
    }

    /// What is wanted, in words.
    pub(crate) fn wanted(&self, language: Language) -> String {
        self.want.say(language)
    }

    pub(crate) fn shown(&self, language: Language) -> ShownFault {
        let code = match &self.want {
            Want::Form(untaken) => Some(untaken.code()),
            _ => None,
        };
        let mut shown = ShownFault { message: self.want.say(language), code, ..ShownFault::default() };
        match &self.place {
            Place::Pointer(pointer) => shown.pointer = Some(pointer.clone()),
            Place::Header(name) => shown.header = Some(name),
            Place::Parameter(name) => shown.parameter = Some(name),
        }
        shown
    }
}

/// A fault as it stands in `errors`.
#[derive(Serialize, Default)]
pub(crate) struct ShownFault {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    message: String,
}

impl Want {
    fn say(&self, language: Language) -> String {
        let pick = |chinese: &str, english: &str| language.pick(chinese, english).to_owned();
        match self {
            Self::Type(wanted) => match language {
                Language::Chinese => format!("类型不符，应为{}", chinese_type(wanted)),
                Language::English => format!("of the wrong type; wanted: {wanted}"),
            },
            Self::Shorter(max) => match language {
                Language::Chinese => format!("过长，至多{max}个字符"),
                Language::English => format!("too long; at most {max} characters"),
            },
            Self::Ascii("") => pick("只能用半角字母和数字", "only ASCII letters and digits"),
            Self::Ascii(beside) => match language {
                Language::Chinese => format!("只能用半角字母、数字和 {beside}"),
                Language::English => format!("only ASCII letters, digits and {beside}"),
            },
            Self::OneOf(words) => match language {
                Language::Chinese => format!("只能是其中之一：{}", words.join("、")),
                Language::English => format!("one of: {}", words.join(", ")),
            },
            Self::Amount(error) => say_amount(*error, language),
            Self::Entries(min, max) => match language {
                Language::Chinese => format!("须有{min}至{max}项"),
                Language::English => format!("{min} to {max} entries"),
            },
            Self::Number(min, max) => match language {
                Language::Chinese => format!("须为{min}至{max}的整数"),
                Language::English => format!("a whole number from {min} to {max}"),
            },
            Self::Wait(max_s) => match language {
                Language::Chinese => format!("等待时间如30s或500ms，至多{max_s}s"),
                Language::English => format!("a wait such as 30s or 500ms, at most {max_s}s"),
            },
            Self::Id(prefix) => match language {
                Language::Chinese => format!("须为{prefix}开头的编号"),
                Language::English => format!("an id that begins with {prefix}"),
            },
            Self::Pdf(max) => match language {
                Language::Chinese => format!("须为PDF文件，至多{} MB", max / MEGABYTE),
                Language::English => format!("a PDF of at most {} MB", max / MEGABYTE),
            },
            Self::Within(bound) => {
                let (chinese, english) = bound.split_once(" · ").unwrap_or((bound, bound));
                pick(chinese, english)
            }
            Self::Form(untaken) => say_untaken(untaken, language),
            Self::Of(partner, defect) => {
                let said = language.pick(defect.kind.chinese(), defect.kind.english());
                match (language, defect.wanted.as_str()) {
                    (Language::Chinese, "") => format!("{partner}：{said}"),
                    (Language::Chinese, wanted) => format!("{partner}：{said}（{wanted}）"),
                    (Language::English, "") => format!("{partner}: {said}"),
                    (Language::English, wanted) => format!("{partner}: {said} ({wanted})"),
                }
            }
            Self::Paper(kind) => {
                let (chinese, english) = domain::case::paper_called(kind);
                match language {
                    Language::Chinese => format!("缺少{chinese}（kind为{kind}）"),
                    Language::English => format!("{english} is missing (kind {kind})"),
                }
            }
            fixed => {
                let (chinese, english) = fixed.fixed_texts();
                pick(chinese, english)
            }
        }
    }

    fn fixed_texts(&self) -> (&'static str, &'static str) {
        match self {
            Self::Present => ("缺少该字段", "is missing"),
            Self::Officers => (
                "缺少承办人：请在officers中写明姓名、工作证号、执行公务证号",
                "the officers are missing: name them in officers with work and duty numbers",
            ),
            Self::KnownField => ("没有此字段", "is no known field; remove it"),
            Self::Once => ("字段重复", "stands more than once"),
            Self::Characters => ("不能为空；没有内容时请去掉该字段", "is empty; leave the field out where it may be"),
            Self::PlainText => {
                ("含有控制字符、不可见字符或首尾空白", "has control or invisible characters, or blanks around it")
            }
            Self::Day => ("须为日期，如2026-11-20，且为半角", "a day such as 2026-11-20"),
            Self::Instant => (
                "须为带时区的时刻，如2026-11-25T17:00:00+08:00",
                "an instant with its offset such as 2026-11-25T17:00:00+08:00",
            ),
            Self::Digest => ("须为sha256:加64位小写十六进制", "sha256: and 64 lower-case hex digits"),
            Self::Address => {
                ("须为http或https地址，不含用户信息和片段", "an http or https address without user or fragment")
            }
            Self::GridTask => (
                "缺少细目task，须为find_person、find_property或serve_papers",
                "the particular `task`: find_person, find_property or serve_papers",
            ),
            Self::Party => ("须为case.parties中的序号，从0起", "a place in case.parties, from 0"),
            Self::Distinct => ("重复", "stands there twice"),
            Self::GoalOrActs => ("goal和acts须有且只有一个", "exactly one of goal and acts"),
            Self::StopScope => {
                ("acts、court、all须有且只有一个，all只能为true", "exactly one of acts, court and all: true")
            }
            Self::WithGoal => ("只能与goal同时使用", "only beside goal"),
            Self::RepeatableGoal => ("只能与secure或collect同时使用", "only beside the goal secure or collect"),
            Self::Original => ("须有act，或同时有slip和case_number", "act, or slip and case_number together"),
            Self::FileName => (
                "须为文件名的UTF-8百分号编码，1至255字节，不含路径",
                "the percent-encoded UTF-8 of a file name of 1 to 255 bytes, without a path",
            ),
            Self::PlainFileName => {
                ("须为文件名，1至255字节，不含路径", "a file name of 1 to 255 bytes, without a path")
            }
            Self::ContentType => ("须为内容类型，如application/pdf", "a content type such as application/pdf"),
            Self::KnownPartner => ("没有在用的协助单位", "no such partner is in use"),
            Self::StoredDocument => ("该文书未上传", "no such document is stored"),
            Self::KnownFreeze => (
                "本案在该协助单位没有此事项可依据的措施或扣划",
                "names no measure or deduction of this case at this partner that such an act builds on",
            ),
            Self::LeftOver => ("已解除、用尽或者正在全部解除", "is used up, let go, or being let go whole"),
            Self::Listed => ("不在本院登记的名单内", "is not on the court's list"),
            Self::Ahead => ("须在当前时刻之后", "must lie ahead"),
            Self::Booked => (
                "入账日晚于明日，不能已经入账：请核对日期，该行未记",
                "lies after tomorrow, so nothing can be booked on it yet: check the day; the line was not taken",
            ),
            _ => ("有误", "is wrong"),
        }
    }
}

fn say_untaken(untaken: &Untaken, language: Language) -> String {
    match language {
        Language::Chinese => untaken.chinese(),
        Language::English => untaken.english(),
    }
}

fn say_amount(error: MoneyError, language: Language) -> String {
    let text = match error {
        MoneyError::NotDecimal => {
            language.pick("须为以元为单位的半角小数，如123456.78", "a decimal amount in yuan such as 123456.78")
        }
        MoneyError::TooPrecise => language.pick("至多两位小数", "at most two decimals"),
        MoneyError::TooLarge => language.pick("超过1000亿元", "above 100,000,000,000 yuan"),
        MoneyError::Negative => language.pick("不能为负", "below zero"),
    };
    text.to_owned()
}

/// Our own descriptions of types, in Chinese; the English one where there is none.
fn chinese_type(wanted: &str) -> &str {
    match wanted {
        "a string" => "字符串",
        "a decimal string in yuan such as \"123456.78\"" => "以元为单位的小数字符串，如\"123456.78\"",
        "a whole number from 0 to 65535" => "0至65535的整数",
        "a whole number" => "整数",
        "a whole number, not below 0" => "不小于0的整数",
        "an object" => "对象",
        "a list" => "数组",
        "true or false" => "true或false",
        other => other,
    }
}
