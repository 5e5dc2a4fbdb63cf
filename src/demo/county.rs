//! The demo's made-up county: one debtor with accounts, a fund account and a policy, a claim, papers.

use serde_json::{Value, json};
use simulators::bank::{BankRules, Customer, Identity};
use simulators::housing_fund::{FundBooks, FundRules};
use simulators::insurance::{Person, Policy};
use simulators::{County, Day, Fen};

/// How a partner of the demo is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A bank whose hub fetches from us.
    Pull,
    /// A bank that we call; whether it can be asked by our number.
    Called { can_be_asked: bool },
    /// A bank that we call and that is closed now.
    Closed,
    /// The open task form; the word is its industry.
    Open(&'static str),
}

/// A partner of the demo.
pub struct Partner {
    /// Partner id.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// How it is spoken to.
    pub how: How,
}

/// All of them, the pulling bank first.
pub const PARTNERS: [Partner; 7] = [
    Partner { id: "bank-a", name: "石浦渔商银行（总对总取件）", how: How::Pull },
    Partner { id: "bank-b", name: "半岛农商银行", how: How::Called { can_be_asked: false } },
    Partner { id: "bank-c", name: "海湾村镇银行", how: How::Called { can_be_asked: true } },
    Partner { id: "bank-d", name: "丹城夜市银行（未到受理时间）", how: How::Closed },
    Partner { id: "fund-a", name: "象山住房公积金中心", how: How::Open("housing_fund") },
    Partner { id: "insurer-a", name: "海安人寿象山支公司", how: How::Open("insurance") },
    Partner { id: "police-a", name: "象山县公安局", how: How::Open("police") },
];

/// Papers of the request: kind and file name.
pub const PAPERS: [(&str, &str); 10] = [
    ("ruling", "执行裁定书.pdf"),
    ("query_notice", "协助查询存款通知书.pdf"),
    ("freeze_notice", "协助冻结存款通知书.pdf"),
    ("deduct_notice", "协助扣划存款通知书.pdf"),
    ("release_notice", "协助解除冻结存款通知书.pdf"),
    ("assist_notice", "协助执行通知书.pdf"),
    ("work_id_scan", "工作证.pdf"),
    ("duty_id_scan", "执行公务证.pdf"),
    ("work_id_scan", "工作证之二.pdf"),
    ("duty_id_scan", "执行公务证之二.pdf"),
];

/// Case number of the demo.
pub const CASE: &str = "(2026)浙0225执1234号";
/// The court's case-money account.
pub const COURT_ACCOUNT: (&str, &str) = ("402332002258", "2010000000001234");
/// Cash value of the debtor's policy.
const CASH_VALUE: Fen = 4_680_000;
/// What is owed beyond all that can be had: for it a place in the queue behind another court is taken.
const SHORTFALL: Fen = 350_000;
const COSTS: Fen = 120_000;

