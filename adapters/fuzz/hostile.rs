//! Documents that were made to hurt whoever reads them, by kind of decoder; each is refused by name, and none takes more memory than its size allows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(crate) type Named = (&'static str, Vec<u8>);

/// How deep the deep ones are.
const DEPTH: usize = 100_000;
/// How long the long ones are.
const LENGTH: usize = 128 << 10;

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// XML: none of these is a message.
pub(crate) fn xml() -> Vec<Named> {
    let laughs: String = (1..10).map(|n| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10))).collect();
    let quadratic = format!("<!DOCTYPE a [<!ENTITY e '{}'>]><a>{}</a>", "e".repeat(50_000), "&e;".repeat(20_000));
    let attributes: String = (0..DEPTH).map(|n| format!(" a{n}='1'")).collect();
    let namespaces: String = (0..DEPTH).map(|n| format!(" xmlns:n{n}='u{n}'")).collect();
    vec![
        ("entity bomb", format!("<!DOCTYPE a [<!ENTITY l0 'lol'>{laughs}]><a>&l9;</a>").into_bytes()),
        ("entity blow-up", quadratic.into_bytes()),
        ("entity that names itself", b"<!DOCTYPE a [<!ENTITY b '&c;'><!ENTITY c '&b;'>]><a>&b;</a>".to_vec()),
        ("file by entity", b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>".to_vec()),
        ("address by entity", b"<!DOCTYPE a [<!ENTITY x SYSTEM 'http://169.254.169.254/latest'>]><a>&x;</a>".to_vec()),
        ("declarations from elsewhere", b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>".to_vec()),
        ("parameter entity", b"<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///dev/zero'>%p;]><a/>".to_vec()),
        (
            "included file",
            b"<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='/etc/passwd' parse='text'/></a>".to_vec(),
        ),
        ("entity that nobody declared", b"<a>&nobody;</a>".to_vec()),
        ("deep nesting", [b"<a>".repeat(DEPTH), b"</a>".repeat(DEPTH)].concat()),
        ("deep nesting without an end", b"<a>".repeat(DEPTH)),
        ("many elements", [b"<a>".to_vec(), b"<b/>".repeat(DEPTH), b"</a>".to_vec()].concat()),
        ("many attributes", format!("<a{attributes}/>").into_bytes()),
        ("many namespaces", format!("<a{namespaces}/>").into_bytes()),
        ("the same attribute twice", b"<a b='1' b='2'/>".to_vec()),
        ("a name without an end", [b"<".to_vec(), b"a".repeat(LENGTH)].concat()),
        ("an attribute without an end", [b"<a b='".to_vec(), b"c".repeat(LENGTH)].concat()),
        ("a comment without an end", [b"<!--".to_vec(), b"-".repeat(LENGTH)].concat()),
        ("a CDATA without an end", [b"<a><![CDATA[".to_vec(), b"]".repeat(LENGTH)].concat()),
        ("an instruction without an end", [b"<?x".to_vec(), b"?".repeat(LENGTH)].concat()),
        ("two roots", b"<a/><a/>".to_vec()),
        ("ends that do not match", b"<a><b></a></b>".to_vec()),
        ("NUL", b"<a>\0</a>".to_vec()),
        ("NUL by number", b"<a>&#0;</a>".to_vec()),
        ("a lone surrogate by number", b"<a>&#xD800;</a>".to_vec()),
        ("a number beyond every character", b"<a>&#99999999999999999999;</a>".to_vec()),
        ("a lone surrogate in UTF-8", b"<a>\xed\xa0\x80</a>".to_vec()),
        ("overlong UTF-8", b"<a>\xc0\xbc</a>".to_vec()),
        ("half a character", b"<a>\xe7\x8e</a>".to_vec()),
        ("a lone surrogate in UTF-16", [b"\xff\xfe".to_vec(), utf16("<a>"), vec![0x00, 0xd8], utf16("</a>")].concat()),
        ("half of a UTF-16 unit", [b"\xff\xfe".to_vec(), utf16("<a/>"), vec![0x3c]].concat()),
        ("said UTF-16, is not", b"<?xml version='1.0' encoding='UTF-16'?><a/>".to_vec()),
        ("an unknown charset", b"<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>".to_vec()),
        ("UTF-7", b"<?xml version='1.0' encoding='UTF-7'?>+ADw-a/+AD4-".to_vec()),
        ("four bytes of GB18030 cut short", b"<?xml version='1.0' encoding='GB18030'?><a>\x81\x30\x81</a>".to_vec()),
        ("four bytes beyond GB18030", b"<?xml version='1.0' encoding='GB18030'?><a>\xfe\x39\xfe\x39</a>".to_vec()),
        (
            "four bytes of GB18030 that hold a mark",
            b"<?xml version='1.0' encoding='GB18030'?><a>\x81<\x81\x30</a>".to_vec(),
        ),
        ("nothing", Vec::new()),
        ("white space", vec![b' '; LENGTH]),
        ("bytes", (0..=u8::MAX).collect()),
        ("a page", b"<!DOCTYPE html><html><body>login</body></html>".to_vec()),
        ("JSON", b"{\"state\":\"done\"}".to_vec()),
        ("packed", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00".to_vec()),
    ]
}

/// JSON: none of these is a message.
pub(crate) fn json() -> Vec<Named> {
    let keys: String = (0..DEPTH).map(|n| format!("\"k{n}\":1,")).collect();
    vec![
        ("deep lists", [b"[".repeat(DEPTH), b"]".repeat(DEPTH)].concat()),
        ("deep lists without an end", b"[".repeat(DEPTH)),
        ("deep objects", [b"{\"a\":".repeat(DEPTH), b"1".to_vec(), b"}".repeat(DEPTH)].concat()),
        (
            "depth in what nobody reads",
            [b"{\"x\":".to_vec(), b"[".repeat(DEPTH), b"]".repeat(DEPTH), b"}".to_vec()].concat(),
        ),
        ("many keys", format!("{{{keys}\"z\":1}}").into_bytes()),
        (
            "the same key twice",
            b"{\"number\":\"a\",\"number\":\"b\",\"state\":\"done\",\"state\":\"refused\"}".to_vec(),
        ),
        ("a number beyond all", b"{\"number\":1e999999999}".to_vec()),
        ("a number without an end", [b"{\"number\":".to_vec(), b"9".repeat(LENGTH)].concat()),
        ("no number", b"{\"number\":NaN}".to_vec()),
        ("a lone surrogate", b"{\"number\":\"\\ud800\"}".to_vec()),
        ("surrogates the wrong way round", b"{\"number\":\"\\udc00\\ud800\"}".to_vec()),
        ("a lone surrogate in UTF-8", b"{\"number\":\"\xed\xa0\x80\"}".to_vec()),
        ("overlong UTF-8", b"{\"number\":\"\xc0\xa2\"}".to_vec()),
        ("four bytes of GB18030", b"{\"number\":\"\x81\x30\x81\x30\"}".to_vec()),
        ("NUL", b"{\"number\":\"\0\"}".to_vec()),
        ("a mark before it", [b"\xef\xbb\xbf".to_vec(), b"[]".to_vec()].concat()),
        ("UTF-16", [b"\xff\xfe".to_vec(), utf16("{\"number\":\"a\"}")].concat()),
        ("a text without an end", [b"{\"number\":\"".to_vec(), b"a".repeat(LENGTH)].concat()),
        ("more behind it", b"{} {}".to_vec()),
        ("cut short", b"{\"number\":\"X2026112200000000012-1\",".to_vec()),
        ("a list", b"[{}]".to_vec()),
        ("a comment", b"/* */{\"number\":1}".to_vec()),
        ("nothing", Vec::new()),
        ("white space", vec![b' '; LENGTH]),
        ("bytes", (0..=u8::MAX).collect()),
        ("a page", b"<!DOCTYPE html><html><body>login</body></html>".to_vec()),
    ]
}

/// Base64 inside a message: none of these is a document.
pub(crate) fn base64() -> Vec<Named> {
    let packed = |document: &[u8]| STANDARD.encode(document).into_bytes();
    let mut all = vec![
        ("too much of it", b"A".repeat(16 * LENGTH)),
        ("padding without an end", [b"AA".to_vec(), b"=".repeat(LENGTH)].concat()),
        ("padding in the middle", b"QQ==QQ==".to_vec()),
        ("one character", b"Q".to_vec()),
        ("bits behind the last byte", b"QR==".to_vec()),
        ("the other alphabet", b"-_-_".to_vec()),
        ("no alphabet", "王小渔".as_bytes().to_vec()),
        ("lines without an end", b"Q\r\n".repeat(LENGTH / 3)),
        ("Base64 of Base64", packed(&packed(b"<a/>"))),
    ];
    all.extend(xml().into_iter().map(|(name, document)| (name, packed(&document))));
    all
}
