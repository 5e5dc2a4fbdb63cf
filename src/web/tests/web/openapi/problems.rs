//! The problems as responses: their types per status, and an example of each as it is really written, in both languages.

use actix_web::body::MessageBody as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web::Language;
use web::problem::{Problem, Slug};

use super::shapes::{both, to};

#[derive(Deserialize)]
pub struct Entry {
    slug: String,
    pub status: u16,
    title_zh: String,
    title_en: String,
}

/// The entry of `problems.toml`.
pub fn entry(slug: Slug) -> Entry {
    #[derive(Deserialize)]
    struct List {
        problem: Vec<Entry>,
    }
    let list: List = toml::from_str(include_str!("../../../../../schemas/intake/problems.toml")).unwrap();
    list.problem.into_iter().find(|entry| entry.slug == slug.word()).unwrap()
}

fn urn(slug: Slug) -> String {
    format!("urn:xiezhi:problem:{}", slug.word())
}

/// As it leaves the gateway.
fn written(slug: Slug, language: Language) -> Value {
    let waits = matches!(entry(slug).status, 429 | 503);
    let problem = if waits { Problem::from(slug).after(1) } else { Problem::from(slug) };
    let body = problem.answer(language, "7f3a91c2-1b").into_body();
    let bytes = body.try_into_bytes().unwrap_or_else(|_| panic!("a problem is bytes"));
    serde_json::from_slice(&bytes).unwrap()
}

/// An example of every problem, named by its slug, and by `slug.en` for the English one.
pub fn examples() -> Map<String, Value> {
    let one = |slug: &Slug, language, name: String| {
        let entry = entry(*slug);
        let summary = language_of(language, &entry);
        (name, json!({ "summary": summary, "value": written(*slug, language) }))
    };
    let each = |slug: &Slug| {
        let word = slug.word();
        [one(slug, Language::Chinese, word.to_owned()), one(slug, Language::English, format!("{word}.en"))]
    };
    Slug::ALL.iter().flat_map(each).collect()
}

fn language_of(language: Language, entry: &Entry) -> String {
    language.pick(&entry.title_zh, &entry.title_en).to_owned()
}

/// The shape of all problems.
pub fn shapes() -> Map<String, Value> {
    let types: Vec<String> = Slug::ALL.iter().map(|slug| urn(*slug)).collect();
    let text = |zh, en| json!({ "type": "string", "description": both((zh, en)) });
    let shapes = json!({
        "Problem": {
            "type": "object",
            "description": "RFC 9457。发来的内容从不复述。 What was sent is never repeated.",
            "required": ["type", "title", "status", "detail", "instance"],
            "properties": {
                "type": { "type": "string", "format": "uri", "enum": types, "description": "含义永不改变。 Never changes its meaning." },
                "title": text("何事。", "What is the matter."),
                "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                "detail": text("具体情形，及应当如何处理。", "The particular, then what to do."),
                "instance": { "type": "string", "pattern": "^urn:xiezhi:call:.+$", "description": "本次调用，与X-Call-Id和日志相同。 This call, as in X-Call-Id and the log." },
                "errors": { "type": "array", "maxItems": 100, "items": to("Fault") },
                "rules": { "type": "array", "items": to("Rule") },
                "state": text("不容许该操作的状态。", "The state that stands in the way."),
                "retry_after": { "type": "integer", "minimum": 0, "description": "秒，同Retry-After。 Seconds, as in Retry-After." },
            },
        },
        "Fault": {
            "type": "object",
            "description": "有误之处：请求体内的指针（RFC 6901）、请求头或参数之一。 A place at fault: a pointer into the body, a header or a parameter.",
            "required": ["message"],
            "properties": { "pointer": { "type": "string" }, "header": { "type": "string" }, "parameter": { "type": "string" }, "code": text("所报内容未被接受的原因代码，见 schemas/partners/not-taken.tsv。", "Why what a partner told was not taken, a code of schemas/partners/not-taken.tsv."), "message": { "type": "string" } },
        },
        "Rule": {
            "type": "object",
            "description": "所违反的规定。 A rule of law that the request breaks.",
            "required": ["id", "source", "text", "pointer"],
            "properties": {
                "id": { "type": "string", "pattern": "^D[0-9]+$" }, "source": text("出处。", "Where it stands."),
                "text": { "type": "string" }, "pointer": { "type": "string" },
            },
        },
    });
    let Value::Object(shapes) = shapes else { panic!("shapes are an object") };
    shapes
}

/// The response of one status for these problems.
pub fn response(status: u16, slugs: &[Slug]) -> Value {
    let titles: Vec<String> = slugs
        .iter()
        .map(|slug| {
            let entry = entry(*slug);
            format!("* `{}` {} {}", entry.slug, entry.title_zh, entry.title_en)
        })
        .collect();
    let examples: Map<String, Value> = slugs
        .iter()
        .flat_map(|slug| [slug.word().to_owned(), format!("{}.en", slug.word())])
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/examples/{name}") })))
        .collect();
    let types: Vec<String> = slugs.iter().map(|slug| urn(*slug)).collect();
    let schema =
        json!({ "allOf": [to("Problem")], "properties": { "type": { "enum": types }, "status": { "const": status } } });
    let mut names = vec!["CallId", "ContentLanguage", "CacheControl"];
    match status {
        401 => names.push("WwwAuthenticate"),
        405 => names.push("Allow"),
        429 | 503 => names.push("RetryAfter"),
        _ => {}
    }
    json!({
        "description": titles.join("\n"),
        "headers": super::document::headers_of(&names),
        "content": { "application/problem+json": { "schema": schema, "examples": examples } },
    })
}
