//! A bank's hub spoken by hand, in whatever dialect a test says: envelopes, covered values, answers as they came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::caller::RUNTIME;
use super::gateway::Gateway;

/// How a hub speaks: all UTF-8, which every document says of itself.
#[derive(Clone, Copy)]
pub struct Hub<'g> {
    pub gateway: &'g Gateway,
    pub user: &'g str,
    pub password: &'g str,
    /// Element and fields of the credential.
    pub credential: [&'g str; 3],
    pub namespace: &'g str,
    /// The element around an answer.
    pub returns: &'g str,
    /// The document and its values are Base64.
    pub covered: bool,
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

impl<'g> Hub<'g> {
    /// The national form.
    pub fn of(gateway: &'g Gateway, user: &'g str, password: &'g str) -> Self {
        Self {
            gateway,
            user,
            password,
            credential: ["condition", "username", "password"],
            namespace: "http://syyh.service.webService.ckw.tdh/",
            returns: "return",
            covered: true,
        }
    }

    fn value(&self, text: &str) -> String {
        if self.covered { STANDARD.encode(text) } else { escaped(text) }
    }

    /// A row with its fields, and what stands in it.
    pub fn row(&self, name: &str, fields: &[(&str, &str)], inside: &str) -> String {
        let fields: String = fields.iter().map(|(field, text)| format!(" {field}=\"{}\"", self.value(text))).collect();
        format!("<{name}{fields}>{inside}</{name}>")
    }

    fn argument(&self, document: &str) -> String {
        if self.covered { STANDARD.encode(format!("{HEAD}{document}")) } else { escaped(document) }
    }

    /// Calls, and gives the whole answer back.
    pub fn call_raw(&self, operation: &str, document: Option<&str>) -> String {
        let [element, user, password] = self.credential;
        let marker =
            self.row("usermarker", &[], &self.row(element, &[(user, self.user), (password, self.password)], ""));
        let second = document.map(|document| format!("<arg1>{}</arg1>", self.argument(document))).unwrap_or_default();
        let envelope = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:q=\"{}\"><e:Body><q:{operation}><arg0>{}</arg0>{second}</q:{operation}></e:Body></e:Envelope>",
            self.namespace,
            self.argument(&marker)
        );
        let headers = [("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", "\"\"")];
        let call = self.gateway.caller("");
        let path = "/services/SyyhConvertDataService";
        let answer = call.call(reqwest::Method::POST, path, &headers, Some(envelope.into_bytes()));
        RUNTIME.block_on(answer).unwrap().text()
    }

    /// Calls, and gives the document of the answer back, its values uncovered where they are text.
    pub fn call(&self, operation: &str, document: Option<&str>) -> String {
        let text = self.call_raw(operation, document);
        assert!(text.contains(&format!("xmlns:ns2=\"{}\"", self.namespace)), "{text}");
        let told = text.split(&format!("<{}>", self.returns)).nth(1).and_then(|rest| rest.split("</").next());
        let told = told.unwrap_or_else(|| panic!("no answer in {text}"));
        if !self.covered {
            return told.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        }
        let document = STANDARD.decode(told.trim()).unwrap();
        uncovered(&String::from_utf8_lossy(&document))
    }

    /// One field of the first row of an answer.
    pub fn field(document: &str, name: &str) -> String {
        let rest = document.split(&format!(" {name}=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {document}"));
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Every attribute's text out of its cover, which is GBK unless a test's partner says otherwise.
fn uncovered(document: &str) -> String {
    let mut out = String::new();
    for (place, piece) in document.split('"').enumerate() {
        if place % 2 == 0 {
            out.push_str(piece);
            continue;
        }
        let bytes = STANDARD.decode(piece).unwrap_or_else(|_| piece.as_bytes().to_vec());
        let text =
            String::from_utf8(bytes).unwrap_or_else(|other| encoding_rs::GBK.decode(other.as_bytes()).0.into_owned());
        out.push_str(&format!("\"{text}\""));
    }
    out
}
