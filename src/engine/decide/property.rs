//! What sort of property something is about: as it is stored with the measure, as the case has found it, or as such a partner brings it.

use domain::act::ActOrder;
use domain::outcome::AssetKind;
use domain::request::PartnerKind;
use domain::rules::brings;
use store::record::PlanLine;

use super::Decider;
use crate::state::slab::Index;
use crate::state::{Act, Found, Measure, short_hash};

impl Decider {
    /// Of an order, where it is known: by the measure that it builds on, if whoever orders it sees that, or by what open requests of
    /// the case have found.
    pub(super) fn property_of(
        &self,
        case: Option<Index>,
        order: &ActOrder,
        sees: impl Fn(&Measure) -> bool,
    ) -> Option<AssetKind> {
        let base = order.original.as_ref().filter(|_| !order.kind.builds_on().is_empty());
        let base = base.and_then(|original| self.measure_named(order, original));
        let base = base.and_then(|base| self.state.measures.get(base)).filter(|base| sees(base));
        let stored = base.and_then(Measure::property);
        let asset = || order.account.as_ref().map(|account| short_hash(&[&order.partner, account.expose()]));
        stored.or_else(|| self.found_as(case?, asset()?))
    }

    /// Of an order that makes a measure, as far as anybody can say it: also by what such a partner brings. 0 = nobody can.
    pub(super) fn property_code(&self, case: Option<Index>, order: &ActOrder, partner: PartnerKind) -> u8 {
        self.property_of(case, order, |_| true).or_else(|| brings(partner)).map_or(0, AssetKind::code)
    }

    /// Of a plan line that was made from a measure or from what was found: what is written there.
    pub(super) fn property_of_line(line: &PlanLine) -> Option<AssetKind> {
        AssetKind::from_code(line.property)
    }

    /// Of a measure; what neither plan nor import has said is what the case has found, or what such a partner brings.
    pub(crate) fn asset_of(&self, measure: &Measure) -> Option<AssetKind> {
        let found = || self.found_as(measure.case, measure.asset);
        measure.property().or_else(found).or_else(|| self.brought_at(measure.lane))
    }

    /// How early the court takes the property of a measure.
    pub(super) fn rank_of_measure(&self, measure: &Measure) -> usize {
        self.rank_of_kind(measure.case, self.asset_of(measure))
    }

    /// The same of what an act is about.
    pub(super) fn rank_of_act(&self, act: &Act) -> usize {
        let stored = self.state.measures.get(act.measure).and_then(Measure::property);
        let found = stored.or_else(|| self.found_as(act.case, act.asset));
        self.rank_of_kind(act.case, found.or_else(|| self.brought_at(act.lane)))
    }

    fn rank_of_kind(&self, case: Index, kind: Option<AssetKind>) -> usize {
        let kind = kind.unwrap_or(AssetKind::Other);
        let order = self.court_of(case).map(|court| court.asset_order.as_slice()).filter(|order| !order.is_empty());
        let order = order.unwrap_or(AssetKind::ALL);
        order.iter().position(|other| *other == kind).unwrap_or(order.len())
    }

    fn brought_at(&self, lane: u16) -> Option<AssetKind> {
        self.partner(lane).and_then(|partner| brings(partner.kind))
    }

    fn found_as(&self, case: Index, asset: u64) -> Option<AssetKind> {
        let requests = self.state.cases.get(case).into_iter().flat_map(|case| &case.requests);
        let mut found = requests.filter_map(|index| self.state.requests.get(*index)).flat_map(|open| &open.found);
        found.find(|found| asset != 0 && found.asset == asset).map(Found::kind)
    }
}
