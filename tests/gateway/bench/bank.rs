//! The banks beside the gateway: how each is set up, its file in the gateway's configuration, its books afterwards.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use simulators::bank::{BankRules, Books};
use simulators::{AcceptedThenAsk, AgreedRate, BankHttp, BankHttpConfig, BankHub, BankHubConfig, Day, Fen, Knobs};

use super::gateway::COURT_ACCOUNT;
use super::people::county_of;

/// What a bank's agreement says about doubt.
#[derive(Clone, Copy)]
pub struct Doubt {
    pub asked: bool,
    pub deduplicates: bool,
    pub not_found_ms: Option<u64>,
}

/// A bank to be set up.
#[derive(Clone)]
pub struct Spec {
    pub id: String,
    pub pulls: bool,
    pub balances: Vec<Fen>,
    pub rules: BankRules,
    pub doubt: Doubt,
    pub rate: (u32, u64, u32),
    pub in_flight: u32,
    pub hours: String,
    pub acts: Vec<&'static str>,
    pub stage: &'static str,
    pub total_ms: u64,
    pub ask_after_ms: u64,
    pub retry_ms: (u64, u64),
    pub breaker: (u32, u64),
    pub asks: u32,
    pub poll_ms: u64,
    pub password: String,
}

fn today() -> Day {
    let (year, month, day) = domain::Day::of(engine::clock::Clock::wall(&engine::clock::SystemClock::new())).ymd();
    Day::new(year, month, day).unwrap()
}

impl Spec {
    fn new(id: &str, pulls: bool) -> Self {
        Self {
            id: id.to_owned(),
            pulls,
            balances: vec![100_000],
            rules: BankRules { first_day: today(), ..BankRules::default() },
            doubt: Doubt { asked: true, deduplicates: false, not_found_ms: None },
            rate: (1_000, 1_000, 1_000),
            in_flight: if pulls { 500 } else { 8 },
            hours: "daily 00:00-24:00".to_owned(),
            acts: vec!["query", "freeze", "renew", "release", "deduct"],
            stage: "deduct",
            total_ms: 1_500,
            ask_after_ms: 100,
            retry_ms: (50, 400),
            breaker: (50, 200),
            asks: 0,
            poll_ms: 100,
            password: format!("the password of {id}"),
        }
    }

    /// A bank that we call.
    pub fn called(id: &str) -> Self {
        Self::new(id, false)
    }

    /// A bank whose hub pulls.
    pub fn pulling(id: &str) -> Self {
        Self::new(id, true)
    }

    /// Fen on the account of each person; the last holds for all who follow.
    pub fn holds(mut self, balances: &[Fen]) -> Self {
        self.balances = balances.to_vec();
        self
    }

    /// Sets anything else.
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn user(&self) -> String {
        format!("YH-{}", self.id)
    }

    /// Its file under `partners/`.
    pub fn file(&self, url: &str) -> String {
        let acts = self.acts.iter().map(|act| format!("\"{act}\"")).collect::<Vec<_>>().join(", ");
        let (id, in_flight) = (&self.id, self.in_flight);
        let (hours, stage) = (&self.hours, self.stage);
        let head = format!(
            "id = \"{id}\"\nname = \"{id}\"\nkind = \"bank\"\nregions = [\"330225\"]\nacts = [{acts}]\nstage = \"{stage}\"\nhours = \"{hours}\"\nanswer_due_s = 86400\nin_flight_max = {in_flight}\n"
        );
        if self.pulls {
            return format!(
                "{head}adapter = \"bank_pull\"\n\n[credential]\nusername = \"{}\"\npassword = \"file:secrets/{id}.secret\"\n\n[options]\ncharset = \"GBK\"\n",
                self.user()
            );
        }
        let ((max, window, burst), (first, longest)) = (self.rate, self.retry_ms);
        let ((failures, open), doubt) = (self.breaker, self.doubt);
        let not_found = doubt.not_found_ms.map(|ms| format!("not_found_final_after_ms = {ms}\n")).unwrap_or_default();
        format!(
            "{head}adapter = \"bank_http\"\n\n[rate]\nmax = {max}\nwindow_ms = {window}\nburst = {burst}\n\n[retry]\nfirst_ms = {first}\nmax_ms = {longest}\n\n[breaker]\nfailures = {failures}\nopen_ms = {open}\n\n[doubt]\ndeduplicates = {}\ncan_be_asked = {}\nask_after_ms = {}\n{not_found}\n[timeouts]\nconnect_ms = {}\ntotal_ms = {}\n\n[options]\nurl = \"{url}\"\nbank_id = \"{}\"\nfrom = \"COURT330225\"\ntoken = \"file:secrets/{id}.secret\"\ncharset = \"UTF-8\"\n",
            doubt.deduplicates,
            doubt.asked,
            self.ask_after_ms,
            self.total_ms / 2,
            self.total_ms,
            id.to_uppercase().replace('-', "")
        )
    }
}

