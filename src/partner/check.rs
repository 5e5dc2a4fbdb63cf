//! `xiezhi partner check`: tries what a partner's file describes, step by step, and says of each how it is.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use domain::socket::Plug;
use serde_json::{Value, json};
use store::disk::{Disk as _, RealDisk};

use super::FileArguments;
use super::probe;
use crate::request::At;
use crate::settings::{OnePartner, Overrides, load, load_partner};

/// Parameters of `partner check`.
#[derive(Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    file: FileArguments,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
    /// Call the partner although a gateway serves with these settings: what is tried then stands beside its lane, uncounted in the agreed rate.
    #[arg(long)]
    anyway: bool,
}

/// How a step is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Look,
    /// It does not work.
    Bad,
    /// It was not tried, because something before it does not work or nothing was agreed.
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Look => "look",
            Self::Bad => "bad",
            Self::Skipped => "skipped",
        }
    }

    fn chinese(self) -> &'static str {
        match self {
            Self::Good => "正常",
            Self::Look => "留意",
            Self::Bad => "不通",
            Self::Skipped => "未试",
        }
    }
}

/// One step.
pub(super) struct Row {
    pub(super) step: &'static str,
    pub(super) verdict: Verdict,
    /// Chinese and English.
    pub(super) told: (String, String),
}

/// A step and how it is, in Chinese and English; nothing personal and no secret stands in it.
pub(super) fn row(step: &'static str, verdict: Verdict, chinese: impl Into<String>, english: impl Into<String>) -> Row {
    Row { step, verdict, told: (chinese.into(), english.into()) }
}

/// Every step in Chinese.
const STEPS: [(&str, &str); 17] = [
    ("file", "文件"),
    ("name", "域名"),
    ("address", "地址"),
    ("connection", "连接"),
    ("certificate", "证书"),
    ("answer", "应答"),
    ("clock", "时钟"),
    ("credential", "凭证"),
    ("query", "试查"),
    ("face", "接口"),
    ("last call", "最近来访"),
    ("host key", "主机密钥"),
    ("mailbox", "邮箱"),
    ("rights", "权限"),
    ("rename", "更名"),
    ("clerks", "经办人"),
    ("network", "网络"),
];

fn step_in_chinese(step: &str) -> &'static str {
    STEPS.iter().find(|(word, _)| *word == step).map_or("", |(_, chinese)| chinese)
}

/// Does a gateway hold the data directory of these settings?
fn is_serving(config: &Path) -> bool {
    let Ok(settings) = load(config, &Overrides::default()) else { return false };
    let held = settings.data.join("HELD");
    held.exists() && matches!(RealDisk.lock(&held), Ok(None))
}

