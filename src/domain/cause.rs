//! Causes: what was seen when an exchange came to nothing, each with a code and a word that stay, and a sentence for operators.

/// What was seen, in words an operator understands; never holds bytes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// No connection could be made: no route, a refusal, no tunnel; what is known more exactly has a cause of its own below.
    Connect,
    /// No answer in time after bytes may have left.
    Timeout,
    /// The connection broke after bytes may have left.
    Broken,
    /// An HTTP status that says nothing certain.
    Status(u16),
    /// The answer is not of the agreed shape.
    Schema,
    /// The answer is larger than allowed.
    TooLarge,
    /// The partner said we call too often; it did nothing.
    Throttled,
    /// The partner said it is closed; it did nothing.
    Closed,
    /// The partner refused our credential; it did nothing.
    Credential,
    /// The exchange panicked on our side after it may have sent.
    Panicked,
    /// We stopped while it was under way.
    Interrupted,
    /// The slip could not be put into the partner's form; nothing was sent.
    Unencodable,
    /// The partner's name leads only to addresses that its file does not allow; nothing was sent.
    Address,
    /// The partner's name leads nowhere; nothing was sent.
    Name,
    /// Whoever answered did not prove by its certificate that it is the partner, or speaks no TLS; nothing was sent.
    Tls,
    /// Whoever answered showed another SSH key than the one in the partner's file; nothing was sent.
    HostKey,
    /// No connection came to be in time; nothing was sent.
    ConnectTimeout,
    /// The answer names somebody else than the subject of the order.
    AnotherSubject,
    /// Our own record of the order cannot be read: its key or its file is damaged; nothing was sent.
    Unreadable,
}

/// The word of each cause and what it means, in Chinese and English, in the order of their codes; new ones come at the end.
const ROWS: [(&str, &str, &str); Cause::COUNT] = [
    (
        "connect",
        "无法建立连接，未发送任何内容；请检查防火墙、代理及对方服务",
        "no connection could be made and nothing was sent; look at the firewall, the proxy and the partner",
    ),
    (
        "timeout",
        "已发送，对方未在约定时间内答复，结果不明；请与对方核对 timeouts.total_ms",
        "it was sent and not answered in time, so it is unknown whether it happened; settle timeouts.total_ms with the partner",
    ),
    (
        "broken",
        "发送后连接中断，结果不明；请检查对方服务及其间的设备",
        "the connection broke after it was sent, so it is unknown whether it happened; look at the partner and at what stands between",
    ),
    (
        "status",
        "对方返回了约定以外的HTTP状态码；请检查 options.url 并询问对方",
        "an HTTP status that was not agreed; look at options.url and ask the partner",
    ),
    (
        "schema",
        "对方答复不符合约定的格式；请询问对方有何变更",
        "the answer is not of the agreed form; ask the partner what changed",
    ),
    (
        "too_large",
        "对方答复超过大小限制；请检查 options.answer_bytes_max",
        "the answer is larger than allowed; look at options.answer_bytes_max",
    ),
    (
        "throttled",
        "对方称调用过于频繁，未办理；请核对 rate",
        "the partner says that we call too often and did nothing; settle rate with it",
    ),
    (
        "closed",
        "对方称未到受理时间，未办理；请核对 hours",
        "the partner says that it is closed and did nothing; settle hours with it",
    ),
    (
        "credential",
        "对方不接受我方凭证，未办理；请检查 options.token、options.client_pem_file 或邮箱账号及其权限",
        "the partner refuses our credential and did nothing; look at options.token, options.client_pem_file, or the mailbox's account and its rights",
    ),
    (
        "panicked",
        "本系统处理该次往来时出错，结果不明；请向开发方报告",
        "the gateway failed at this exchange, so it is unknown whether it happened; report it to whoever makes the gateway",
    ),
    (
        "interrupted",
        "往来进行中本系统停止，结果不明；将按请求单号询问",
        "the gateway stopped during this exchange; it is asked about by our number",
    ),
    ("unencodable", "对方的格式无法表达该事项，未发送", "the partner's form cannot say this; nothing was sent"),
    (
        "address",
        "对方域名只指向不被允许的地址，未连接；内网地址须列入对方文件的 options.networks",
        "the partner's name leads only to addresses that are not allowed, so nothing was connected; list its network in options.networks of its file",
    ),
    (
        "name",
        "对方域名无法解析，未发送任何内容；请检查 options.url 与域名服务",
        "the partner's name leads nowhere and nothing was sent; look at options.url and at DNS",
    ),
    (
        "tls",
        "对方证书未通过验证（期限、名称、签发者）或对方未使用TLS，未发送任何内容；请检查 options.ca_file 与 options.issuer_pins",
        "the partner's certificate does not hold (its days, name or issuer), or it speaks no TLS; nothing was sent; look at options.ca_file and options.issuer_pins",
    ),
    (
        "host_key",
        "对方服务器出示的SSH主机密钥与文件所载不同，未登录；请向对方核实后修改 options.host_key",
        "the server showed another SSH key than the file's and nobody signed in; ask the partner before you change options.host_key",
    ),
    (
        "connect_timeout",
        "在 timeouts.connect_ms 内未能建立连接，未发送任何内容；请检查防火墙及对方服务",
        "no connection came to be within timeouts.connect_ms and nothing was sent; look at the firewall and at the partner",
    ),
    (
        "another_subject",
        "对方答复所称姓名或证件号码与所查控之人不符，未采信；请与对方核对该请求单号",
        "the answer names somebody else than the subject of the order, so nothing of it is believed; settle our number with the partner",
    ),
    (
        "unreadable",
        "本系统所存的命令或文书不可读（密钥或文件损坏），未发送；请按运行手册恢复 data/keys、data/blobs",
        "what we keep of the order or its papers cannot be read, for its key or file is damaged; nothing was sent; restore data/keys or data/blobs as the runbook says",
    ),
];

