//! Pull faces at run time: who calls, what waits for them, what they feed back.

use std::collections::BTreeMap;

use domain::outcome::Lead;
use domain::request::PartnerKind;
use domain::socket::{
    FaceAnswer, FaceCall, FaceFault, FaceReply, FaceVerb, FeedbackItem, INBOUND_ITEMS_MAX, ItemVerdict, ListClass,
    PaperFile, Plug, Pulled,
};
use domain::{ActId, Personal, SlipLine, SlipNumber};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::documents::DOCUMENT_AAD;
use super::papers::RequestPapers;
use super::{Engine, Shared};
use crate::command::{Answer, Command};
use crate::config::Config;
use crate::decide::face::too_many;
use crate::refusal::Refusal;
use crate::state::found::News;
use crate::vault::blob_id;

/// Partners by the keyed hash of the credential they show: one HMAC and one look-up a poll, whatever their number.
#[derive(Default)]
pub struct Credentials {
    by_hash: BTreeMap<[u8; 16], (String, PartnerKind)>,
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

fn gone() -> FaceFault {
    FaceFault::Malformed("the message could not be processed".to_owned())
}

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
        *self.credentials.write() = Arc::new(Credentials { by_hash });
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
    async fn off_worker<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
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
                self.name_lines(partner, &mut items, assets);
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
                Refusal::NotFound => "请求单号不存在".to_owned(),
                _ => "系统繁忙，请稍后再试".to_owned(),
            })
        })
    }

    /// Some forms name the asset where others name the line: the line is the one that was ordered on it.
    fn name_lines(&self, partner: &str, items: &mut [FeedbackItem], assets: Vec<(usize, Personal<String>)>) {
        for (place, asset) in assets {
            let Some(item) = items.get_mut(place).filter(|item| item.line.is_none()) else { continue };
            let Some((number, None)) = named(&item.slip, None) else { continue };
            let Some(acts) = self.acts_of(partner, number).or_else(|| self.finished_acts(partner, number)) else {
                continue;
            };
            let Some(slip) = self.shared.papers.slip(&acts, false) else {
                item.outcome = Err("请求单内容已不可核对，请填写控制请求单号".to_owned());
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
                (_, Some(_), Some(_)) => item.outcome = Err("该财产在请求单内不止一项，请填写控制请求单号".to_owned()),
                (_, None, _) => item.outcome = Err("请求单内无此财产".to_owned()),
            }
        }
    }

    /// The acts of a slip that is with this partner, in the order of their lines.
    fn acts_of(&self, partner: &str, number: SlipNumber) -> Option<Vec<ActId>> {
        let decider = self.shared.decider.read();
        let state = &decider.state;
        let lane = state.lane_of(partner)?;
        let indices = state.slip_acts(number);
        let acts = indices.iter().filter_map(|index| state.acts.get(*index));
        let mut own: Vec<_> = acts
            .filter(|act| act.lane == lane && act.request != crate::state::NO_INDEX)
            .map(|act| (act.line, act.id()))
            .collect();
        own.sort_unstable();
        (!own.is_empty()).then(|| own.into_iter().map(|(_, act)| act).collect())
    }

    /// The same of a slip whose request is finished.
    fn finished_acts(&self, partner: &str, number: SlipNumber) -> Option<Vec<ActId>> {
        let request = self.shared.closed_by_slip(number).ok()??;
        let state = self.shared.closed_state(request).ok()?;
        let indices = state.slip_acts(number);
        let acts = indices.iter().filter_map(|index| state.acts.get(*index));
        let mut own: Vec<_> =
            acts.filter(|act| state.partner_of(act.lane) == partner).map(|act| (act.line, act.id())).collect();
        own.sort_unstable();
        (!own.is_empty()).then(|| own.into_iter().map(|(_, act)| act).collect())
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
        let told = self.ask(Command::List { partner: partner.to_owned(), class }).await?;
        let Answer::List(indices) = told.answer else { return Err(Refusal::Unavailable) };
        let mut by_slip: BTreeMap<u64, Vec<(u16, ActId)>> = BTreeMap::new();
        {
            let decider = self.shared.decider.read();
            for act in indices.iter().filter_map(|index| decider.state.acts.get(*index)) {
                by_slip.entry(act.slip).or_default().push((act.line, act.id()));
            }
        }
        let mut slips = Vec::with_capacity(by_slip.len());
        for mut acts in by_slip.into_values() {
            acts.sort_unstable();
            let acts: Vec<ActId> = acts.into_iter().map(|(_, act)| act).collect();
            // An erased case's slip has nothing to show; it stays on the list of what waits, and people see it there.
            slips.extend(self.shared.papers.slip(&acts, false));
        }
        Ok(FaceAnswer::List(slips))
    }

    pub(super) async fn face_feedback(
        &self,
        partner: &str,
        way: &'static str,
        items: Vec<domain::socket::FeedbackItem>,
    ) -> Result<FaceAnswer, Refusal> {
        let said: Vec<_> =
            items.iter().map(|item| (item.slip.clone(), item.line, item.outcome.as_ref().ok().cloned())).collect();
        let told = self.ask(Command::Feedback { partner: partner.to_owned(), way, items }).await?;
        let Answer::Verdicts(verdicts) = told.answer else { return Err(Refusal::Unavailable) };
        let mut answers = Vec::with_capacity(verdicts.len());
        for ((slip, mut taken), (_, line, outcome)) in verdicts.into_iter().zip(said) {
            if let (Err(_), Some(outcome)) = (&taken, outcome)
                && let Some(late) = self.late_feedback(partner, way, &slip, line, outcome).await?
            {
                taken = late;
            }
            answers.push(ItemVerdict { slip, taken });
        }
        Ok(FaceAnswer::Verdicts(answers))
    }

    /// Feedback on a slip whose request is finished: a repeat of what is known is taken as such, news is recorded.
    /// `None` when the slip is no finished one of this partner either.
    async fn late_feedback(
        &self,
        partner: &str,
        way: &'static str,
        slip: &str,
        line: Option<u16>,
        outcome: domain::outcome::Outcome,
    ) -> Result<Option<Result<(), String>>, Refusal> {
        let Some((number, line)) = named(slip, line) else { return Ok(None) };
        let Some(request) = self.shared.closed_by_slip(number)? else { return Ok(None) };
        let Some(mut closed) = self.shared.closed_request(request)? else { return Ok(None) };
        let state = self.shared.closed_state(request)?;
        let indices = state.slip_acts(number).into_iter();
        let acts = indices.filter_map(|index| Some((index, state.acts.get(index)?)));
        let mut known = false;
        for (index, act) in acts.filter(|(_, act)| state.partner_of(act.lane) == partner) {
            if line.is_some_and(|line| act.line != line && act.kind().is_control()) {
                continue;
            }
            known = true;
            if act.sent_at == 0 {
                return Ok(Some(Err("该请求未曾下发，已撤回".to_owned())));
            }
            let outcome = crate::decide::exchange::fit(act, outcome.clone());
            if let Some(reason) = crate::decide::exchange::contradiction(act, &outcome) {
                return Ok(Some(Err(reason)));
            }
            let stands = match state.news_of(index, &store::record::OutcomeTwin::from(&outcome)) {
                News::Known => continue,
                News::TooMany => return Ok(Some(Err(too_many()))),
                News::Told(stands) => stands,
            };
            closed.events = self.shared.closed_events(request)?;
            let papers = self.shared.papers.request(request);
            let slot = papers.as_ref().map_or(0, |papers| papers.slot);
            let late = crate::command::LateOutcome {
                act: act.id(),
                partner: partner.to_owned(),
                way,
                slot,
                has_callback: papers.is_some_and(|papers| papers.callback.is_some()),
                closed: closed.clone(),
                outcome,
                state: stands,
                known: self.shared.known_act(&state, act).ok_or(Refusal::Unavailable)?,
            };
            self.done(Command::LateOutcome(Box::new(late))).await?;
        }
        Ok(known.then_some(Ok(())))
    }

    /// A slip that is with this partner: its request, and whether it is a query.
    fn slip_of(&self, partner: &str, slip: &str) -> Result<(u64, bool), Refusal> {
        let number = SlipNumber::parse(slip).ok_or(Refusal::NotFound)?;
        let decider = self.shared.decider.read();
        let state = &decider.state;
        let lane = state.lane_of(partner).ok_or(Refusal::NotFound)?;
        let acts = state.slip_acts(number);
        let act = acts.first().and_then(|index| state.acts.get(*index)).ok_or(Refusal::NotFound)?;
        if act.lane != lane || act.sent_at == 0 {
            return Err(Refusal::NotFound);
        }
        let request = state.requests.get(act.request).map(|open| open.sequence).ok_or(Refusal::NotFound)?;
        Ok((request, act.kind().is_question()))
    }

    async fn papers_of(&self, partner: &str, slip: &str) -> Result<(Arc<RequestPapers>, bool), Refusal> {
        let (request, query) = self.slip_of(partner, slip)?;
        let by = format!("partner/{partner}");
        self.done(Command::Read { by, is_person: false, request: domain::RequestId(request), closed: None }).await?;
        Ok((self.shared.papers.request(request).ok_or(Refusal::NotFound)?, query))
    }

    async fn face_papers(&self, partner: &str, key: String, class: ListClass) -> Result<FaceAnswer, Refusal> {
        let (papers, query) = self.papers_of(partner, &key).await?;
        if query != (class == ListClass::Queries) {
            return Err(Refusal::NotFound);
        }
        let files = self.read_papers(papers, |kind| !kind.ends_with("_scan")).await?;
        Ok(FaceAnswer::Papers { key, files })
    }

    async fn face_credentials(&self, partner: &str, slip: String) -> Result<FaceAnswer, Refusal> {
        let (papers, _) = self.papers_of(partner, &slip).await?;
        let officers = papers.context.officers.clone();
        let files = self.read_papers(papers, |kind| kind.ends_with("_scan")).await?;
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

    async fn read_papers(
        &self,
        papers: Arc<RequestPapers>,
        wanted: fn(&str) -> bool,
    ) -> Result<Vec<PaperFile>, Refusal> {
        read_off_worker(&self.shared, papers, wanted).await
    }
}

