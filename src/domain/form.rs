//! The partner's own formal checks, made before anything is sent: a slip that is handed back loses its rank (DOMAIN.md c.8).

use crate::act::ActOrder;
use crate::case::{CourtAccount, Officer, Paper, Party};
use crate::{ActKind, Day, Personal};

/// The longest texts that a partner's tables take, in bytes of its charset; `None` = no bound (WIRE.md g.1, bank C).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct FieldBytes {
    /// KHZH, the account or other asset.
    pub account: Option<u16>,
    /// CKWH, the number of the ruling.
    pub ruling_number: Option<u16>,
    /// AH and YDJAH, case numbers.
    pub case_number: Option<u16>,
    /// YDJDH, the number of the original request.
    pub original_number: Option<u16>,
    /// ZXKZHHM, the holder of the court's account.
    pub court_holder: Option<u16>,
    /// ZXKZHKHH, the bank of the court's account.
    pub court_bank: Option<u16>,
    /// ZXKZHKHHHH, that bank's number.
    pub court_bank_code: Option<u16>,
    /// ZXKZHZH, the number of the court's account.
    pub court_account: Option<u16>,
}

/// What a partner's wire says of a release that names a sum.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum PartRelease {
    /// No place for the sum: whatever is sent lets go of the whole freeze.
    #[default]
    NoPlace,
    /// A place for it, and a partner that was not heard to read it there: it may let go of the whole freeze.
    Unagreed,
    /// The partner lets go of that sum; the rest of the freeze stands in its rank.
    Read,
}

impl PartRelease {
    /// May a release with a sum be sent?
    #[must_use]
    pub fn is_read(self) -> bool {
        self == Self::Read
    }
}

/// How a partner's tables count a text.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TextBytes {
    /// Every text can be written; lengths are counted as GB18030 does, two bytes a character beyond ASCII and four of a rare one.
    #[default]
    Gb18030,
    /// The same without the rare ones (U+20000 and above), which GBK has not.
    Gbk,
    /// UTF-8.
    Utf8,
}

impl TextBytes {
    /// How many bytes a text takes; `None` when it cannot be written. Only the planes that GBK reaches are told apart, not its gaps.
    #[must_use]
    pub fn count(self, text: &str) -> Option<usize> {
        match self {
            Self::Utf8 => Some(text.len()),
            Self::Gb18030 | Self::Gbk => text.chars().try_fold(0, |sum, character| match u32::from(character) {
                0..=0x7f => Some(sum + 1),
                0x80..=0xffff => Some(sum + 2),
                _ => (self == Self::Gb18030).then_some(sum + 4),
            }),
        }
    }
}

/// How long a further part of an answer may follow the last one, in milliseconds, where a partner's form lets it answer a question
/// in several messages: hubs that tell account by account send one message after the other, seconds apart.
pub const PARTS_QUIET_MS: u64 = 10_000;

/// What of a request a partner will see.
pub struct Looked<'r> {
    /// The party and its place in the case.
    pub subject: (usize, &'r Party),
    /// In whose name.
    pub officers: &'r [Officer],
    /// What travels with it.
    pub papers: &'r [Paper],
    /// The kinds of act that may come.
    pub kinds: &'r [ActKind],
    /// The number of the case.
    pub case_number: &'r Personal<String>,
    /// Where deducted money goes.
    pub court_account: Option<&'r CourtAccount>,
    /// The orders for this partner about this party, with their place in the request.
    pub orders: &'r [(usize, &'r ActOrder)],
}

/// What a partner looks at before it takes a slip.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Form {
    /// The longest officer's number in bytes of the partner's charset, counted as GBK does; `None` = no bound.
    pub officer_number_bytes_max: Option<u16>,
    /// The longest name of a party, counted likewise.
    pub party_name_bytes_max: Option<u16>,
    /// ID types it knows; empty = any.
    pub id_types: Vec<String>,
    /// Kinds of paper that must come with an act of a kind.
    pub papers: Vec<(ActKind, Vec<String>)>,
    /// Two officers, as its agreement says.
    pub two_officers: bool,
    /// A scan of each officer's credential.
    pub credential_scans: bool,
    /// The number of the original act, for what builds on one.
    pub original_number: bool,
    /// How its tables count a text, and which texts they cannot hold.
    pub text: TextBytes,
    /// Kinds of act that name what they are about, where they build on nothing that does: an order to freeze without an account cannot
    /// be written.
    pub asset_named: Vec<ActKind>,
    /// The longest texts of other fields.
    pub bytes: FieldBytes,
    /// The officers registered there (rule D4); `None` = it keeps no register with us.
    pub register: Option<Vec<RegisteredOfficer>>,
    /// What it makes of a release that names a sum.
    pub part_release: PartRelease,
    /// How long after a part of an answer a further one may follow, in milliseconds; 0 = its first message is the whole answer.
    pub parts_quiet_ms: u64,
}

