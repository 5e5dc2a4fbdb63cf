//! Pull faces at run time: who calls, what waits for them, what they feed back.

use std::collections::BTreeMap;

use domain::form::Form;
use domain::outcome::{Lead, Outcome};
use domain::papers::is_carried;
use domain::partner::Partner;
use domain::request::PartnerKind;
use domain::slip::Slip;
use domain::socket::{
    FaceAnswer, FaceCall, FaceFault, FaceReply, FaceVerb, FeedbackItem, INBOUND_ITEMS_MAX, ItemVerdict, ListClass,
    PaperFile, Plug, Pulled,
};
use domain::{ActId, ActKind, ActState, Flaw, Millis, Personal, SlipLine, SlipNumber, Untaken};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::documents::DOCUMENT_AAD;
use super::papers::RequestPapers;
use super::{Engine, Shared, portions};
use crate::command::{Answer, Command};
use crate::config::Config;
use crate::decide::face::too_many;
use crate::refusal::Refusal;
use crate::state::State;
use crate::state::found::News;
use crate::vault::blob_id;

/// Partners by the keyed hash of the credential they show: one HMAC and one look-up a poll, whatever their number.
#[derive(Default)]
pub struct Credentials {
    by_hash: BTreeMap<[u8; 16], (String, PartnerKind)>,
    /// The partners themselves, beside the decider: what is asked for each message must not wait for it.
    partners: BTreeMap<String, Arc<Partner>>,
}

/// Arguments up to this length are read where they arrive: about 20 accounts; longer ones on a thread that may take its time.
const INLINE_BYTES_MAX: usize = 64 * 1024;
/// Slips that are written where the call arrived: about 64 KiB of XML.
const INLINE_SLIPS_MAX: usize = 32;
/// Verdicts likewise.
const INLINE_VERDICTS_MAX: usize = 256;

fn is_small(answer: &FaceAnswer) -> bool {
    match answer {
        FaceAnswer::List(slips) => slips.len() <= INLINE_SLIPS_MAX,
        FaceAnswer::Verdicts(verdicts) => verdicts.len() <= INLINE_VERDICTS_MAX,
        FaceAnswer::Denied(_) => true,
        FaceAnswer::Papers { .. } | FaceAnswer::Credentials { .. } => false,
    }
}

/// The finished request that a message spoke of last: what is told of one slip stands together, and to put a request together out of
/// its events unseals all of them. Without its state where what it planned cannot be read.
#[derive(Default)]
pub(super) struct Finished(Option<(u64, Option<State>)>);

fn gone() -> FaceFault {
    FaceFault::Malformed(Flaw::Unprocessed.into())
}

/// What is told of acts of a finished request: where each stands by it.
type LateNews = Vec<(ActId, ActState, Outcome)>;

/// The most bytes of papers in one answer: a bank's hub was seen to give up above 20 MiB.
const PAPERS_BYTES_MAX: u64 = 16 << 20;

impl Shared {
    fn credential_hash(&self, username: &str, password: &str) -> [u8; 16] {
        self.hashers.credential.hash([username.as_bytes(), b"\0", password.as_bytes()].concat().as_slice())
    }

    pub(crate) fn learn_credentials(&self, config: &Config) {
        let mut by_hash = BTreeMap::new();
        for partner in config.partners.values() {
            if let Some(credential) = &partner.credential {
                let hash = self.credential_hash(&credential.username, credential.password.expose());
                by_hash.insert(hash, (partner.id.clone(), partner.kind));
            }
        }
        *self.credentials.write() = Arc::new(Credentials { by_hash, partners: config.partners.clone() });
    }
}

impl Engine {
    /// Answers a call on the face of an industry in the caller's own dialect; `None` when nobody knows the credential. Whatever else
    /// goes wrong is an answer in the partner's own form.
    ///
    /// # Errors
    /// [`FaceFault`] when the call is none of the partner's dialect.
    pub async fn face(&self, kind: PartnerKind, call: FaceCall) -> Result<Option<FaceReply>, FaceFault> {
        let Some((partner, form)) = self.caller_of(kind, &call) else {
            self.shared.counts.face_denied.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        };
        self.shared.calls.called(&partner, self.shared.clock.wall());
        let long = call.argument.as_ref().is_some_and(|argument| argument.expose().len() > INLINE_BYTES_MAX);
        let (call, verb) = if long {
            let form = Arc::clone(&form);
            let read = self.off_worker(move || {
                let verb = form.decode(&call);
                (call, verb)
            });
            read.await.ok_or_else(gone)?
        } else {
            let verb = form.decode(&call);
            (call, verb)
        };
        let answer = self.answer(&partner, verb?).await;
        if is_small(&answer) {
            return Ok(Some(form.encode(&call.operation, &answer)));
        }
        let written = self.off_worker(move || form.encode(&call.operation, &answer)).await;
        written.map(Some).ok_or_else(gone)
    }