/// The slip and line that a partner means: some name them apart, some as one word, `slip-line`.
pub(super) fn named(slip: &str, line: Option<u16>) -> Option<(SlipNumber, Option<u16>)> {
    match SlipLine::parse(slip) {
        Some(key) => Some((key.slip, Some(key.line))),
        None => SlipNumber::parse(slip).map(|slip| (slip, line)),
    }
}

/// Reading and opening up to 16 MiB blocks: on a tokio thread of the engine's, never on an actix worker.
async fn read_off_worker(
    shared: &Arc<Shared>,
    papers: Arc<RequestPapers>,
    wanted: fn(&str) -> bool,
) -> Result<Vec<PaperFile>, Refusal> {
    let own = Arc::clone(shared);
    let (tell, told) = tokio::sync::oneshot::channel();
    shared.tokio.spawn(async move {
        let read = tokio::task::block_in_place(|| own.open_papers(&papers, wanted));
        let _gone = tell.send(read);
    });
    told.await.map_err(|_| Refusal::Unavailable)?
}

impl Shared {
    /// The files of a request's papers, in their order, for a message that carries them.
    pub(crate) async fn papers_for(self: &Arc<Self>, request: u64) -> Result<Vec<PaperFile>, Refusal> {
        let papers = self.papers.request(request).ok_or(Refusal::NotFound)?;
        read_off_worker(self, papers, |_| true).await
    }

    fn open_papers(&self, papers: &RequestPapers, wanted: fn(&str) -> bool) -> Result<Vec<PaperFile>, Refusal> {
        let mut files = Vec::new();
        let mut left = PAPERS_BYTES_MAX;
        for paper in papers.context.papers.iter().filter(|paper| wanted(&paper.kind)) {
            let Some(seal) = papers.seals.iter().find(|seal| seal.digest == *paper.digest.expose()) else { continue };
            left = left.checked_sub(seal.bytes).ok_or(Refusal::Unavailable)?;
            let key = self.vault.unwrap(seal, papers.slot).ok_or(Refusal::NotFound)?;
            let id = blob_id(&seal.blob).ok_or(Refusal::Unavailable)?;
            let bytes = self.vault.blobs().read(&id, &key, DOCUMENT_AAD, seal.bytes).map_err(|error| {
                tracing::error!(%error, "a paper cannot be read for a partner");
                Refusal::Unavailable
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