impl Cause {
    /// How many there are; statuses are one.
    pub const COUNT: usize = 19;

    /// A number from 0 below [`Cause::COUNT`] that is this one's for ever; all statuses have one.
    #[must_use]
    pub fn code(self) -> usize {
        match self {
            Self::Connect => 0,
            Self::Timeout => 1,
            Self::Broken => 2,
            Self::Status(_) => 3,
            Self::Schema => 4,
            Self::TooLarge => 5,
            Self::Throttled => 6,
            Self::Closed => 7,
            Self::Credential => 8,
            Self::Panicked => 9,
            Self::Interrupted => 10,
            Self::Unencodable => 11,
            Self::Address => 12,
            Self::Name => 13,
            Self::Tls => 14,
            Self::HostKey => 15,
            Self::ConnectTimeout => 16,
            Self::AnotherSubject => 17,
            Self::Unreadable => 18,
        }
    }

    /// What was seen on our side of the wire: whatever is waited for because of it is not the partner's delay (rule D29).
    const OURS: [Self; 6] =
        [Self::Throttled, Self::Panicked, Self::Interrupted, Self::Unencodable, Self::Address, Self::Unreadable];

    /// Does the word of a cause lay it at our own door?
    #[must_use]
    pub fn is_ours(word: &str) -> bool {
        Self::OURS.iter().any(|cause| cause.word() == word)
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        ROWS.get(self.code()).copied().unwrap_or_default()
    }

    /// The word in leaf and log; a status has its number beside it there.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().0
    }

    /// The word of a code; empty for none.
    #[must_use]
    pub fn word_of(code: usize) -> &'static str {
        ROWS.get(code).map_or("", |row| row.0)
    }

    /// What it means and where to look, in Chinese and English, for whoever runs the gateway.
    #[must_use]
    pub fn told(self) -> (&'static str, &'static str) {
        let (_, chinese, english) = self.row();
        (chinese, english)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Cause; Cause::COUNT] = [
        Cause::Connect,
        Cause::Timeout,
        Cause::Broken,
        Cause::Status(500),
        Cause::Schema,
        Cause::TooLarge,
        Cause::Throttled,
        Cause::Closed,
        Cause::Credential,
        Cause::Panicked,
        Cause::Interrupted,
        Cause::Unencodable,
        Cause::Address,
        Cause::Name,
        Cause::Tls,
        Cause::HostKey,
        Cause::ConnectTimeout,
        Cause::AnotherSubject,
        Cause::Unreadable,
    ];

    #[test]
    fn each_cause_has_a_code_and_a_word_that_stay_and_a_sentence_in_both_languages() {
        let golden = "connect timeout broken status schema too_large throttled closed credential panicked interrupted \
                      unencodable address name tls host_key connect_timeout another_subject unreadable";
        assert_eq!(ALL.map(Cause::word).join(" "), golden);
        for (place, cause) in ALL.into_iter().enumerate() {
            assert_eq!((cause.code(), Cause::word_of(place)), (place, cause.word()));
            let (chinese, english) = cause.told();
            assert!(!chinese.is_ascii() && english.is_ascii() && english.len() > 20, "{english}");
            assert!(ALL.iter().filter(|other| other.told() == cause.told()).count() == 1, "{}", cause.word());
        }
        let (chinese, english) = Cause::Address.told();
        assert!(chinese.contains("options.networks") && english.contains("options.networks"));
    }
}
