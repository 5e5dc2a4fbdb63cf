//! The judge of answers: what the served document says of a call, held against what came. The web floor's tests have their own like it; neither floor
//! borrows from the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The document as the judge of answers.
pub struct Judge {
    pub document: Value,
    made: Mutex<BTreeMap<String, Arc<Validator>>>,
}

/// A value of the document with its reference followed.
pub fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(place) = value["$ref"].as_str() else { return value };
    document.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place} leads nowhere"))
}

/// Names no field that is not described.
fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("type") == Some(&json!("object")) && members.contains_key("properties") {
                members.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(close),
        _ => {}
    }
}

impl Judge {
    pub fn new(document: Value) -> Self {
        Self { document, made: Mutex::default() }
    }

    /// An operation by its id, with its method and path.
    pub fn operation(&self, id: &str) -> (String, String, &Value) {
        for (path, item) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if operation["operationId"] == id {
                    return (method.to_uppercase(), path.clone(), operation);
                }
            }
        }
        panic!("{id} is no operation of the document")
    }

    /// What a value breaks of a schema. What the schema does not name is a fault too: our own answers hold nothing else.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut made = self.made.lock().unwrap();
        let validator = made.entry(schema.to_string()).or_insert_with(|| {
            let components = json!({ "schemas": self.document["components"]["schemas"] });
            let dialect = "https://json-schema.org/draft/2020-12/schema";
            let mut whole = json!({ "$schema": dialect, "components": components, "allOf": [schema] });
            close(&mut whole["components"]["schemas"]);
            Arc::new(jsonschema::options().should_validate_formats(true).build(&whole).unwrap())
        });
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Holds an answer against the document: its status, headers, content type and body are all described.
    pub fn hold(&self, id: &str, status: u16, header: &dyn Fn(&str) -> Option<String>, bytes: &[u8]) {
        let (_, _, operation) = self.operation(id);
        let name = format!("{id} {status} → {}", String::from_utf8_lossy(bytes));
        let response = follow(&self.document, &operation["responses"][status.to_string()]);
        assert!(response.is_object(), "undocumented: {name}");
        for (wire, shape) in response["headers"].as_object().unwrap() {
            let text = header(wire).unwrap_or_else(|| panic!("{wire} is missing: {name}"));
            let schema = &follow(&self.document, shape)["schema"];
            let value = if schema["type"] == "integer" { json!(text.parse::<u64>().unwrap()) } else { json!(text) };
            assert_eq!(self.faults(schema, &value), Vec::<String>::new(), "{wire}: {name}");
        }
        let kind = header("content-type").unwrap_or_else(|| panic!("no content type: {name}"));
        let media = &response["content"][&kind];
        assert!(media.is_object(), "content type {kind}: {name}");
        if kind.ends_with("json") {
            let value: Value = serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {name}"));
            assert_eq!(self.faults(&media["schema"], &value), Vec::<String>::new(), "{name}");
        }
    }
}
