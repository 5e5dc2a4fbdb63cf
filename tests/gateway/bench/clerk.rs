//! A clerk at a browser without script: signs in, reads pages, fills in forms as they stand there and sends them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use adapters::transport::read_capped;
use reqwest::Method;
use reqwest::redirect::Policy;

use super::caller::{Answer, RUNTIME};

/// Pages read, at most.
const PAGE_BYTES_MAX: usize = 16 << 20;

static BROWSER: LazyLock<reqwest::Client> =
    LazyLock::new(|| reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap());

/// The clerk, signed in.
pub struct Clerk {
    base: String,
    cookie: String,
}

/// A form of a page, with what is filled in already.
pub struct Form {
    action: String,
    fields: BTreeMap<String, String>,
    multipart: bool,
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

impl Form {
    /// The form of a page whose markup holds `mark`.
    pub fn of(page: &str, mark: &str) -> Self {
        let form = page.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap());
        let form =
            form.into_iter().find(|form| form.contains(mark)).unwrap_or_else(|| panic!("no form {mark} in {page}"));
        let inputs = form.split("<input ").skip(1).filter_map(|rest| {
            let tag = rest.split('>').next()?;
            let chosen = !tag.contains("type=\"radio\"") && !tag.contains("type=\"file\"") || tag.contains(" checked");
            let value = between(tag, "value=\"", "\"").unwrap_or_default();
            chosen.then(|| Some((between(tag, "name=\"", "\"")?.to_owned(), unescaped(value))))?
        });
        let areas = form.split("<textarea ").skip(1).filter_map(|rest| {
            let (tag, inside) = rest.split_once('>')?;
            Some((between(tag, "name=\"", "\"")?.to_owned(), unescaped(inside.split('<').next()?)))
        });
        let choices = form.split("<select ").skip(1).filter_map(|rest| {
            let chosen = rest.split("</select>").next()?.split("<option ").skip(1);
            let chosen = chosen.into_iter().find(|option| option.contains(" selected>"))?;
            Some((between(rest, "name=\"", "\"")?.to_owned(), between(chosen, "value=\"", "\"")?.to_owned()))
        });
        Self {
            action: between(form, "action=\"", "\"").unwrap().to_owned(),
            fields: inputs.chain(areas).chain(choices).collect(),
            multipart: form.contains("enctype=\"multipart/form-data\""),
        }
    }

    /// Fills in a field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }

    fn body(&self, file: Option<(&str, &[u8])>) -> (String, Vec<u8>) {
        if !self.multipart {
            let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
            let pairs = self.fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
            let body = pairs.collect::<Vec<_>>().join("&").into_bytes();
            return ("application/x-www-form-urlencoded".to_owned(), body);
        }
        let boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let (name, bytes) = file.unwrap_or_default();
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"replies\"; filename=\"{name}\"\r\nContent-Type: application/pdf\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body)
    }
}

impl Clerk {
    /// Opens the first page and signs in by its form.
    pub fn sign_in(base: &str, token: &str) -> Self {
        let mut clerk = Self { base: base.to_owned(), cookie: String::new() };
        let door = clerk.get("/console/partner/login").of_status(200).text();
        let answer = clerk.send(&Form::of(&door, "name=\"token\"").with("token", token), None).of_status(303);
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        clerk.cookie = cookie.split(';').next().unwrap().to_owned();
        clerk
    }

    fn call(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        let mut call = BROWSER.request(method.clone(), format!("{}{path}", self.base)).header("Cookie", &self.cookie);
        if method == Method::POST {
            call =
                call.header("Content-Type", kind).header("Origin", &self.base).header("Sec-Fetch-Site", "same-origin");
        }
        RUNTIME.block_on(async {
            let mut response = call.body(body).send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let bytes = read_capped(&mut response, PAGE_BYTES_MAX).await.unwrap();
            Answer { status, headers, bytes }
        })
    }

    /// A page.
    pub fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, "", Vec::new())
    }

    /// Sends a form to where it says.
    pub fn send(&self, form: &Form, file: Option<(&str, &[u8])>) -> Answer {
        let (kind, body) = form.body(file);
        self.call(Method::POST, &form.action, &kind, body)
    }
}