/// Tries everything; exit code 0 when nothing is bad.
pub(super) fn run(arguments: &CheckArguments, at: Option<At>) -> anyhow::Result<ExitCode> {
    let FileArguments { id, config } = &arguments.file;
    let rows = match load_partner(config, id) {
        Err(faults) => faults.iter().map(|fault| row("file", Verdict::Bad, "文件有误", fault.to_string())).collect(),
        Ok(one) => {
            if matches!(one.plug, Plug::CallOut(_)) && !arguments.anyway && is_serving(config) {
                bail!(
                    "call {id}: a gateway serves with these settings, and what is tried beside its lane is not counted in the agreed rate; pause the partner there and say --anyway"
                );
            }
            let mut rows: Vec<Row> =
                one.warnings.iter().map(|warning| row("file", Verdict::Look, "请留意", warning.to_string())).collect();
            rows.push(row("file", Verdict::Good, described_in_chinese(&one), described(&one)));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            rows.extend(match one.plug {
                Plug::CallOut(_) => runtime.block_on(probe::call_out(&one)),
                Plug::Pull(_) => runtime.block_on(pulled(&one, at)),
                Plug::Inbox => runtime.block_on(inbox(&one, at)),
            });
            rows
        }
    };
    let is_bad = rows.iter().any(|row| row.verdict == Verdict::Bad);
    if arguments.json {
        let steps: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({ "step": row.step, "verdict": row.verdict.word(), "told": row.told.1, "told_zh": row.told.0 })
            })
            .collect();
        println!("{}", json!({ "partner": id, "good": !is_bad, "steps": steps }));
    } else {
        for row in &rows {
            println!("{:<11} {:<8} {}", row.step, row.verdict.word(), row.told.1);
            println!("{:<20} {} {}：{}", "", step_in_chinese(row.step), row.verdict.chinese(), row.told.0);
        }
        match is_bad {
            true => println!("{id}: not ready; mend what is bad and run this again · 未就绪，请处理“不通”各项后重试"),
            false => println!("{id}: ready · 就绪"),
        }
    }
    Ok(if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn described(one: &OnePartner) -> String {
    let acts = one.partner.acts.iter().map(|act| act.word()).collect::<Vec<_>>().join(", ");
    let posts = if one.posts { "; posts results" } else { "" };
    format!("sound; {} takes {acts}; stage {}{posts}", one.adapter.name, one.partner.stage.word())
}

fn described_in_chinese(one: &OnePartner) -> String {
    let acts = one.partner.acts.iter().map(|act| act.word()).collect::<Vec<_>>().join("、");
    let posts = if one.posts { "；会主动回传" } else { "" };
    format!("无误；{}，受理 {acts}；阶段 {}{posts}", one.adapter.name, one.partner.stage.word())
}

/// A partner of people: nothing is called, and nobody calls; clerks read and answer in a browser.
async fn inbox(one: &OnePartner, at: Option<At>) -> Vec<Row> {
    let clerks = one.clerks;
    let mut rows = vec![match clerks {
        0 => row(
            "clerks",
            Verdict::Bad,
            "无人可受理；请用 xiezhi token 生成令牌并写入 [[clerks]]",
            "nobody may answer; make a token with xiezhi token and write a [[clerks]]",
        ),
        _ => row(
            "clerks",
            Verdict::Good,
            format!("{clerks} 名经办人可在 /console/partner 受理"),
            format!("{clerks} may read and answer at /console/partner"),
        ),
    }];
    let Some(at) = at else {
        rows.push(row(
            "last call",
            Verdict::Skipped,
            "提供运维令牌 --token 可向网关询问有无逾期、催办是否送达",
            "give --token of an operator to ask the gateway what waits there too long, and whether reminders arrive",
        ));
        return rows;
    };
    match partner_at(&at, &one.partner.id).await {
        Ok(own) => {
            rows.push(match own.get("overdue").and_then(Value::as_u64).unwrap_or(0) {
                0 => row("last call", Verdict::Good, "没有逾期未办的事项", "nothing waits there too long"),
                count => row(
                    "last call",
                    Verdict::Look,
                    format!("{count} 项逾期未办；请联系对方"),
                    format!("{count} act(s) wait there too long; telephone the partner"),
                ),
            });
            rows.push(reminders(own.get("reminder")));
        }
        Err(error) => {
            rows.push(row("last call", Verdict::Look, "无法得知", format!("cannot be known: {error:#}")));
        }
    }
    rows
}

/// What the gateway says of how the clerks are reminded.
fn reminders(told: Option<&Value>) -> Row {
    let word = |key: &str| told.and_then(|told| told.get(key)).and_then(Value::as_str).unwrap_or_default();
    let failures = told.and_then(|told| told.get("failures")).and_then(Value::as_u64).unwrap_or(0);
    match (told, failures) {
        (None, _) => row(
            "reminder",
            Verdict::Look,
            "未设催办：经办人不打开页面就不知道有待办；请在文件中加 [reminder]",
            "nobody reminds the clerks, who learn of nothing unless they look; add [reminder] to the file",
        ),
        (Some(_), 0) => {
            let (chinese, english) = match word("reminded_at") {
                "" => ("尚未催办过".to_owned(), "none was needed yet".to_owned()),
                at => (format!("最近一次催办已于 {at} 送达"), format!("the last one arrived at {at}")),
            };
            row("reminder", Verdict::Good, chinese, english)
        }
        (Some(_), failures) => {
            let cause = word("cause");
            row(
                "reminder",
                Verdict::Bad,
                format!("连续 {failures} 次未送达（{cause}）；请查看 [reminder] 的 url 及其接收方"),
                format!("{failures} in a row did not arrive ({cause}); look at url in [reminder] and at its receiver"),
            )
        }
    }
}

/// A partner that fetches: what can be known of it is whether it has called.
async fn pulled(one: &OnePartner, at: Option<At>) -> Vec<Row> {
    let faces = adapters::faces();
    let face = faces.iter().find(|face| face.kind() == one.partner.kind);
    let path = face.map_or("", |face| face.path());
    let mut rows = vec![row(
        "face",
        Verdict::Good,
        format!("在 POST {path} 等候对方来取，不向外调用"),
        format!("waits for its calls at POST {path}; nothing is called"),
    )];
    let Some(at) = at else {
        rows.push(row(
            "last call",
            Verdict::Skipped,
            "提供运维令牌 --token 可向网关询问最近来访时间",
            "give --token of an operator to ask the gateway when it last called",
        ));
        return rows;
    };
    rows.push(match last_call(&at, &one.partner.id).await {
        Ok(Some(at)) => row("last call", Verdict::Good, format!("最近来访 {at}"), format!("called at {at}")),
        Ok(None) => row(
            "last call",
            Verdict::Look,
            "网关启动以来未曾来访；请对方轮询",
            "has not called since the gateway started; ask it to poll",
        ),
        Err(error) => row("last call", Verdict::Look, "无法得知", format!("cannot be known: {error:#}")),
    });
    rows
}

async fn last_call(at: &At, id: &str) -> anyhow::Result<Option<String>> {
    let own = partner_at(at, id).await?;
    Ok(own.get("last_call_at").and_then(Value::as_str).map(str::to_owned))
}

/// The partner as the gateway shows it.
async fn partner_at(at: &At, id: &str) -> anyhow::Result<Value> {
    let list = crate::client::Client::new(&at.url, &at.token)?.get("/v1/partners").await?;
    let partners = list.get("partners").and_then(Value::as_array).into_iter().flatten();
    let own = partners.into_iter().find(|partner| partner.get("id").and_then(Value::as_str) == Some(id));
    own.cloned().ok_or_else(|| anyhow::anyhow!("the gateway does not know this partner; reload its settings"))
}
