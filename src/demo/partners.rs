//! The demo's simulated partners: three banks, one more that is closed, a fund centre, an insurer, police.

use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};
use simulators::bank::Books;
use simulators::insurance::InsurerRules;
use simulators::{
    BankHttp, BankHttpConfig, BankHub, BankHubConfig, Callback, Fault, HousingFund, HousingFundConfig, Insurance,
    InsuranceConfig, Knob, OpenConfig, Police, PoliceConfig,
};

use super::county::{DemoCounty, How, PARTNERS};
use super::files::{HUB_USER, Place};

/// Milliseconds between two polls of the pulling bank's hub.
const HUB_POLL_MS: u64 = 250;
/// A day of the insurer's notice period.
const INSURER_DAY_MS: u64 = 400;

/// The simulated partners; they stop when this is dropped.
pub struct Partners {
    hub: Option<BankHub>,
    called: Vec<(&'static str, BankHttp)>,
    fund: HousingFund,
    insurer: Insurance,
    police: Police,
}

impl Partners {
    /// Starts all that are called.
    pub fn start(place: &Place, county: &DemoCounty) -> anyhow::Result<Self> {
        let open = |id: &str| OpenConfig {
            token: place.tokens.bank.clone(),
            ledger: Some(place.ledger(id)),
            seed: place.seed,
            first_day: county.today(),
            ..OpenConfig::default()
        };
        let mut called = Vec::new();
        for (index, partner) in PARTNERS.iter().enumerate() {
            if matches!(partner.how, How::Called { .. } | How::Closed) {
                called.push((partner.id, start_called(place, county, index, partner.how)?));
            }
        }
        let fund =
            HousingFund::start(county.people(), HousingFundConfig { open: open("fund-a"), ..Default::default() });
        let rules = InsurerRules { notice_days: 3, day_ms: INSURER_DAY_MS, ..InsurerRules::default() };
        let insurer = Insurance::start_with(county.policies(), InsuranceConfig { open: open("insurer-a"), rules });
        let police = Police::start(county.people(), PoliceConfig { open: open("police-a"), ..PoliceConfig::default() });
        Ok(Self {
            hub: None,
            called,
            fund: fund.context("starting the fund centre")?,
            insurer: insurer.context("starting the insurer")?,
            police: police.context("starting the police")?,
        })
    }

    /// Where each that is called listens, by partner.
    pub fn url_of(&self, id: &str) -> Option<String> {
        let called = self.called.iter().find(|(own, _)| *own == id).map(|(_, bank)| bank.url.clone());
        called.or_else(|| match id {
            "fund-a" => Some(self.fund.url().to_owned()),
            "insurer-a" => Some(self.insurer.url().to_owned()),
            "police-a" => Some(self.police.url().to_owned()),
            _ => None,
        })
    }

    fn admin_url_of(&self, id: &str) -> Option<&str> {
        match id {
            "fund-a" => Some(self.fund.admin_url()),
            "insurer-a" => Some(self.insurer.admin_url()),
            "police-a" => Some(self.police.admin_url()),
            _ => None,
        }
    }

    /// Tells those who call the gateway where it is.
    pub fn meet(&mut self, place: &Place, county: &DemoCounty, gateway: &str) -> anyhow::Result<()> {
        let config = BankHubConfig {
            gateway_url: format!("{gateway}/services/SyyhConvertDataService"),
            username: HUB_USER.to_owned(),
            password: place.tokens.bank.clone(),
            poll_ms: HUB_POLL_MS,
            ledger: Some(place.ledger("bank-a")),
            rules: county.rules(),
            seed: place.seed,
            ..BankHubConfig::default()
        };
        self.hub = Some(BankHub::start(&county.of_bank(0), config).context("starting the pulling bank's hub")?);
        let callback = |partner: &str| Callback {
            gateway: gateway.to_owned(),
            partner: partner.to_owned(),
            token: place.callback_token(partner),
        };
        self.fund.call_back(callback("fund-a"));
        self.insurer.call_back(callback("insurer-a"));
        self.police.call_back(callback("police-a"));
        Ok(())
    }

    /// The books of a bank that is called.
    pub fn books_of(&self, id: &str) -> anyhow::Result<Arc<Books>> {
        let bank = self.called.iter().find(|(own, _)| *own == id);
        bank.map(|(_, bank)| bank.books()).with_context(|| format!("finding the books of {id}"))
    }

    /// The debtor meets the condition that the fund's payment waits for.
    pub fn retire(&self, county: &DemoCounty) -> anyhow::Result<()> {
        self.fund.retire(county.id_number()).context("retiring the debtor")
    }

    /// The partners for whoever scripts the demo; credentials are there so that another program can stand in for one.
    pub fn list(&self, gateway: &str, place: &Place) -> Vec<Value> {
        let entry = |partner: &super::county::Partner| match partner.how {
            How::Pull => {
                let url = format!("{gateway}/services/SyyhConvertDataService");
                let credential = json!({ "username": HUB_USER, "password": place.tokens.bank });
                json!({ "id": partner.id, "kind": "bank", "url": url, "credential": credential })
            }
            How::Called { .. } | How::Closed => {
                let bank = self.called.iter().find(|(own, _)| *own == partner.id).map(|(_, bank)| bank);
                let (url, admin) = bank.map(|bank| (bank.url.as_str(), bank.admin_url.as_str())).unwrap_or_default();
                json!({ "id": partner.id, "kind": "bank", "url": url, "admin_url": admin })
            }
            How::Open(kind) => json!({
                "id": partner.id, "kind": kind, "url": self.url_of(partner.id), "admin_url": self.admin_url_of(partner.id),
                "callback_token": place.callback_token(partner.id),
            }),
        };
        PARTNERS.iter().map(entry).collect()
    }
}

fn start_called(place: &Place, county: &DemoCounty, index: usize, how: How) -> anyhow::Result<BankHttp> {
    let id = PARTNERS.get(index).map_or("", |partner| partner.id);
    let config = BankHttpConfig {
        token: place.tokens.bank.clone(),
        ledger: Some(place.ledger(id)),
        rules: county.rules(),
        seed: place.seed,
        ..BankHttpConfig::default()
    };
    let bank = BankHttp::start(&county.of_bank(index), config).with_context(|| format!("starting {id}"))?;
    bank.knobs().set(Knob::share(Fault::Delay, 1.0).ms(150));
    if how != How::Closed {
        // One freeze takes effect and is never answered: the gateway must find out by our own number, or people by paper.
        bank.knobs().set(Knob::next(Fault::SilenceAfterAccept, 1).only("100201").ms(5_000));
    }
    Ok(bank)
}
