//! The demo's made-up county: one debtor with accounts at three banks, a claim, papers.

use serde_json::{Value, json};
use simulators::bank::{BankRules, Customer};
use simulators::{County, Day, Fen};

/// A bank of the demo.
pub struct Bank {
    /// Partner id.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// It fetches from us; else we call it.
    pub pulls: bool,
}

/// The banks, the pulling one first.
pub const BANKS: [Bank; 3] = [
    Bank { id: "bank-a", name: "石浦渔商银行（总对总取件）", pulls: true },
    Bank { id: "bank-b", name: "半岛农商银行", pulls: false },
    Bank { id: "bank-c", name: "海湾村镇银行", pulls: false },
];

/// Papers of the request: kind and file name.
pub const PAPERS: [(&str, &str); 7] = [
    ("ruling", "执行裁定书.pdf"),
    ("query_notice", "协助查询存款通知书.pdf"),
    ("freeze_notice", "协助冻结存款通知书.pdf"),
    ("deduct_notice", "协助扣划存款通知书.pdf"),
    ("release_notice", "协助解除冻结存款通知书.pdf"),
    ("work_id_scan", "工作证.pdf"),
    ("duty_id_scan", "执行公务证.pdf"),
];

/// Case number of the demo.
pub const CASE: &str = "(2026)浙0225执1234号";
/// The court's case-money account.
pub const COURT_ACCOUNT: (&str, &str) = ("402332002258", "2010000000001234");

/// One debtor, known to every bank.
pub struct DemoCounty {
    base: County,
    debtor: Option<Customer>,
    today: Day,
    seed: u64,
}

impl DemoCounty {
    /// The county of a seed.
    pub fn made_up(seed: u64) -> Self {
        let base = County::made_up(seed, 40, 10);
        let debtor = base.customers.iter().find(|customer| !customer.company).cloned();
        let (year, month, day) = domain::Day::of(engine_now()).ymd();
        let today = Day::new(year, month, day).unwrap_or(Day::EPOCH);
        Self { base, debtor, today, seed }
    }

    /// The same people at another bank: other account numbers, other balances.
    pub fn of_bank(&self, index: usize) -> County {
        let mut county = self.base.clone();
        let mut random = simulators::Sequence::new(self.seed.wrapping_add(index as u64 + 1));
        for account in &mut county.accounts {
            if let Some(rest) = account.number.get(6..) {
                account.number = format!("62229{index}{rest}");
            }
            account.balance = 100_000 + Fen::try_from(random.below(4_000_000)).unwrap_or(0);
        }
        county
    }

    /// The bank's own rules: its books begin today, so that dates fit.
    pub fn rules(&self) -> BankRules {
        BankRules { first_day: self.today, ..BankRules::default() }
    }

    /// What the debtor has at all banks.
    pub fn debtor_total(&self) -> Fen {
        let Some(debtor) = &self.debtor else { return 0 };
        let owned = |county: County| -> Fen {
            let own = county.accounts.iter().filter(|account| account.owner == debtor.identity.id_number);
            own.map(|account| account.balance).sum()
        };
        (0..BANKS.len()).map(|index| owned(self.of_bank(index))).sum()
    }

    /// Who is pursued.
    pub fn debtor_name(&self) -> &str {
        self.debtor.as_ref().map_or("", |debtor| debtor.identity.name.as_str())
    }

    /// A stand-in for a paper's PDF, different for each kind.
    pub fn paper(&self, kind: &str) -> Vec<u8> {
        format!("%PDF-1.4\n% {CASE} {kind} {}\n%%EOF\n", self.seed).into_bytes()
    }

    /// A paper's number; scans carry their officer's number.
    pub fn paper_number(&self, kind: &str) -> String {
        match kind {
            "work_id_scan" => "GZ330225001".to_owned(),
            "duty_id_scan" => "GW330225001".to_owned(),
            "ruling" => format!("{CASE}之一"),
            _ => CASE.to_owned(),
        }
    }

    /// The claim: three quarters of what there is, so that the fullest accounts pay and the rest stays untouched.
    pub fn claim(&self) -> Fen {
        self.debtor_total() * 3 / 4
    }

    /// The one click.
    pub fn request(&self, papers: &[Value]) -> Value {
        let identity = self.debtor.as_ref().map(|debtor| &debtor.identity);
        let text = |of: fn(&simulators::bank::Identity) -> &String| identity.map(of).cloned().unwrap_or_default();
        let officer = |name: &str, number: &str| json!({ "name": name, "work_id": format!("GZ{number}"), "duty_id": format!("GW{number}"), "phone": "0574-00000000" });
        json!({
            "case": {
                "number": CASE, "stage": "enforcement",
                "court": { "code": "330225", "name": "象山县人民法院" },
                "claim": simulators::yuan(self.claim()), "costs": "1200.00",
                "parties": [{
                    "role": "obligor", "kind": "person", "name": text(|id| &id.name),
                    "id_type": text(|id| &id.id_type), "id_number": text(|id| &id.id_number),
                }],
                "account": {
                    "holder": "象山县人民法院执行款专户", "bank": "象山农商银行",
                    "bank_code": COURT_ACCOUNT.0, "number": COURT_ACCOUNT.1,
                },
            },
            "goal": "collect", "subjects": [0],
            "scope": { "kinds": ["bank"], "regions": ["330225"], "partners": [] },
            "officers": [officer("陈听潮", "330225001"), officer("林望海", "330225002")],
            "documents": papers, "priority": "normal",
        })
    }
}

fn engine_now() -> i64 {
    use engine::clock::Clock as _;
    engine::clock::SystemClock::new().wall()
}
