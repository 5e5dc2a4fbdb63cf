//! The form is the schema, and its fingerprint is that of RFC 8785.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::forward_to_deserialize_any;
use serde_json::{Value, json};

use super::*;

const SCHEMA: &str = include_str!("../../../../schemas/intake/request.schema.json");

/// A reader that only learns which fields a form has.
struct FieldsOf;

impl<'de> Deserializer<'de> for FieldsOf {
    type Error = serde_json::Error;
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Error::custom("no form"))
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        Err(Error::custom(fields.join(",")))
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

/// What serde derived for the form itself, which stands before the impl that lets only objects through.
macro_rules! fields {
    ($form:ident) => {{
        let told = $form::deserialize(FieldsOf).err().unwrap().to_string();
        told.split(',').map(str::to_owned).collect::<Vec<_>>()
    }};
}

#[test]
fn the_schema_names_the_fields_of_the_form_and_they_are_in_canonical_order() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let forms = [
        ("", fields!(RequestForm)),
        ("case", fields!(CaseForm)),
        ("court", fields!(CourtForm)),
        ("account", fields!(AccountForm)),
        ("party", fields!(PartyForm)),
        ("officer", fields!(OfficerForm)),
        ("document", fields!(DocumentForm)),
        ("scope", fields!(ScopeForm)),
        ("callback", fields!(CallbackForm)),
        ("repeat", fields!(RepeatForm)),
        ("act", fields!(ActForm)),
        ("detail", fields!(DetailForm)),
        ("original", fields!(OriginalForm)),
    ];
    assert_eq!(schema["$defs"].as_object().unwrap().len() + 1, forms.len());
    for (name, fields) in forms {
        let object = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        let named: BTreeSet<String> = object["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(fields, named.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn the_examples_of_the_schema_are_understood() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let examples = schema["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let body = serde_json::to_vec(example).unwrap();
        assert_eq!(crate::understand(&body).err(), None);
    }
}

/// The fingerprint as anybody would make it: any JSON reader, any RFC 8785 writer.
fn independent(body: &[u8]) -> [u8; 32] {
    let value: Value = serde_json::from_slice(body).unwrap();
    Sha256::digest(serde_json_canonicalizer::to_vec(&value).unwrap()).into()
}

fn ours(body: &[u8]) -> [u8; 32] {
    serde_json::from_slice::<RequestForm<'_>>(body).unwrap().fingerprint().unwrap()
}

proptest! {
    #[test]
    fn the_fingerprint_is_that_of_canonical_json(
        texts in proptest::collection::vec(any::<String>(), 12),
        subjects in proptest::option::of(proptest::collection::vec(any::<u16>(), 0..8)),
        scope in any::<bool>(),
        pretty in any::<bool>(),
    ) {
        let mut body = json!({
            "officers": [{"name": texts[0], "work_id": texts[1], "duty_id": texts[2]}],
            "goal": texts[3], "priority": texts[4],
            "case": {"stage": texts[5], "number": texts[6], "claim": texts[7], "parties": [
                {"role": texts[8], "name": texts[9], "kind": "person", "id_type": texts[10]}],
                "court": {"name": texts[11], "code": ""}},
            "documents": [],
        });
        if let Some(subjects) = subjects {
            body["subjects"] = json!(subjects);
        }
        if scope {
            body["scope"] = json!({"regions": ["b", "a"], "kinds": []});
        }
        let bytes = if pretty { serde_json::to_vec_pretty(&body) } else { serde_json::to_vec(&body) }.unwrap();
        prop_assert_eq!(ours(&bytes), independent(&bytes));
    }
}

#[test]
fn escapes_and_order_do_not_change_the_fingerprint_and_content_does() {
    let one = br#"{"case":{"number":"a\u00e9\n","stage":"s","court":{"code":"c","name":"n"},"claim":"1","parties":[]},"officers":[]}"#;
    let two = "{\"officers\":[ ],\"case\":{\"parties\":[],\"claim\":\"1\",\"court\":{\"name\":\"n\",\"code\":\"c\"},\"stage\":\"s\",\"number\":\"a\u{e9}\\u000A\"}}";
    let three = two.replace("\"1\"", "\"1.0\"");
    assert_eq!(ours(one), ours(two.as_bytes()));
    assert_eq!(ours(one), independent(one));
    assert_ne!(ours(one), ours(three.as_bytes()));
}
