//! Shapes of the erasure of a case.

use domain::case::EraseCause;
use serde_json::{Value, json};
use web::limits::REASON_CHARACTERS_MAX;

use super::shapes::{PLAIN, count, flag, object};

/// What is shown and what is taken.
pub fn schemas() -> Value {
    let causes: Vec<&str> = EraseCause::ALL.iter().map(|cause| cause.word()).collect();
    let mut form = object(
        ("", ""),
        json!({
            "cause": { "type": "string", "enum": causes,
                "description": "保管期限届满；依法或依裁定；误录。删除后唯一留存的原因。 Why; the only reason that outlasts the case." },
            "reason": { "type": "string", "minLength": 1, "maxLength": REASON_CHARACTERS_MAX, "pattern": PLAIN,
                "description": "理由；与案件一同删除。 Why, in a person's words, which end with the case." },
        }),
        json!({}),
    );
    form["additionalProperties"] = json!(false);
    let told = json!({
        "sequence": count("其事件的序号。", "Sequence of its event."),
        "erased": flag("案件已删除；否则须另一人作同样表示。", "The case is erased; else another person must say the same."),
    });
    json!({ "EraseForm": form, "Erasure": object(("", ""), told, json!({})) })
}
