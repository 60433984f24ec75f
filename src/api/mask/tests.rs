use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

const KEY: &str = "sk_canary7F3e9a51c0d2";
const OTHER: &str = "0123456789abcdef0123456789abcdef";

fn mask() -> Mask {
    Mask::new([KEY, OTHER, "short"]).unwrap()
}

/// What is read of the one string in this body, and whether anything was masked.
fn read(mask: &Mask, json: &str) -> (String, bool) {
    let mut body = format!("[{json}]").into_bytes();
    let is_masked = mask.body(&mut body).unwrap();
    let [text]: [String; 1] = serde_json::from_slice(&body).unwrap();
    (text, is_masked)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Whether a text holds the key in a form that is told by the canary in it.
fn shows(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("canary7f") || lower.contains("7f3e9a51") || lower.contains(OTHER)
}

#[test]
fn in_a_body_every_form_of_every_key_is_masked_and_found_again() {
    let mask = mask();
    let secret = &KEY[3..];
    let encoded: Vec<String> =
        ["", "u", "us", "user:"].iter().map(|before| STANDARD.encode(format!("{before}{KEY}"))).collect();
    let percent: String = KEY.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let twice: String = KEY.bytes().map(|byte| format!("%25{byte:02X}")).collect();
    let forms = [KEY.to_owned(), KEY.to_uppercase(), KEY.to_lowercase(), OTHER.to_owned(), percent, twice];
    for form in forms.into_iter().chain(encoded) {
        for text in [form.clone(), format!("a {form} b"), format!("{form}{form}"), format!("é\"{form}\\")] {
            let (shown, is_masked) = read(&mask, &quoted(&text));
            assert!(is_masked && shown.contains(STAND_IN), "{text}: {shown}");
            assert!(!shown.contains(secret) && !shown.contains(&form), "{text}: {shown}");
            assert!(!shows(&mask.hide(&shown)), "nor any part of it: {shown}");
            assert_eq!(mask.reveal(&shown, str::to_owned).unwrap(), text);
        }
    }
    for plain in ["sec_1", "short", "canary7F3e", "%41%", "sk_", "a\\u0073", "100 % \u{1f511}", "%25%2573"] {
        assert_eq!(read(&mask, &quoted(plain)), (plain.to_owned(), false));
    }
}

#[test]
fn an_escape_of_json_hides_no_key_and_makes_no_other_id_of_it() {
    let mask = mask();
    let (plain, _) = read(&mask, &quoted(KEY));
    for (at, character) in KEY.char_indices() {
        let escaped = format!("{}\\u{:04x}{}", &KEY[..at], u32::from(character), &KEY[at + 1..]);
        let (shown, _) = read(&mask, &format!("\"{escaped}\""));
        assert_eq!(shown, plain, "{escaped}");
    }
    let all: String = KEY.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
    assert_eq!(read(&mask, &format!("\"{all}\"")).0, plain);
    // Percent-encoded, with the digits escaped once more.
    let percent: String =
        KEY.bytes().map(|byte| format!("\\u0025\\u00{:02x}{:x}", (byte >> 4) + 0x30, byte & 15)).collect();
    let (shown, is_masked) = read(&mask, &format!("\"{percent}\""));
    assert!(is_masked && shown.contains(STAND_IN) && shown != plain, "{shown}");
    // An escaped backslash begins no escape.
    let literal = r"sk_\\u0063anary7F3e9a51c0d2";
    assert_eq!(read(&mask, &format!("\"{literal}\"")).0, r"sk_\u0063anary7F3e9a51c0d2");
}

#[test]
fn what_begins_as_a_stand_in_has_one_itself_so_that_no_two_texts_become_the_same() {
    let mask = mask();
    let (shown, _) = read(&mask, &quoted(KEY));
    let (again, is_masked) = read(&mask, &quoted(&shown));
    assert!(is_masked && again != shown, "{again}");
    assert_eq!(mask.reveal(&again, str::to_owned).unwrap(), shown);
    assert_eq!(mask.reveal(&shown, str::to_owned).unwrap(), KEY);
    assert!(mask.reveal("~key-not-shown-0123456789abcdef~", str::to_owned).is_none(), "nobody knows it");
    assert!(mask.reveal("~key-not-shown-0123", str::to_owned).is_none());
    assert!(mask.reveal("~key-not-shown-ééééééééé", str::to_owned).is_none());
}

#[test]
fn the_stand_in_of_a_key_is_known_before_it_was_met_and_the_same_in_every_run() {
    let (shown, _) = read(&mask(), &quoted(KEY));
    assert_eq!(mask().reveal(&shown, str::to_owned).unwrap(), KEY);
    let alone = Mask::new([KEY]).unwrap();
    assert_eq!(read(&alone, &quoted(KEY)).0, shown);
    let none = Mask::new([]).unwrap();
    assert_eq!(read(&none, &quoted(KEY)), (KEY.to_owned(), false));
    assert_eq!(none.hide(KEY), KEY);
}

#[test]
fn json_stays_what_it_is_around_a_key_of_any_characters() {
    let mask = Mask::new(["\":\"\":\"\",\"", "[{}]\\/\"x"]).unwrap();
    for body in
        [r#"{"a":"":"":"","b":1}"#, r#"{"":"","":"","":""}"#, r#"["a","b"]"#, r"[1,2", r#"["\"#, r#"["\u00"#]
    {
        let mut masked = body.as_bytes().to_vec();
        mask.body(&mut masked).unwrap();
        assert_eq!(String::from_utf8(masked).unwrap(), body);
    }
    let (shown, is_masked) = read(&mask, &quoted("x[{}]\\/\"x"));
    assert!(is_masked && shown.starts_with("x~key-not-shown-"), "{shown}");
}

#[test]
fn for_people_parts_of_a_key_are_taken_out_too() {
    let mask = mask();
    let shown = |text: &str| mask.hide(text).into_owned();
    assert_eq!(shown(&format!("bad {KEY}, and {OTHER}")), "bad [the key], and [the key]");
    assert_eq!(shown(&format!("{KEY}{KEY}")), "[the key][the key]");
    assert_eq!(shown("bad SK_CANARY7F3E9A51C0D2!"), "bad [the key]!");
    assert_eq!(
        shown("begins with sk_canary7F, ends with 3e9a51c0d2"),
        "begins with [the key], ends with [the key]"
    );
    assert_eq!(shown("xx%61%6e%61%72%797F3eyy"), "xx[the key]yy");
    let header = STANDARD.encode(format!("user:{KEY}"));
    let (_, rest) =
        shown(&header).split_once("[the key]").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(rest.len() < PART, "{rest}");
    // Seven characters are none that would tell.
    for plain in ["canary7", "sk_canary7", "short", "a plain text, 100 %", "é%C3%A9"] {
        assert!(matches!(mask.hide(plain), Cow::Borrowed(_)), "{plain}");
    }
}

#[test]
fn what_a_run_keeps_of_them_is_bounded() {
    let mask = mask();
    let letters: Vec<usize> =
        KEY.char_indices().skip(3).filter(|(_, one)| one.is_alphabetic()).map(|(at, _)| at).collect();
    let mut forms = (0..1u32 << letters.len()).map(|bits| {
        let mut form = KEY.to_lowercase().into_bytes();
        for (_, at) in letters.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1) {
            form[*at] = form[*at].to_ascii_uppercase();
        }
        String::from_utf8(form).unwrap()
    });
    let refused = forms.find_map(|form| mask.body(&mut quoted(&form).into_bytes()).err()).unwrap();
    assert!(refused.to_string().contains("more than 1000 forms"), "{refused}");
}

#[test]
fn an_id_beside_a_key_is_the_word_that_it_was() {
    let percent: String = OTHER.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let (shown, is_masked) = read(&mask(), &quoted(&format!("sec_1{percent}sec_2")));
    let words: Vec<&str> = shown.split('~').collect();
    assert!(is_masked && words.len() == 3 && words[0] == "sec_1" && words[2] == "sec_2", "{shown}");
}

#[test]
fn the_digits_of_an_escape_are_no_part_of_a_key() {
    let mask = mask();
    let json = format!("\"\\u{OTHER}\"");
    assert_eq!(read(&mask, &json), (format!("ģ{}", &OTHER[4..]), false));
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(KEY.to_owned()),
        Just(KEY[3..].to_uppercase()),
        Just(OTHER.to_owned()),
        Just(STAND_IN.to_owned()),
        Just(format!("{STAND_IN}0123456789abcdef_")),
        (0..KEY.len()).prop_map(|at| KEY[at..].to_owned()),
        (0..KEY.len()).prop_map(|at| KEY[..at].to_owned()),
        (0..KEY.len()).prop_map(|at| format!("{}%{:02x}{}", &KEY[..at], KEY.as_bytes()[at], &KEY[at + 1..])),
        Just(STANDARD.encode(KEY)),
        "[%25\\\\\"a-z0-9_-]{0,6}",
        any::<char>().prop_map(String::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_around_a_key_it_is_masked_as_a_whole_and_revealed_as_it_was(
        pieces in proptest::collection::vec(piece(), 0..6),
    ) {
        let (text, mask) = (pieces.concat(), mask());
        let (shown, is_masked) = read(&mask, &quoted(&text));
        prop_assert_eq!(is_masked, shown != text);
        prop_assert!(!shown.to_lowercase().contains(&KEY[3..].to_lowercase()));
        prop_assert!(!shown.contains(OTHER) && !shows(&mask.hide(&shown)));
        prop_assert_eq!(mask.reveal(&shown, str::to_owned).unwrap(), text.as_str());
        // The first look only saves time.
        let always: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        prop_assert_eq!(read(&mask, &format!("\"{always}\"")).0, shown);
    }
}
