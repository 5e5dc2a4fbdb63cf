//! 案号: is it the number of one filed case (rule D2)?

/// The first year of the present courts' numbering.
const YEAR_FIRST: i32 = 1949;
/// Characters of the ordinal behind 之 (`之一`, `之12`).
const ORDINAL_CHARS_MAX: usize = 4;

/// Is `number` one whole case number such as `(2026)浙0225执1234号`, of a year up to `year`?
///
/// The year stands in round or tortoise-shell brackets, then the court and the kind of case in Chinese with the court's
/// digits, then the counter and 号, and perhaps 之 with an ordinal (最高人民法院 案号规定, in force since 2016; the older 字第 fits too).
#[must_use]
pub fn is_case_number(number: &str, year: i32) -> bool {
    let opened = number.strip_prefix(['(', '（', '〔', '[']);
    let Some((filed, rest)) = opened.and_then(|rest| rest.split_once([')', '）', '〕', ']'])) else { return false };
    let digits = filed.len() == 4 && filed.bytes().all(|b| b.is_ascii_digit());
    let filed = filed.parse::<i32>().ok().filter(|filed| digits && (YEAR_FIRST..=year).contains(filed));
    let Some((body, ordinal)) = rest.split_once('号') else { return false };
    filed.is_some() && is_body(body) && is_ordinal(ordinal)
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}')
}

/// Court and kind begin with a character, the counter ends with a digit and is not zero.
fn is_body(body: &str) -> bool {
    let counter = body.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let (head, counter) = body.split_at(counter.len());
    head.starts_with(is_chinese)
        && head.ends_with(is_chinese)
        && head.chars().all(|c| is_chinese(c) || c.is_ascii_digit())
        && counter.ends_with(|c: char| c.is_ascii_digit())
        && counter.contains(|c: char| matches!(c, '1'..='9'))
}

fn is_ordinal(ordinal: &str) -> bool {
    let Some(ordinal) = ordinal.strip_prefix('之') else { return ordinal.is_empty() };
    let counts = |c: char| c.is_ascii_digit() || "一二三四五六七八九十百".contains(c);
    (1..=ORDINAL_CHARS_MAX).contains(&ordinal.chars().count()) && ordinal.chars().all(counts)
}