/// An officer as a partner's register has him.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegisteredOfficer {
    /// Hash of work and duty number, as the engine makes it.
    pub key: u64,
    /// First day; `None` = always was.
    pub from: Option<Day>,
    /// Last day, inclusive; `None` = until further notice.
    pub to: Option<Day>,
}

impl RegisteredOfficer {
    /// Is he registered on that day?
    #[must_use]
    pub fn is_valid(&self, on: Day) -> bool {
        self.from.is_none_or(|from| from <= on) && self.to.is_none_or(|to| on <= to)
    }
}

/// Are all of these officers registered on that day? Without a register everybody is.
#[must_use]
pub fn all_registered(register: Option<&[RegisteredOfficer]>, officers: &[u64], on: Day) -> bool {
    let Some(register) = register else { return true };
    officers.iter().all(|key| register.iter().any(|officer| officer.key == *key && officer.is_valid(on)))
}

/// Papers that show an officer's credential.
const SCANS: [&str; 2] = ["work_id_scan", "duty_id_scan"];

/// What a partner would hand back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Defect {
    /// JSON pointer into the request.
    pub at: String,
    /// What is missing or too long.
    pub kind: DefectKind,
    /// The bound, or the paper that is missing; empty when there is none.
    pub wanted: String,
}

crate::act::words! {
    /// Kinds of defects.
    DefectKind {
        /// An officer's number is too long for the partner.
        OfficerNumberLong = 1 "officer_number_long" "承办人证件号码超过协助单位可接收的长度",
        /// An officer's number holds characters that the partner's charset has not.
        Unwritable = 2 "unwritable" "含有协助单位字符集无法表示的字符",
        /// A name is too long for the partner.
        NameLong = 3 "name_long" "姓名或名称超过协助单位可接收的长度",
        /// The partner does not know this ID type.
        IdTypeUnknown = 4 "id_type_unknown" "协助单位不支持该证件类型",
        /// A paper that the partner wants is missing.
        PaperMissing = 5 "paper_missing" "缺少协助单位要求的文书",
        /// A second officer is missing.
        SecondOfficerMissing = 6 "second_officer_missing" "协助单位要求两名承办人",
        /// The scan of a credential is missing.
        ScanMissing = 7 "scan_missing" "缺少承办人证件扫描件",
        /// The number of the original act is missing.
        OriginalMissing = 8 "original_missing" "缺少原请求单号",
        /// The deadline passes before the partner opens, so it could never be sent.
        ClosedUntilDeadline = 9 "closed_until_deadline" "截止时间早于协助单位的下一受理时间",
        /// A number or name is too long for the partner's tables.
        FieldLong = 10 "field_long" "超过协助单位该字段可接收的长度",
        /// What is to be frozen, taken or watched is not named.
        AssetMissing = 12 "asset_missing" "未写明账号、保单号、号牌等具体财产，协助单位无从办理",
        /// The partner's form cannot say how much of a freeze is let go.
        PartUnreadable = 11 "part_unreadable" "协助单位的接口不能表达部分解除，发出即全部解除；请以书面方式办理部分解除，或由承办人决定全部解除后重新冻结——两者并不等同，重新冻结将丧失原冻结顺位",
    }
}

impl DefectKind {
    /// The sentence in English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::OfficerNumberLong => "an officer's number is longer than the partner takes, in bytes",
            Self::Unwritable => "holds characters that the partner's charset has not",
            Self::NameLong => "a name is longer than the partner takes, in bytes",
            Self::IdTypeUnknown => "the partner does not know this ID type; it knows",
            Self::PaperMissing => "the partner wants a paper that is missing",
            Self::SecondOfficerMissing => "the partner wants two officers",
            Self::ScanMissing => "the partner wants the scan of each officer's credential",
            Self::OriginalMissing => "the number of the original request is missing",
            Self::ClosedUntilDeadline => "the deadline passes before the partner opens",
            Self::AssetMissing => {
                "the act names no account, policy, plate or other asset, and the partner cannot carry it out without"
            }
            Self::FieldLong => "is longer than the partner's field takes, in bytes",
            Self::PartUnreadable => {
                "the partner's form cannot release a part of a freeze and would let go of all of it; have the limit lowered on paper, or release in full and freeze again, which is not the same: the rank is lost"
            }
        }
    }
}

impl Form {
    /// Does it take an act of this kind only with a paper of this kind?
    #[must_use]
    pub fn demands(&self, act: ActKind, paper: &str) -> bool {
        self.papers.iter().any(|(kind, papers)| *kind == act && papers.iter().any(|wanted| wanted == paper))
    }

