//! A slip as pulled (cxqq or kzqq), and the orders its lines make.

use encoding_rs::Encoding;

use super::element;
use crate::bank::{Identity, Name, Order, Original, Papers, Payee, ProductAsk, Verb};
use crate::day::Day;
use crate::money::parse_yuan;
use crate::wire::md5_hex;
use crate::xml::Node;

/// Lines of one slip; the wire sets no bound, a bank does.
pub(crate) const LINES_MAX: usize = 1000;

/// A slip.
pub(crate) struct Slip {
    pub number: String,
    pub control: bool,
    /// As it came, to be kept and compared.
    pub raw: String,
    pub content: String,
    pub subject: Identity,
    pub organ: String,
    pub case_number: String,
    pub document_number: String,
    pub officer_numbers: Vec<String>,
    pub window: Option<(Day, Day)>,
    pub lines: Vec<Line>,
    /// What stands outside its lines.
    head: Vec<(String, String)>,
}

/// A line of a control slip.
pub(crate) struct Line {
    pub number: String,
    pub measure: String,
    pub content_kind: String,
    pub account_as_asked: String,
    /// Product number and wealth account, when KZLX is 2.
    pub product_as_asked: Option<(String, String)>,
    node: Node,
}

impl Line {
    pub(crate) fn whole_account(&self) -> bool {
        self.content_kind == "2"
    }
}

impl Slip {
    /// Reads a `cxqq` or `kzqq` whose attributes are in the clear.
    pub(crate) fn read(node: &Node, charset: &'static Encoding) -> Slip {
        let text = |name: &str| node.attribute(name).trim().to_owned();
        let raw = element::covered(node, charset);
        let mut rows = Vec::new();
        node.all("kzzh", &mut rows);
        let lines = rows.into_iter().take(LINES_MAX).map(line).collect();
        Slip {
            number: text("BDHM"),
            control: node.name == "kzqq",
            content: md5_hex(raw.as_bytes()),
            raw,
            subject: Identity { name: text("XM"), id_type: text("ZJLX"), id_number: text("DSRZJHM") },
            organ: text("FYMC"),
            case_number: text("AH"),
            document_number: text("WSBH"),
            officer_numbers: vec![text("GZZBH"), text("GWZBH")],
            window: Day::parse(&text("CKKSSJ")).zip(Day::parse(&text("CKJSSJ"))),
            lines,
            head: node.attributes.clone(),
        }
    }

    /// Is it what is left of that slip once some of its lines are answered? A list is delivered again until everything in it is.
    pub(crate) fn is_rest_of(&self, first: &Slip, is_answered: impl Fn(&Name) -> bool) -> bool {
        let holds = |lines: &[Line], line: &Line| lines.iter().any(|other| other.node == line.node);
        self.control
            && first.control
            && self.head == first.head
            && !self.lines.is_empty()
            && self.lines.iter().all(|line| holds(&first.lines, line))
            && first.lines.iter().all(|line| holds(&self.lines, line) || is_answered(&first.name(line)))
    }

    /// The three a query must have (rule 2).
    pub(crate) fn identified(&self) -> bool {
        ![&self.subject.name, &self.subject.id_type, &self.subject.id_number].iter().any(|t| t.is_empty())
    }

    /// The name of one of its lines.
    pub(crate) fn name(&self, line: &Line) -> Name {
        Name { slip: self.number.clone(), line: line.number.clone() }
    }

    /// The order one line makes on the bank's day.
    pub(crate) fn order(&self, line: &Line, papers: Papers, today: Day) -> Order {
        let text = |name: &str| line.node.attribute(name).trim().to_owned();
        let pays_back = text("ZJHKZH");
        let account = if line.product_as_asked.is_some() && !pays_back.is_empty() { pays_back } else { text("KHZH") };
        Order {
            name: self.name(line),
            content: self.content.clone(),
            organ: self.organ.clone(),
            document: self.case_number.clone(),
            subject: self.subject.clone(),
            account,
            sub_account: text("GLZHHM"),
            currency: text("BZ"),
            papers,
            verb: verb(line, today),
        }
    }
}

fn line(node: &Node) -> Line {
    let text = |name: &str| node.attribute(name).trim().to_owned();
    Line {
        number: text("CCXH"),
        measure: text("KZCS"),
        content_kind: text("KZNR"),
        account_as_asked: text("KHZH"),
        product_as_asked: (text("KZLX") == "2").then(|| (text("JRCPBH"), text("LCZH"))),
        node: node.clone(),
    }
}

fn verb(line: &Line, today: Day) -> Verb {
    let text = |name: &str| line.node.attribute(name).trim();
    let amount = parse_yuan(text("JE"));
    let original = Original { number: text("YDJDH").to_owned(), application: String::new() };
    let last_day = || Day::parse(text("JSRQ")).unwrap_or_else(|| today.next_year().plus_days(-1));
    match line.measure.as_str() {
        "01" | "03" => Verb::Freeze {
            application: String::new(),
            // An amount that cannot be read becomes 0, which the books refuse as no amount.
            limit: (!line.whole_account()).then(|| amount.unwrap_or(0)),
            asked: amount,
            queue: line.measure == "03",
            end: last_day(),
            product: line
                .product_as_asked
                .as_ref()
                .map(|(number, _)| ProductAsk { number: number.clone(), units: parse_yuan(text("SE")).unwrap_or(0) }),
            takes_over: [text("YDJDH"), text("YDJAH")]
                .into_iter()
                .filter(|named| !named.is_empty())
                .map(str::to_owned)
                .collect(),
        },
        "02" => Verb::Renew { original, end: last_day() },
        // JE is not read here: the form has no code for a part, and a hub ends the whole freeze.
        "04" | "05" => Verb::Release { original, queued_only: line.measure == "05", part: None },
        "06" => Verb::Deduct {
            original,
            amount: (!line.whole_account()).then(|| amount.unwrap_or(0)),
            payee: Payee {
                name: text("ZXKZHHM").to_owned(),
                bank: text("ZXKZHKHH").to_owned(),
                bank_code: text("ZXKZHKHHHH").to_owned(),
                account: text("ZXKZHZH").to_owned(),
            },
        },
        other => Verb::Unsupported { code: other.to_owned() },
    }
}
