//! Before anything is sent: what each partner's own form would hand back, and what could never be sent in time.

use domain::ActKind;
use domain::form::{Defect, DefectKind, Looked};
use domain::partner::Partner;
use domain::request::{Asked, Goal, Request};
use store::record::PlanLine;

use super::Decider;
use crate::refusal::Refusal;

/// Defects told at once: more than a person mends in one go.
const DEFECTS_MAX: usize = 50;

impl Decider {
    /// Holds the request against the form of every partner that it plans acts with now or may plan them with later.
    pub(super) fn preflight(&self, request: &Request, plan: &[PlanLine]) -> Result<(), Refusal> {
        let unread = self.parts_unread(request, plan);
        if !unread.is_empty() {
            return Err(Refusal::PartUnread(unread));
        }
        let mut found: Vec<(String, Defect)> = Vec::new();
        let mut seen: Vec<(&str, u16, u8)> = Vec::new();
        for line in plan {
            let key = (line.partner.as_str(), line.subject, line.kind);
            if found.len() >= DEFECTS_MAX || seen.last() == Some(&key) {
                continue;
            }
            seen.push(key);
            let Some(partner) = self.config.partners.get(&line.partner) else { continue };
            let defects = self.defects(request, partner, line).into_iter();
            found.extend(defects.map(|defect| (partner.id.clone(), defect)));
        }
        found.extend(self.unnamed(request, plan));
        found.sort_by(|a, b| (&a.0, &a.1.at, a.1.kind).cmp(&(&b.0, &b.1.at, b.1.kind)));
        found.dedup();
        found.truncate(DEFECTS_MAX);
        if found.is_empty() { Ok(()) } else { Err(Refusal::Formal(found)) }
    }

    /// Releases of a part at partners that would let go of the whole.
    fn parts_unread(&self, request: &Request, plan: &[PlanLine]) -> Vec<(String, Defect)> {
        if !matches!(request.asked, Asked::Acts(_)) {
            return Vec::new();
        }
        let unread = |line: &&PlanLine| {
            let partner = self.config.partners.get(&line.partner);
            line.releases_a_part() && partner.is_some_and(|partner| !partner.form.part_release.is_read())
        };
        // Explicit acts are planned in their order, one line each.
        let lines = plan.iter().enumerate().filter(|(_, line)| unread(line)).take(DEFECTS_MAX);
        let defect = |place: usize| Defect {
            at: format!("/acts/{place}/amount"),
            kind: DefectKind::PartUnreadable,
            wanted: String::new(),
        };
        lines.map(|(place, line)| (line.partner.clone(), defect(place))).collect()
    }

    /// Acts that say not what they are about, and build on nothing that does.
    fn unnamed(&self, request: &Request, plan: &[PlanLine]) -> Vec<(String, Defect)> {
        if !matches!(request.asked, Asked::Acts(_)) {
            return Vec::new();
        }
        let unnamed = |line: &PlanLine| {
            let form = self.config.partners.get(&line.partner).map(|partner| &partner.form);
            let named = form.into_iter().flat_map(|form| &form.asset_named);
            line.account.is_none() && line.asset == 0 && named.into_iter().any(|kind| kind.code() == line.kind)
        };
        // Explicit acts are planned in their order, one line each.
        let lines = plan.iter().enumerate().filter(|(_, line)| unnamed(line)).take(DEFECTS_MAX);
        let at = |place| format!("/acts/{place}/account");
        let defect = |place| Defect { at: at(place), kind: DefectKind::AssetMissing, wanted: String::new() };
        lines.map(|(place, line)| (line.partner.clone(), defect(place))).collect()
    }

    fn defects(&self, request: &Request, partner: &Partner, line: &PlanLine) -> Vec<Defect> {
        let Some(party) = request.case.parties.get(usize::from(line.subject)) else { return Vec::new() };
        let kinds = self.kinds_ahead(request, partner, line);
        let ordered = match &request.asked {
            Asked::Acts(orders) => orders.as_slice(),
            Asked::Goal { .. } => &[],
        };
        let own =
            |(_, order): &(usize, &domain::act::ActOrder)| order.partner == partner.id && order.subject == line.subject;
        let orders: Vec<_> = ordered.iter().enumerate().filter(own).collect();
        let mut found = partner.form.defects(&Looked {
            subject: (usize::from(line.subject), party),
            officers: &request.officers,
            papers: &request.papers,
            kinds: &kinds,
            case_number: &request.case.number,
            court_account: request.case.account.as_ref(),
            orders: &orders,
        });
        let opens = partner.hours.opens_at(self.now, &self.config.calendar);
        if let (Some(opens), Some(deadline)) = (opens, request.deadline)
            && opens >= deadline
        {
            let (at, wanted) = ("/deadline".to_owned(), domain::day::show_instant(opens));
            found.push(Defect { at, kind: DefectKind::ClosedUntilDeadline, wanted });
        }
        found
    }

    /// The kinds of act that a line stands for: a goal's question may be followed by all that the goal does there.
    fn kinds_ahead(&self, request: &Request, partner: &Partner, line: &PlanLine) -> Vec<ActKind> {
        let own = ActKind::from_code(line.kind).into_iter();
        let Asked::Goal { goal, .. } = &request.asked else { return own.collect() };
        let ahead = ActKind::ALL.iter().copied().filter(|kind| match goal {
            Goal::Look => false,
            Goal::Secure => *kind == ActKind::Freeze,
            Goal::Collect => *kind == ActKind::Freeze || kind.moves_money(),
        });
        own.chain(ahead.filter(|kind| partner.takes(*kind))).collect()
    }
}