enum Simulated {
    Called(BankHttp),
    Pulling(BankHub),
}

/// A bank at work.
pub struct Bank {
    pub spec: Spec,
    pub place: usize,
    simulated: Simulated,
    conserved: Fen,
}

impl Bank {
    /// Starts it; `door` is where a hub finds the gateway.
    pub fn start(spec: Spec, place: usize, door: &str, root: &Path) -> Self {
        let county = county_of(place, &spec.balances);
        let ledger = Some(root.join(format!("{}.ledger", spec.id)));
        let (rules, seed) = (spec.rules.clone(), place as u64 + 1);
        let simulated = if spec.pulls {
            let config = BankHubConfig {
                gateway_url: format!("{door}/services/SyyhConvertDataService"),
                username: spec.user(),
                password: spec.password.clone(),
                poll_ms: spec.poll_ms,
                ledger,
                rules,
                seed,
                ..BankHubConfig::default()
            };
            Simulated::Pulling(BankHub::start(&county, config).unwrap())
        } else {
            let config = BankHttpConfig {
                token: spec.password.clone(),
                ledger,
                rules,
                seed,
                accepted_then_ask: AcceptedThenAsk { asks: spec.asks },
                rate: Some(AgreedRate { max: spec.rate.0 as usize, window_ms: spec.rate.1, refuse: false }),
                ..BankHttpConfig::default()
            };
            Simulated::Called(BankHttp::start(&county, config).unwrap())
        };
        let mut bank = Self { spec, place, simulated, conserved: 0 };
        bank.conserved = bank.books().conserved();
        bank
    }

    pub fn url(&self) -> &str {
        match &self.simulated {
            Simulated::Called(bank) => &bank.url,
            Simulated::Pulling(_) => "",
        }
    }

    pub fn books(&self) -> Arc<Books> {
        match &self.simulated {
            Simulated::Called(bank) => bank.books(),
            Simulated::Pulling(hub) => hub.books(),
        }
    }

    pub fn knobs(&self) -> &Knobs {
        match &self.simulated {
            Simulated::Called(bank) => bank.knobs(),
            Simulated::Pulling(hub) => hub.knobs(),
        }
    }

    pub fn called(&self) -> &BankHttp {
        match &self.simulated {
            Simulated::Called(bank) => bank,
            Simulated::Pulling(_) => panic!("{} pulls", self.spec.id),
        }
    }

    pub fn hub(&self) -> &BankHub {
        match &self.simulated {
            Simulated::Pulling(hub) => hub,
            Simulated::Called(_) => panic!("{} is called", self.spec.id),
        }
    }

    /// Number of a person's account here.
    pub fn account(&self, person: usize) -> String {
        super::account(self.place, person)
    }

    /// Fen that left this bank for the court.
    pub fn paid(&self) -> Fen {
        self.books().paid_out().iter().map(|payment| payment.amount).sum()
    }

    /// Fen that freezes hold.
    pub fn held(&self) -> Fen {
        self.books().accounts().iter().map(simulators::bank::Account::caught).sum()
    }

    /// How often orders of a kind took effect.
    pub fn effects(&self, verb: &str) -> usize {
        self.books().effects().iter().filter(|effect| effect.verb == verb).count()
    }

    /// What must be so of every bank's books whatever happened: no order twice, no fen lost, money only to the court.
    pub fn judge(&self) {
        let (id, books) = (&self.spec.id, self.books());
        let mut effects: BTreeMap<String, usize> = BTreeMap::new();
        for effect in books.effects() {
            *effects.entry(effect.key).or_default() += 1;
        }
        let doubled: Vec<_> = effects.iter().filter(|(_, count)| **count > 1).collect();
        assert!(doubled.is_empty(), "{id}: took effect more than once: {doubled:?}");
        assert_eq!(books.conserved(), self.conserved, "{id}: money was made or lost");
        for payment in books.paid_out().iter().chain(&books.in_transit()) {
            assert_eq!(payment.payee.account, COURT_ACCOUNT.1, "{id}: money went elsewhere");
        }
        match &self.simulated {
            Simulated::Pulling(hub) => {
                assert_eq!(hub.findings(), Vec::<String>::new(), "{id}: findings about the gateway")
            }
            Simulated::Called(bank) => assert_eq!(bank.violations(), Vec::new(), "{id}: called above the agreed rate"),
        }
    }
}