    /// Every defect of what a partner will see.
    #[must_use]
    pub fn defects(&self, looked: &Looked<'_>) -> Vec<Defect> {
        let mut found = Vec::new();
        self.check_party(looked.subject, &mut found);
        self.check_officers(looked.officers, &mut found);
        for kind in looked.kinds {
            let wanted = self.papers.iter().filter(|(of, _)| of == kind).flat_map(|(_, papers)| papers);
            for paper in wanted.filter(|wanted| !looked.papers.iter().any(|paper| paper.kind == **wanted)) {
                found.push(Defect {
                    at: "/documents".to_owned(),
                    kind: DefectKind::PaperMissing,
                    wanted: paper.clone(),
                });
            }
        }
        let scans = looked.papers.iter().filter(|paper| SCANS.contains(&paper.kind.as_str())).count();
        if self.credential_scans && scans < looked.officers.len() {
            let wanted = looked.officers.len().to_string();
            found.push(Defect { at: "/documents".to_owned(), kind: DefectKind::ScanMissing, wanted });
        }
        self.check_fields(looked, &mut found);
        found.sort_by(|a, b| (&a.at, a.kind, &a.wanted).cmp(&(&b.at, b.kind, &b.wanted)));
        found.dedup();
        found
    }

    fn check_party(&self, (place, party): (usize, &Party), found: &mut Vec<Defect>) {
        let at = |field: &str| format!("/case/parties/{place}/{field}");
        if !self.id_types.is_empty() && !self.id_types.contains(&party.id_type) {
            let wanted = self.id_types.join(", ");
            found.push(Defect { at: at("id_type"), kind: DefectKind::IdTypeUnknown, wanted });
        }
        self.check(party.name.expose(), self.party_name_bytes_max, DefectKind::NameLong, || at("name"), found);
    }

    fn check_officers(&self, officers: &[Officer], found: &mut Vec<Defect>) {
        if self.two_officers && officers.len() < 2 {
            let at = "/officers".to_owned();
            found.push(Defect { at, kind: DefectKind::SecondOfficerMissing, wanted: "2".to_owned() });
        }
        for (place, officer) in officers.iter().enumerate() {
            for (field, number) in [("work_id", &officer.work_id), ("duty_id", &officer.duty_id)] {
                let at = || format!("/officers/{place}/{field}");
                let max = self.officer_number_bytes_max;
                self.check(number.expose(), max, DefectKind::OfficerNumberLong, at, found);
            }
        }
    }

    fn check_fields(&self, looked: &Looked<'_>, found: &mut Vec<Defect>) {
        let bytes = &self.bytes;
        let mut long =
            |text: &str, max, at: &dyn Fn() -> String| self.check(text, max, DefectKind::FieldLong, at, found);
        long(looked.case_number.expose(), bytes.case_number, &|| "/case/number".to_owned());
        if looked.kinds.iter().any(|kind| kind.is_control()) {
            for (place, paper) in looked.papers.iter().enumerate().filter(|(_, paper)| paper.kind == "ruling") {
                long(paper.number.expose(), bytes.ruling_number, &|| format!("/documents/{place}/number"));
            }
        }
        if let Some(account) = looked.court_account.filter(|_| looked.kinds.iter().any(|kind| kind.moves_money())) {
            for (text, max, field) in [
                (account.holder.as_str(), bytes.court_holder, "holder"),
                (account.bank.as_str(), bytes.court_bank, "bank"),
                (account.bank_code.as_str(), bytes.court_bank_code, "bank_code"),
                (account.number.expose().as_str(), bytes.court_account, "number"),
            ] {
                long(text, max, &|| format!("/case/account/{field}"));
            }
        }
        for (place, order) in looked.orders {
            if let Some(account) = &order.account {
                long(account.expose(), bytes.account, &|| format!("/acts/{place}/account"));
            }
            if let Some(original) = &order.original {
                long(&original.slip, bytes.original_number, &|| format!("/acts/{place}/original/slip"));
                let case_number = || format!("/acts/{place}/original/case_number");
                long(original.case_number.expose(), bytes.case_number, &case_number);
            }
        }
    }

    /// `at` is said of a defect only: few requests have one.
    fn check(&self, text: &str, max: Option<u16>, kind: DefectKind, at: impl Fn() -> String, found: &mut Vec<Defect>) {
        let (kind, wanted) = match (self.text.count(text), max) {
            (None, _) => (DefectKind::Unwritable, String::new()),
            (Some(bytes), Some(max)) if bytes > usize::from(max) => (kind, max.to_string()),
            _ => return,
        };
        found.push(Defect { at: at(), kind, wanted });
    }
}