/// One debtor, known to every partner.
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
        let (year, month, day) = domain::Day::of(now()).ymd();
        let today = Day::new(year, month, day).unwrap_or(Day::EPOCH);
        Self { base, debtor, today, seed }
    }

    /// The same people at another bank: other account numbers, other balances. At the third bank another court was first with
    /// one of the debtor's accounts.
    pub fn of_bank(&self, index: usize) -> County {
        let mut county = self.base.clone();
        let mut random = simulators::Sequence::new(self.seed.wrapping_add(index as u64 + 1));
        for account in &mut county.accounts {
            if let Some(rest) = account.number.get(6..) {
                account.number = format!("62229{index}{rest}");
            }
            account.balance = 100_000 + Fen::try_from(random.below(4_000_000)).unwrap_or(0);
        }
        let own = county.accounts.iter().find(|account| account.owner == self.id_number());
        if let (2, Some(own)) = (index, own) {
            let mut second = own.clone();
            second.number = format!("{}8", own.number);
            second.balance = 2_000_000;
            let number = second.number.clone();
            county.accounts.push(second);
            let end = Day::new(2027, 5, 1).unwrap_or(Day::EPOCH);
            county.held_by_another_court(&number, "宁海县人民法院", "(2026)浙0226执保77号", end);
        }
        county
    }

    /// The banks' own rules: their books begin today, so that dates fit.
    pub fn rules(&self) -> BankRules {
        BankRules { first_day: self.today, ..BankRules::default() }
    }

    /// Today.
    pub fn today(&self) -> Day {
        self.today
    }

    /// Everybody in it.
    pub fn people(&self) -> &County {
        &self.base
    }

    /// The debtor.
    pub fn identity(&self) -> Option<&Identity> {
        self.debtor.as_ref().map(|debtor| &debtor.identity)
    }

    /// The debtor's identity number.
    pub fn id_number(&self) -> &str {
        self.debtor.as_ref().map_or("", |debtor| debtor.identity.id_number.as_str())
    }

    /// The debtor's policy: taken out by the debtor for a child.
    pub fn policies(&self) -> Vec<Policy> {
        let debtor = Person::new(self.debtor_name(), self.id_number());
        let child = Person::new("王小满", "330225189912310014");
        vec![Policy::endowment("HA33022520160305001", debtor, child.clone(), vec![child], CASH_VALUE)]
    }

    /// What the debtor has at the banks that are asked, as far as nobody else holds it.
    fn cash(&self) -> Fen {
        let banks = PARTNERS.iter().take(3).enumerate();
        let free = |county: County| -> Fen {
            let own = county.accounts.iter().filter(|account| account.owner == self.id_number());
            own.filter(|account| account.freezes.is_empty()).map(|account| account.balance).sum()
        };
        banks.map(|(index, _)| free(self.of_bank(index))).sum()
    }

    /// Who is pursued.
    pub fn debtor_name(&self) -> &str {
        self.debtor.as_ref().map_or("", |debtor| debtor.identity.name.as_str())
    }

    /// A stand-in for a paper's PDF, different for each.
    pub fn paper(&self, name: &str) -> Vec<u8> {
        format!("%PDF-1.4\n% {CASE} {name} {}\n%%EOF\n", self.seed).into_bytes()
    }

    /// A paper's number; scans carry their officer's number.
    pub fn paper_number(&self, kind: &str, name: &str) -> String {
        let officer = if name.contains("之二") { "330225002" } else { "330225001" };
        match kind {
            "work_id_scan" => format!("GZ{officer}"),
            "duty_id_scan" => format!("GW{officer}"),
            "ruling" => format!("{CASE}之一"),
            _ => CASE.to_owned(),
        }
    }

    /// What the debtor has in the fund before anything is frozen or paid: a demo that is taken up again asks for the same.
    fn fund(&self) -> Fen {
        let books = FundBooks::of_county(&self.base, self.seed, FundRules::default());
        let accounts = books.accounts();
        accounts.iter().filter(|account| account.owner == self.id_number()).map(|account| account.balance).sum()
    }

    /// The claim: with costs all the cash, the fund account and the policy, and a little more.
    pub fn claim(&self) -> Fen {
        self.cash() + self.fund() + CASH_VALUE + SHORTFALL - COSTS
    }

    /// The one click: `goal` at these partners.
    pub fn request(&self, goal: &str, partners: &[&str], claim: Fen, papers: &[Value]) -> Value {
        let identity = self.debtor.as_ref().map(|debtor| &debtor.identity);
        let text = |of: fn(&simulators::bank::Identity) -> &String| identity.map(of).cloned().unwrap_or_default();
        let officer = |name: &str, number: &str| json!({ "name": name, "work_id": format!("GZ{number}"), "duty_id": format!("GW{number}"), "phone": "0574-00000000" });
        json!({
            "case": {
                "number": CASE, "stage": "enforcement",
                "court": { "code": "330225", "name": "象山县人民法院" },
                "claim": simulators::yuan(claim), "costs": simulators::yuan(COSTS),
                "parties": [{
                    "role": "obligor", "kind": "person", "name": text(|id| &id.name),
                    "id_type": text(|id| &id.id_type), "id_number": text(|id| &id.id_number),
                }],
                "account": {
                    "holder": "象山县人民法院执行款专户", "bank": "象山农商银行",
                    "bank_code": COURT_ACCOUNT.0, "number": COURT_ACCOUNT.1,
                },
            },
            "goal": goal, "subjects": [0],
            "scope": { "kinds": [], "regions": ["330225"], "partners": partners },
            "officers": [officer("陈听潮", "330225001"), officer("林望海", "330225002")],
            "documents": papers, "priority": "normal",
        })
    }
}

/// The wall clock, in UTC milliseconds.
pub fn now() -> i64 {
    use engine::clock::Clock as _;
    engine::clock::SystemClock::new().wall()
}
