//! The inbox in a browser: pages made here, no script, nothing from elsewhere; a sitting after the token was shown once.

mod draw;
mod fields;
mod form;
mod html;
mod show;

use actix_web::http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use self::draw::Sent;
use self::fields::Fields;
use self::html::Html;
use super::api::{act_id, place};
use super::sitting::SittingId;
use super::{answer, api};
use crate::body;
use crate::fault::Fault;
use crate::gate::{INBOX_PAGE_MAX, InboxTask};
use crate::intake::documents::attachment;
use crate::intake::query::Query;
use crate::language::Language;
use crate::problem::{Problem, Slug};
use crate::right::{AtDesk, AtWatch, Clerk, Open, Seat};

/// Where the pages begin.
pub(crate) const ROOT: &str = "/console/partner";
const LOGIN: &str = "/console/partner/login";
const TASKS: &str = "/console/partner/tasks";

/// Nothing but our own style and forms: a text that slipped through as markup would still do nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("style.css");

/// So often the page that stands open all day asks how much waits. No other page goes by itself: somebody may be reading it.
const ASKS_AGAIN: &str = "<meta http-equiv=\"refresh\" content=\"60\">";

pub(crate) async fn style(_open: Open) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=3600"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

fn headed(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        // Act ids stay within the gateway; "no-referrer" would take the origin from our own forms.
        .insert_header(("Referrer-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cache-Control", "no-store"));
    response
}

fn page(status: StatusCode, page: Html) -> HttpResponse {
    headed(HttpResponse::build(status)).content_type("text/html; charset=utf-8").body(page.into_text())
}

fn moved(to: &str) -> HttpResponse {
    headed(HttpResponse::SeeOther()).insert_header((LOCATION, to)).finish()
}

fn begin(title: &str) -> Html {
    begin_renewed(title, "")
}