    /// The partner that shows one of these credentials, when it is of this industry.
    fn caller_of(&self, kind: PartnerKind, call: &FaceCall) -> Option<(String, Arc<dyn Pulled>)> {
        let known = self.shared.credentials.read().clone();
        let mut shown = call.credentials.iter();
        let partner = shown.find_map(|shown| {
            let hash = self.shared.credential_hash(shown.username.expose(), shown.password.expose());
            known.by_hash.get(&hash).filter(|(_, of)| *of == kind).map(|(partner, _)| partner.clone())
        })?;
        let plug = self.shared.plugs.read().get(&partner).cloned()?;
        match plug.as_ref() {
            Plug::Pull(form) => Some((partner, Arc::clone(form))),
            _ => None,
        }
    }

    /// Reading and writing of what is long, on a thread of the engine's that may take its time; `None` when it panicked.
    pub(super) async fn off_worker<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.shared.tokio.spawn(async move {
            let _gone = tell.send(tokio::task::block_in_place(work));
        });
        told.await.ok()
    }

    async fn answer(&self, partner: &str, verb: FaceVerb) -> FaceAnswer {
        let answered = match verb {
            FaceVerb::List(class) => self.face_list(partner, class).await,
            FaceVerb::Papers { key, class } => self.face_papers(partner, key, class).await,
            FaceVerb::Credentials { slip } => self.face_credentials(partner, slip).await,
            FaceVerb::Feedback { mut items, assets, leads, .. } => {
                self.name_lines(partner, &mut items, assets).await;
                let taken = self.face_feedback(partner, "feedback", items).await;
                match taken {
                    Ok(taken) => self.face_leads(partner, leads).await.map(|()| taken),
                    Err(refusal) => Err(refusal),
                }
            }
            FaceVerb::HandBack(items) => self.face_feedback(partner, "hand_back", items).await,
        };
        answered.unwrap_or_else(|refusal| {
            FaceAnswer::Denied(match refusal {
                Refusal::NotFound => Untaken::from(Flaw::SlipUnknown).chinese(),
                _ => "系统繁忙，请稍后再试".to_owned(),
            })
        })
    }

    /// Some forms name the asset where others name the line: the line is the one that was ordered on it.
    async fn name_lines(&self, partner: &str, items: &mut [FeedbackItem], assets: Vec<(usize, Personal<String>)>) {
        let mut finished = Finished::default();
        for (place, asset) in assets {
            let Some(item) = items.get_mut(place).filter(|item| item.line.is_none()) else { continue };
            let Some((number, None)) = named(&item.slip, None) else { continue };
            let acts = match self.acts_of(partner, number) {
                Some(acts) => Some(acts),
                None => self.finished_acts(partner, number, &mut finished).await,
            };
            let Some(acts) = acts else { continue };
            let Some(slip) = self.shared.papers.slip(&acts, false, None) else {
                item.outcome = Err(Flaw::NotReadableNumber.into());
                continue;
            };
            let is_named = |line: &&domain::slip::Line| {
                let in_details = line.details.iter().any(|detail| detail.value == asset);
                line.account.as_ref() == Some(&asset) || in_details
            };
            let mut lines = slip.lines.iter().filter(is_named);
            match (slip.lines.as_slice(), lines.next(), lines.next()) {
                ([only], _, _) if asset.expose().is_empty() => item.line = Some(only.line),
                (_, Some(line), None) => item.line = Some(line.line),
                (_, Some(_), Some(_)) => item.outcome = Err(Flaw::AssetAmbiguous.into()),
                (_, None, _) => item.outcome = Err(Flaw::AssetUnknown.into()),
            }
        }
    }

    /// The acts of a slip that are with this partner, or were, in the order of their lines.
    pub(super) fn acts_of(&self, partner: &str, number: SlipNumber) -> Option<Vec<ActId>> {
        let decider = self.shared.decider.read();
        let state = &decider.state;
        let lane = state.lane_of(partner)?;
        let indices = state.slip_acts(number);
        let acts = indices.iter().filter_map(|index| state.acts.get(*index));
        let mut own: Vec<_> = acts
            .filter(|act| act.lane == lane && act.request != crate::state::NO_INDEX && act.sent_at != 0)
            .map(|act| (act.line, act.id()))
            .collect();
        own.sort_unstable();
        (!own.is_empty()).then(|| own.into_iter().map(|(_, act)| act).collect())
    }

    /// The same of a slip whose request is finished.
    pub(super) async fn finished_acts(
        &self,
        partner: &str,
        number: SlipNumber,
        finished: &mut Finished,
    ) -> Option<Vec<ActId>> {
        let request = self.shared.closed_by_slip(number).ok()??;
        let state = self.finished(request, finished).await.ok()??;
        let indices = state.slip_acts(number);
        let acts = indices.iter().filter_map(|index| state.acts.get(*index));
        let sent = acts.filter(|act| state.partner_of(act.lane) == partner && act.sent_at != 0);
        let mut own: Vec<_> = sent.map(|act| (act.line, act.id())).collect();
        own.sort_unstable();
        (!own.is_empty()).then(|| own.into_iter().map(|(_, act)| act).collect())
    }

    /// A finished request as its own events left it, put together once for what stands together in a message, and on a thread that may
    /// take its time; `None` where what it planned cannot be read.
    pub(super) async fn finished<'f>(
        &self,
        request: u64,
        finished: &'f mut Finished,
    ) -> Result<Option<&'f mut State>, Refusal> {
        if finished.0.as_ref().is_none_or(|(last, _)| *last != request) {
            let shared = Arc::clone(&self.shared);
            let state = match self.off_worker(move || shared.closed_state(request)).await.ok_or(Refusal::Unavailable)? {
                Ok(state) => Some(state),
                Err(Refusal::ContentUnreadable) => None,
                Err(refusal) => return Err(refusal),
            };
            finished.0 = Some((request, state));
        }
        Ok(finished.0.as_mut().and_then(|(_, state)| state.as_mut()))
    }

    /// What an answer told beside: recorded once, whatever became of the answer itself.
    async fn face_leads(&self, partner: &str, leads: Vec<Lead>) -> Result<(), Refusal> {
        for lead in leads.into_iter().take(INBOUND_ITEMS_MAX) {
            // A lead about a slip that is none of this partner's is dropped: its answer was refused with a reason already.
            let _unknown = self.take_lead(partner, lead).await?;
        }
        Ok(())
    }

    async fn face_list(&self, partner: &str, class: ListClass) -> Result<FaceAnswer, Refusal> {
        let asked_at = self.now();
        let mut offered: BTreeMap<u64, Millis> = BTreeMap::new();
        let told = self.ask(Command::List { partner: partner.to_owned(), class }).await?;
        let Answer::List(indices) = told.answer else { return Err(Refusal::Unavailable) };
        let mut by_slip: BTreeMap<u64, Vec<(u16, ActId)>> = BTreeMap::new();
        {
            let decider = self.shared.decider.read();
            for act in indices.iter().filter_map(|index| decider.state.acts.get(*index)) {
                by_slip.entry(act.slip).or_default().push((act.line, act.id()));
                let first = offered.entry(act.slip).or_insert(act.sent_at);
                *first = act.sent_at.min(*first);
            }
        }
        let known = self.shared.partner(partner);
        let form = known.as_ref().map(|partner| &partner.form);
        let mut slips = Vec::with_capacity(by_slip.len());
        for mut acts in by_slip.into_values() {
            acts.sort_unstable();
            let acts: Vec<ActId> = acts.into_iter().map(|(_, act)| act).collect();
            // An erased case's slip has nothing to show; it stays on the list of what waits, and people see it there.
            slips.extend(self.shared.papers.slip(&acts, false, form));
        }
        let unsaid = self.shared.take_unwritable(partner, &mut slips, (asked_at, &offered));
        if !unsaid.is_empty() {
            self.face_feedback(partner, "unwritable", unsaid).await?;
        }
        Ok(FaceAnswer::List(slips))
    }

    /// Takes what a partner says, cut where one decision would grow longer than a batch of the journal may be. A part that is refused
    /// leaves those before it taken: the partner says all of it again, and what is known changes nothing.
    pub(super) async fn face_feedback(
        &self,
        partner: &str,
        way: &'static str,
        mut items: Vec<FeedbackItem>,
    ) -> Result<FaceAnswer, Refusal> {
        self.hold_to_subjects(partner, &mut items).await;
        let mut answers = Vec::with_capacity(items.len());
        let mut finished = Finished::default();
        for portion in portions::cut(items, |slips| self.lines_of(slips)) {
            self.feed((partner, way), portion, &mut finished, &mut answers).await?;
        }
        Ok(FaceAnswer::Verdicts(answers))
    }

    /// How many acts each of these slips has.
    fn lines_of(&self, slips: &[Option<SlipNumber>]) -> Vec<usize> {
        let decider = self.shared.decider.read();
        slips.iter().map(|slip| slip.map_or(0, |slip| decider.state.slip_acts(slip).len())).collect()
    }

    async fn feed(
        &self,
        (partner, way): (&str, &'static str),
        items: Vec<FeedbackItem>,
        finished: &mut Finished,
        answers: &mut Vec<ItemVerdict>,
    ) -> Result<(), Refusal> {
        let said: Vec<_> = items.iter().map(|item| (item.line, item.outcome.as_ref().ok().cloned())).collect();
        let told = self.ask(Command::Feedback { partner: partner.to_owned(), way, items }).await?;
        let Answer::Verdicts(verdicts) = told.answer else { return Err(Refusal::Unavailable) };
        let mut taken_up = Vec::with_capacity(verdicts.len());
        for ((slip, mut taken), (line, outcome)) in verdicts.into_iter().zip(&said) {
            if let (Err(_), Some(outcome)) = (&taken, outcome.clone())
                && let Some(late) = self.late_feedback((partner, way), (&slip, *line), outcome, finished).await?
            {
                taken = late;
            }
            taken_up.push(ItemVerdict { slip, taken });
        }
        self.of_left_out(partner, &mut taken_up, &said).await?;
        answers.append(&mut taken_up);
        Ok(())
    }

    /// Feedback on a slip whose request is finished: a repeat of what is known is taken as such, news is recorded.
    /// `None` when the slip is no finished one of this partner either.
    async fn late_feedback(
        &self,
        (partner, way): (&str, &'static str),
        (slip, line): (&str, Option<u16>),
        outcome: Outcome,
        finished: &mut Finished,
    ) -> Result<Option<Result<(), Untaken>>, Refusal> {
        let Some((number, line)) = named(slip, line) else { return Ok(None) };
        let Some(request) = self.shared.closed_by_slip(number)? else { return Ok(None) };
        let Some(mut closed) = self.shared.closed_request(request)? else { return Ok(None) };
        let Some(state) = self.finished(request, finished).await? else {
            let is_left_out = self.shared.papers.is_left_out(request);
            let flaw = if is_left_out { Flaw::NotReadable } else { Flaw::NotReadableNow };
            return Ok(Some(Err(flaw.into())));
        };
        let news = match self.late_news(state, partner, (number, line), &outcome) {
            Ok(Some(news)) => news,
            Ok(None) if self.shared.was_of_erased(partner, &closed) => return Ok(Some(Err(Flaw::CaseErased.into()))),
            Ok(None) => return Ok(None),
            Err(untaken) => return Ok(Some(Err(untaken))),
        };
        for (act, stands, outcome) in news {
            closed.events = self.shared.closed_events(request)?;
            let papers = self.shared.papers.request(request);
            let Ok(slot) = self.shared.papers.slot_of_request(papers.as_deref(), request) else {
                return Ok(Some(Err(Flaw::NotReadableNow.into())));
            };
            let index = state.act_index(act).ok_or(Refusal::Unavailable)?;
            let known = state.acts.get(index).and_then(|act| self.shared.known_act(state, act));
            let late = crate::command::LateOutcome {
                act,
                partner: partner.to_owned(),
                way,
                slot,
                has_callback: papers.is_some_and(|papers| papers.callback.is_some()),
                closed: closed.clone(),
                outcome,
                state: stands,
                known: known.ok_or(Refusal::Unavailable)?,
            };
            let sequence = match self.done(Command::LateOutcome(Box::new(late))).await {
                Err(Refusal::ContentUnreadable) => return Ok(Some(Err(Flaw::NotReadableNow.into()))),
                Err(Refusal::NotFound) => return Ok(Some(Err(Flaw::CaseErased.into()))),
                told => told?,
            };
            if let Some(event) = self.shared.papers.event(sequence) {
                state.fold(sequence, &event);
            }
        }
        Ok(Some(Ok(())))
    }

    /// What an outcome says of the lines of a finished slip and is not known yet, all of them looked at before any is entered; `None`
    /// when the slip is none of this partner's. Who speaks of a slip speaks of the lines that were handed over.
    fn late_news(
        &self,
        state: &State,
        partner: &str,
        (number, line): (SlipNumber, Option<u16>),
        outcome: &Outcome,
    ) -> Result<Option<LateNews>, Untaken> {
        let configured = self.config();
        let asked = configured.partners.get(partner).map(Arc::as_ref);
        let (mut news, mut known, mut sent) = (Vec::new(), false, false);
        for index in state.slip_acts(number) {
            let own = state.acts.get(index).filter(|act| state.partner_of(act.lane) == partner);
            let Some(act) = own else { continue };
            if line.is_some_and(|line| act.line != line && act.kind().is_control()) {
                continue;
            }
            known = true;
            if act.sent_at == 0 {
                continue;
            }
            sent = true;
            let outcome = crate::decide::exchange::fit(act, outcome.clone());
            if let Some(reason) = crate::decide::exchange::contradiction(act, &outcome, asked) {
                return Err(reason);
            }
            match state.news_of(index, &store::record::OutcomeTwin::from(&outcome)) {
                News::Known => {}
                News::TooMany => return Err(too_many()),
                News::Told(stands) => news.push((act.id(), stands, outcome)),
            }
        }
        if known && !sent {
            return Err(Flaw::NeverSent.into());
        }
        Ok(known.then_some(news))
    }

    /// A slip that is with this partner: its request, and the kinds of the lines that were listed.
    fn slip_of(&self, partner: &str, slip: &str) -> Result<(u64, Vec<ActKind>), Refusal> {
        let number = SlipNumber::parse(slip).ok_or(Refusal::NotFound)?;
        let decider = self.shared.decider.read();
        let state = &decider.state;
        let lane = state.lane_of(partner).ok_or(Refusal::NotFound)?;
        let indices = state.slip_acts(number);
        let acts = indices.iter().filter_map(|index| state.acts.get(*index));
        // A line that was taken back before the list was fetched was never in it: the others' papers go all the same.
        let listed: Vec<_> = acts.filter(|act| act.lane == lane && act.sent_at != 0).collect();
        let request = listed.first().and_then(|act| state.requests.get(act.request)).ok_or(Refusal::NotFound)?;
        Ok((request.sequence, listed.iter().map(|act| act.kind()).collect()))
    }

    /// The papers of a slip's request, the kinds of its lines, and which of the papers go with those.
    async fn papers_of(&self, partner: &str, slip: &str) -> Result<(Arc<RequestPapers>, Vec<ActKind>, u64), Refusal> {
        let (request, kinds) = self.slip_of(partner, slip)?;
        let by = format!("partner/{partner}");
        self.done(Command::Read { by, is_person: false, request: domain::RequestId(request), closed: None }).await?;
        let papers = self.shared.papers.request(request).ok_or(Refusal::NotFound)?;
        let known = self.shared.partner(partner);
        let carried = papers.carried(&kinds, known.as_ref().map(|partner| &partner.form));
        Ok((papers, kinds, carried))
    }

    async fn face_papers(&self, partner: &str, key: String, class: ListClass) -> Result<FaceAnswer, Refusal> {
        let (papers, kinds, carried) = self.papers_of(partner, &key).await?;
        let is_query = kinds.first().is_some_and(|kind| kind.is_question());
        if is_query != (class == ListClass::Queries) {
            return Err(Refusal::NotFound);
        }
        let files =
            read_off_worker(&self.shared, (papers, partner), (carried, |kind| !kind.ends_with("_scan"))).await?;
        Ok(FaceAnswer::Papers { key, files })
    }

    async fn face_credentials(&self, partner: &str, slip: String) -> Result<FaceAnswer, Refusal> {
        let (papers, _, carried) = self.papers_of(partner, &slip).await?;
        let officers = papers.context.officers.clone();
        let files = read_off_worker(&self.shared, (papers, partner), (carried, |kind| kind.ends_with("_scan"))).await?;
        let mut scans: Vec<Option<PaperFile>> = files.into_iter().map(Some).collect();
        // Scans belong to officers by their paper number (the work or duty number), else to the first officer.
        let mut with_scans = Vec::with_capacity(officers.len());
        for (place, officer) in officers.into_iter().enumerate() {
            let own = |file: &PaperFile| {
                file.number == officer.work_id
                    || file.number == officer.duty_id
                    || (place == 0 && file.number.expose().is_empty())
            };
            let mut mine = Vec::new();
            for scan in &mut scans {
                if scan.as_ref().is_some_and(&own) {
                    mine.extend(scan.take());
                }
            }
            with_scans.push((officer, mine));
        }
        if let Some((_, first)) = with_scans.first_mut() {
            first.extend(scans.into_iter().flatten());
        }
        Ok(FaceAnswer::Credentials { slip, officers: with_scans })
    }
}

/// The slip and line that a partner means: some name them apart, some as one word, `slip-line`.
pub(super) fn named(slip: &str, line: Option<u16>) -> Option<(SlipNumber, Option<u16>)> {
    match SlipLine::parse(slip) {
        Some(key) => Some((key.slip, Some(key.line))),
        None => SlipNumber::parse(slip).map(|slip| (slip, line)),
    }
}

/// Which papers: by their places, and by their kinds.
type Wanted = (u64, fn(&str) -> bool);

/// Reading and opening up to 16 MiB blocks: on a tokio thread of the engine's, never on an actix worker.
async fn read_off_worker(
    shared: &Arc<Shared>,
    (papers, partner): (Arc<RequestPapers>, &str),
    wanted: Wanted,
) -> Result<Vec<PaperFile>, Refusal> {
    let (own, partner) = (Arc::clone(shared), partner.to_owned());
    let (tell, told) = tokio::sync::oneshot::channel();
    shared.tokio.spawn(async move {
        let read = tokio::task::block_in_place(|| own.open_papers(&papers, &partner, wanted));
        let _gone = tell.send(read);
    });
    told.await.map_err(|_| Refusal::Unavailable)?
}

impl Shared {
    /// A partner as the settings in force have it, without asking the decider.
    pub(crate) fn partner(&self, id: &str) -> Option<Arc<Partner>> {
        self.credentials.read().partners.get(id).cloned()
    }

    /// The files of the papers that go with a slip, in the order of its own list, for a message that carries them.
    pub(crate) async fn papers_for(
        self: &Arc<Self>,
        (request, partner): (u64, &str),
        slip: &Slip,
        form: Option<&Form>,
    ) -> Result<Vec<PaperFile>, Refusal> {
        let papers = self.papers.request(request).ok_or(Refusal::NotFound)?;
        let kinds: Vec<ActKind> = slip.lines.iter().map(|line| line.kind).collect();
        let carried = papers.carried(&kinds, form);
        read_off_worker(self, (papers, partner), (carried, |_| true)).await
    }

    fn open_papers(
        &self,
        papers: &RequestPapers,
        partner: &str,
        (carried, wanted): Wanted,
    ) -> Result<Vec<PaperFile>, Refusal> {
        let mut files = Vec::new();
        let mut left = PAPERS_BYTES_MAX;
        let those = papers.context.papers.iter().enumerate().filter(|(place, _)| is_carried(carried, *place));
        for paper in those.map(|(_, paper)| paper).filter(|paper| wanted(&paper.kind)) {
            let Some(seal) = papers.seals.iter().find(|seal| seal.digest == *paper.digest.expose()) else { continue };
            left = left.checked_sub(seal.bytes).ok_or(Refusal::Unavailable)?;
            let key = self.vault.unwrap(seal, papers.slot).ok_or(Refusal::NotFound)?;
            let id = blob_id(&seal.blob).ok_or(Refusal::Unavailable)?;
            let read = self.vault.blobs().read(&id, &key, DOCUMENT_AAD, seal.bytes);
            self.papers.unread.note((papers.request, partner), &seal.blob, read.is_ok());
            let bytes = read.map_err(|error| {
                let request = domain::RequestId(papers.request);
                tracing::error!(%request, %error, "a paper cannot be read for a partner");
                Refusal::ContentUnreadable
            })?;
            files.push(PaperFile {
                number: paper.number.clone(),
                kind: paper.kind.clone(),
                file_name: paper.file_name.clone(),
                bytes: Personal::new(bytes),
            });
        }
        Ok(files)
    }
}
