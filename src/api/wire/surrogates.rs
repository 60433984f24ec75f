//! Halves of surrogate pairs. JSON may escape one alone (RFC 8259, 8.2), which no Rust string can hold; a text that was
//! cut in the middle of an emoji must not cost a whole document.

/// Puts U+FFFD in place of each half that is escaped alone. Both take six bytes, so that places in messages stay right.
pub(crate) fn replace_lone_surrogates(body: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        let escape = at + found;
        at = escape + 2;
        match code_unit(body, escape) {
            Some(0xD800..=0xDBFF) if matches!(code_unit(body, escape + 6), Some(0xDC00..=0xDFFF)) => {
                at = escape + 12;
            }
            Some(0xD800..=0xDFFF) => {
                if let Some(half) = body.get_mut(escape..escape + 6) {
                    half.copy_from_slice(br"\ufffd");
                }
            }
            _ => {}
        }
    }
}

/// The code unit that is escaped at this place.
fn code_unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(br"\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> String {
        let mut body = text.as_bytes().to_vec();
        replace_lone_surrogates(&mut body);
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn only_a_half_that_stands_alone_is_replaced() {
        for (text, expected) in [
            (r#"["\ud83d"]"#, r#"["\ufffd"]"#),
            (r#"["\uDC00x"]"#, r#"["\ufffdx"]"#),
            (r#"["\ud83d\ud83d\udd11"]"#, r#"["\ufffd\ud83d\udd11"]"#),
            (r#"["\ud83d\n"]"#, r#"["\ufffd\n"]"#),
        ] {
            assert_eq!(replaced(text), expected);
        }
        for whole in [r#"["\ud83d\udd11"]"#, r#"["\\ud83d"]"#, r#"["\u00e9\"\\"]"#, r#"["\ud83"#, r"\", "é🔑"]
        {
            assert_eq!(replaced(whole), whole);
        }
    }
}