/// The same of a page that a browser left alone exchanges by itself, as `refresh` says.
fn begin_renewed(title: &str, refresh: &'static str) -> Html {
    let mut page = Html::new();
    page.put("<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">").put(refresh);
    page.put("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>").say(title);
    page.put(" · 协助执行收件箱</title><link rel=\"stylesheet\" href=\"").put(ROOT).put("/style.css\"></head><body>");
    page
}

fn header(page: &mut Html, who: Option<(&str, &SittingId)>) {
    page.put("<header><span class=\"name\">獬豸 <b>").both(("协助执行收件箱", "inbox of a partner")).put("</b></span>");
    if let Some((token, sitting)) = who {
        page.put("<form method=\"post\" action=\"").put(ROOT).put("/logout\"><span>").say(token);
        page.put("</span><input type=\"hidden\" name=\"form\" value=\"").say(&sitting.form_word());
        page.put("\"><button type=\"submit\">").both(("退出", "sign out")).put("</button></form>");
    }
    page.put("</header><main>");
}

fn end(mut page: Html) -> Html {
    page.put("</main></body></html>");
    page
}

/// Who is not signed in is led to the door; whoever is and may not is told so.
fn turned_away(problem: &Problem) -> HttpResponse {
    match problem.slug() {
        Slug::TokenMissing | Slug::TokenUnknown => moved(LOGIN),
        _ => told(problem, None),
    }
}

fn told(problem: &Problem, who: Option<(&str, &SittingId)>) -> HttpResponse {
    let mut written = begin("提示");
    header(&mut written, who);
    let (chinese, english) = (problem.told(Language::Chinese), problem.told(Language::English));
    written.put("<h1>").both((chinese.0, english.0)).put("</h1><p>").both((&chinese.1, &english.1));
    for fault in problem.faults() {
        written.put("<br>").say(&fault.wanted(Language::Chinese));
    }
    written.put("</p><p><a href=\"").put(ROOT).put("/tasks\">").both(("待办事项", "tasks")).put("</a></p>");
    page(problem.status(), end(written))
}

pub(crate) async fn root(_open: Open) -> HttpResponse {
    moved(TASKS)
}

fn door(status: StatusCode, problem: Option<&Problem>) -> HttpResponse {
    let mut written = begin("登录");
    header(&mut written, None);
    written.put("<section class=\"door\"><h1>").both(("登录", "Sign in")).put("</h1>");
    if let Some(problem) = problem {
        let (chinese, english) = (problem.told(Language::Chinese).0, problem.told(Language::English).0);
        written.put("<p class=\"faults\" role=\"alert\"><b>").both((chinese, english)).put("</b></p>");
    }
    written
        .put("<form method=\"post\" action=\"")
        .put(ROOT)
        .put("/login\"><label>")
        .both(("个人令牌", "your own token"));
    written.put("<input type=\"password\" name=\"token\" required autofocus autocomplete=\"current-password\" maxlength=\"100\">");
    written
        .put("</label><p class=\"act\"><button type=\"submit\">")
        .both(("登录", "Sign in"))
        .put("</button></p></form>");
    written.put("<p class=\"hint\">");
    written.both((
        "令牌只属于您本人：您查看、认领、答复的每一步都以其名义留痕。",
        "The token is yours alone: whatever you read, take and answer stands in the trail under its name.",
    ));
    written.put("</p></section>");
    page(status, end(written))
}

pub(crate) async fn show_door(_open: Open) -> HttpResponse {
    door(StatusCode::OK, None)
}

pub(crate) async fn sign_in(open: Open, request: HttpRequest, payload: Payload) -> HttpResponse {
    let refused = |problem: &Problem| door(problem.status(), Some(problem));
    if !is_from_here(&request) {
        return refused(&Slug::RoleMissing.into());
    }
    let bytes = match body::read(&request, payload, open.limits().command_bytes_max, open.limits()).await {
        Ok(bytes) => bytes,
        Err(problem) => return refused(&problem),
    };
    let fields = Fields::of_pairs(&bytes).unwrap_or_default();
    match open.sign_in::<Clerk>(fields.text("token").unwrap_or_default()) {
        Ok(sitting) => {
            let secure = request.connection_info().scheme() == "https";
            let mut answer = moved(TASKS);
            if let Ok(cookie) = header::HeaderValue::from_str(&sitting.cookie(secure)) {
                answer.headers_mut().insert(SET_COOKIE, cookie);
            }
            answer
        }
        Err(problem) => refused(&problem),
    }
}

/// A form that another site sends names that site, or says that it is another one; browsers without either send no cookie with it.
fn is_from_here(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let site = header("Sec-Fetch-Site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let host = header(HOST.as_str()).unwrap_or_default().to_owned();
    let info = request.connection_info();
    let ours = |origin: &str| origin.split_once("://").is_some_and(|(_, of)| of == host || of == info.host());
    site && header(ORIGIN.as_str()).is_none_or(ours)
}

/// The id of the sitting that a call shows.
pub(crate) fn sitting_of(request: &HttpRequest) -> Option<SittingId> {
    request.headers().get_all(COOKIE).find_map(|value| SittingId::of_cookies(value.to_str().ok()?))
}

/// A form that was sent from a page of this sitting?
fn is_own_form(request: &HttpRequest, seat: &Seat<Clerk>, fields: &Fields) -> Result<(), Problem> {
    let own = fields.text("form") == Some(seat.sitting.form_word().as_str()) && is_from_here(request);
    if own { Ok(()) } else { Err(Slug::TokenMissing.into()) }
}

pub(crate) async fn sign_out(desk: AtDesk<Clerk>, request: HttpRequest, payload: Payload) -> HttpResponse {
    if let Ok(seat) = &desk.0
        && small_form(seat, &request, payload).await.is_ok()
    {
        seat.end();
    }
    let mut answer = moved(LOGIN);
    if let Ok(cookie) = header::HeaderValue::from_str(&SittingId::cookie_gone()) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

/// A form without files, sent from a page of this sitting.
async fn small_form(seat: &Seat<Clerk>, request: &HttpRequest, payload: Payload) -> Result<(), Problem> {
    let limits = seat.allowed.limits();
    let bytes = body::read(request, payload, limits.command_bytes_max, limits).await?;
    is_own_form(request, seat, &Fields::of_pairs(&bytes).unwrap_or_default())
}

pub(crate) async fn list(desk: AtDesk<Clerk>, request: HttpRequest) -> HttpResponse {
    let seat = match desk.0 {
        Ok(seat) => seat,
        Err(problem) => return turned_away(&problem),
    };
    let mut query = Query::of(request.query_string(), &["from"]);
    let from = query.number("from", 0, u64::from(u32::MAX)).and_then(|from| from.try_into().ok()).unwrap_or(0);
    let allowed = &seat.allowed;
    match allowed.gate().inbox(allowed.caller(), from, INBOX_PAGE_MAX).await {
        Ok(tasks) => {
            let title = show::counted("待办事项", tasks.open, tasks.overdue);
            let mut written = begin(&title);
            header(&mut written, Some(seat.who()));
            written.put("<p class=\"partner\">").say(&tasks.partner).put("</p>");
            show::list(&mut written, &tasks, allowed.gate().now(), from);
            page(StatusCode::OK, end(written))
        }
        Err(refusal) => told(&refusal.into(), Some(seat.who())),
    }
}

/// How much waits, for a browser that stands open all day: no name, no case, and the tab says the number.
pub(crate) async fn waiting(watch: AtWatch<Clerk>) -> HttpResponse {
    let seat = match watch.0 {
        Ok(seat) => seat,
        Err(problem) => return turned_away(&problem),
    };
    let allowed = &seat.allowed;
    match allowed.gate().inbox_sums(allowed.caller()) {
        Ok(sums) => {
            let mut written = begin_renewed(&show::counted("守候", sums.open, sums.overdue), ASKS_AGAIN);
            header(&mut written, Some(seat.who()));
            show::waiting(&mut written, &sums, allowed.gate().now());
            page(StatusCode::OK, end(written))
        }
        Err(refusal) => told(&refusal.into(), Some(seat.who())),
    }
}

async fn view(seat: &Seat<Clerk>, id: &str) -> Result<InboxTask, Problem> {
    Ok(seat.allowed.gate().inbox_task(seat.allowed.caller(), act_id(id)?).await?)
}

/// What a clerk sent that was not taken, and why.
struct Returned {
    fields: Fields,
    files: Vec<String>,
    faults: Vec<Fault>,
    /// What is not the fault of a field.
    problem: Option<Problem>,
}

fn task_page(seat: &Seat<Clerk>, view: &InboxTask, above: Option<&Problem>, rows: usize) -> HttpResponse {
    let status = above.map_or(StatusCode::OK, Problem::status);
    let mut written = begin(&format!("办理 {}", show::number(view)));
    header(&mut written, Some(seat.who()));
    let word = seat.sitting.form_word();
    show::task(&mut written, view, &word, above);
    if show::begin_answer(&mut written, view, false) {
        let blank = Fields::default();
        draw::draw(&mut written, (view.kind, view.act), &word, &Sent::of(&blank, &[], &[]), rows);
        show::end_answer(&mut written, view);
    }
    page(status, end(written))
}

/// The task with its form as it was filled in, and what was wrong with it.
fn returned_page(seat: &Seat<Clerk>, view: &InboxTask, returned: &Returned) -> HttpResponse {
    let Returned { fields, files, faults, problem } = returned;
    let status = problem.as_ref().map_or(StatusCode::UNPROCESSABLE_ENTITY, Problem::status);
    let mut written = begin(&format!("未提交：办理 {}", show::number(view)));
    header(&mut written, Some(seat.who()));
    let word = seat.sitting.form_word();
    show::task(&mut written, view, &word, None);
    if show::begin_answer(&mut written, view, true) {
        if let Some(problem) = problem {
            show::notice(&mut written, problem);
        }
        let sent = Sent::of(fields, faults, files);
        draw::draw(&mut written, (view.kind, view.act), &word, &sent, form::rows_in(fields));
        show::end_answer(&mut written, view);
    }
    page(status, end(written))
}

pub(crate) async fn task(desk: AtDesk<Clerk>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    let seat = match desk.0 {
        Ok(seat) => seat,
        Err(problem) => return turned_away(&problem),
    };
    let mut query = Query::of(request.query_string(), &["rows"]);
    let rows = query.number("rows", 1, u64::try_from(form::ROWS_MAX).unwrap_or(1));
    let rows = rows.and_then(|rows| rows.try_into().ok()).unwrap_or(form::ROWS);
    match view(&seat, &id).await {
        Ok(view) => task_page(&seat, &view, None, rows),
        Err(problem) => told(&problem, Some(seat.who())),
    }
}

pub(crate) async fn sheet(desk: AtDesk<Clerk>, id: Path<String>) -> HttpResponse {
    let seat = match desk.0 {
        Ok(seat) => seat,
        Err(problem) => return turned_away(&problem),
    };
    match view(&seat, &id).await {
        Ok(view) => {
            let mut written = begin("办理单");
            header(&mut written, Some(seat.who()));
            show::sheet(&mut written, &view);
            page(StatusCode::OK, end(written))
        }
        Err(problem) => told(&problem, Some(seat.who())),
    }
}

pub(crate) async fn paper(desk: AtDesk<Clerk>, path: Path<(String, String)>) -> HttpResponse {
    let seat = match desk.0 {
        Ok(seat) => seat,
        Err(problem) => return turned_away(&problem),
    };
    let (id, n) = path.into_inner();
    let read = async {
        let (id, place) = (act_id(&id)?, place(&n)?);
        Ok::<_, Problem>(seat.allowed.gate().inbox_paper(seat.allowed.caller(), id, place).await?)
    };
    match read.await {
        Ok(document) => attachment(document),
        Err(problem) => told(&problem, Some(seat.who())),
    }
}

pub(crate) async fn claim(
    desk: AtDesk<Clerk>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> HttpResponse {
    let seat = match desk.0 {
        Ok(seat) => seat,
        Err(problem) => return turned_away(&problem),
    };
    let claimed = async {
        small_form(&seat, &request, payload).await?;
        let act = act_id(&id)?;
        seat.allowed.gate().claim_act(seat.allowed.caller(), act).await?;
        Ok::<_, Problem>(act)
    };
    match claimed.await {
        Ok(act) => moved(&format!("{ROOT}/tasks/{act}")),
        Err(problem) if problem.slug() == Slug::TokenMissing => turned_away(&problem),
        // Who has it, and until when, stands on the task's own page.
        Err(problem) => match view(&seat, &id).await {
            Ok(view) => task_page(&seat, &view, Some(&problem), form::ROWS),
            Err(_) => told(&problem, Some(seat.who())),
        },
    }
}

pub(crate) async fn answer(
    desk: AtDesk<Clerk>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> HttpResponse {
    let seat = match desk.0 {
        Ok(seat) => seat,
        Err(problem) => return turned_away(&problem),
    };
    match take(&seat, &request, &id, payload).await {
        Ok(Taken::Said(act)) => moved(&format!("{ROOT}/tasks/{act}#answered")),
        Ok(Taken::Returned(answer)) => answer,
        Err(problem) if problem.slug() == Slug::TokenMissing => turned_away(&problem),
        Err(problem) => told(&problem, Some(seat.who())),
    }
}

/// What became of an answer.
enum Taken {
    Said(domain::ActId),
    /// The form again, as it was filled in.
    Returned(HttpResponse),
}

async fn take(seat: &Seat<Clerk>, request: &HttpRequest, id: &str, payload: Payload) -> Result<Taken, Problem> {
    let (allowed, id) = (&seat.allowed, api::act_id(id)?);
    let limits = allowed.limits();
    let bytes = body::read(request, payload, limits.face_bytes_max, limits).await?;
    let mut fields = read_parts(request, bytes, limits.inline_bytes_max).await?;
    is_own_form(request, seat, &fields)?;
    let uploads = std::mem::take(&mut fields.files);
    let files = uploads.iter().map(|upload| upload.file_name.clone()).collect();
    let (faults, problem) = match answer::outcome(form::answer(&fields), uploads) {
        Ok(outcome) => match allowed.gate().answer_act(allowed.caller(), id, outcome).await.map_err(Problem::from) {
            Ok(answered) => return Ok(Taken::Said(answered.act)),
            Err(problem) if problem.slug() == Slug::OutOfBounds => (problem.faults().to_vec(), None),
            Err(problem) => (Vec::new(), Some(problem)),
        },
        Err(faults) => (faults, None),
    };
    let view = allowed.gate().inbox_task(allowed.caller(), id).await?;
    Ok(Taken::Returned(returned_page(seat, &view, &Returned { fields, files, faults, problem })))
}

/// A form as it is taken from a browser, for those who bend it.
#[cfg(test)]
pub(crate) fn understood(kind: Option<&str>, bytes: &[u8]) -> Option<domain::outcome::Outcome> {
    let mut fields = kind.map_or_else(|| Fields::of_pairs(bytes), |kind| Fields::of_parts(kind, bytes))?;
    let files = std::mem::take(&mut fields.files);
    answer::outcome(form::answer(&fields), files).ok()
}

async fn read_parts(request: &HttpRequest, bytes: Bytes, inline_max: usize) -> Result<Fields, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let fields = if bytes.len() <= inline_max {
        Fields::of_parts(&kind, &bytes)
    } else {
        web::block(move || Fields::of_parts(&kind, &bytes)).await.map_err(|_| Slug::Internal)?
    };
    fields.ok_or_else(|| Slug::UnsupportedMediaType.into())
}
