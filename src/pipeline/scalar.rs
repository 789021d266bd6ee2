//! What a scalar is to Psych, the YAML 1.1 reader of Ruby and so of GitLab.
//!
//! Source: `lib/psych/scalar_scanner.rb`. Two of its kinds are taken as strings here: dates and times, which GitLab
//! refuses to load, and symbols (`:name`), of which no pipeline was seen to make use.

use std::borrow::Cow;

use crate::yaml::{NodeId, Style, Tree};

/// A scalar as Ruby sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'t> {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    String(Cow<'t, str>),
}

/// Reads a scalar node (through an alias too); none for a collection.
pub(super) fn of(tree: &Tree, node: NodeId) -> Option<Scalar<'_>> {
    let node = tree.resolve(node);
    let text = tree.scalar(node)?;
    let plain = tree.style(node) == Some(Style::Plain) && tree.tag(node) != Some("tag:yaml.org,2002:str");
    Some(if plain { read(text) } else { Scalar::String(Cow::Borrowed(text)) })
}

/// Reads a plain scalar.
pub(super) fn read(text: &str) -> Scalar<'_> {
    let string = || Scalar::String(Cow::Borrowed(text));
    if text.is_empty() {
        return Scalar::Null;
    }
    if starts_as_word(text) || text.contains('\n') {
        return word(text).unwrap_or_else(string);
    }
    special_float(text)
        .or_else(|| sexagesimal(text))
        .or_else(|| float(text))
        .or_else(|| integer(text))
        .unwrap_or_else(string)
}

impl<'t> Scalar<'t> {
    /// Ruby's `to_s`.
    pub fn into_ruby_string(self) -> Cow<'t, str> {
        match self {
            Scalar::Null => Cow::Borrowed(""),
            Scalar::Boolean(true) => Cow::Borrowed("true"),
            Scalar::Boolean(false) => Cow::Borrowed("false"),
            Scalar::Integer(number) => Cow::Owned(number.to_string()),
            Scalar::Float(number) => Cow::Owned(ruby_float(number)),
            Scalar::String(text) => text,
        }
    }

    /// The name of its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Scalar::Null => "null",
            Scalar::Boolean(_) => "boolean",
            Scalar::Integer(_) => "integer",
            Scalar::Float(_) => "float",
            Scalar::String(_) => "string",
        }
    }
}

impl From<Scalar<'_>> for serde_json::Value {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => serde_json::Value::Null,
            Scalar::Boolean(value) => value.into(),
            Scalar::Integer(number) => match i64::try_from(number) {
                Ok(number) => number.into(),
                Err(_) => number.to_string().into(),
            },
            // Infinity is not JSON.
            Scalar::Float(number) if number.is_finite() => number.into(),
            Scalar::Float(number) => ruby_float(number).into(),
            Scalar::String(text) => text.into_owned().into(),
        }
    }
}

/// `/^[^\d.:-]?[[:alpha:]_\s!@#$%\^&*(){}<>|\/\\~;=]+/`
fn starts_as_word(text: &str) -> bool {
    let of_word = |c: char| c.is_alphabetic() || c.is_whitespace() || "_!@#$%^&*(){}<>|/\\~;=".contains(c);
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    of_word(first) || !(first.is_ascii_digit() || ".:-".contains(first)) && chars.next().is_some_and(of_word)
}

fn word(text: &str) -> Option<Scalar<'static>> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if text == "~" || is(&["null"]) {
        Some(Scalar::Null)
    } else if is(&["yes", "true", "on"]) {
        Some(Scalar::Boolean(true))
    } else if is(&["no", "false", "off"]) {
        Some(Scalar::Boolean(false))
    } else {
        None
    }
}

fn special_float(text: &str) -> Option<Scalar<'static>> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is(".inf") || is("+.inf") {
        Some(Scalar::Float(f64::INFINITY))
    } else if is("-.inf") {
        Some(Scalar::Float(f64::NEG_INFINITY))
    } else if is(".nan") {
        Some(Scalar::Float(f64::NAN))
    } else {
        None
    }
}

/// `1:30` and `1:30:00.5`: base 60, with Psych's own idea of which place is which.
fn sexagesimal(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let parts: Vec<&str> = unsigned.split(':').collect();
    let [first, rest @ ..] = parts.as_slice() else { return None };
    if !(1..=2).contains(&rest.len()) || !begins_with_digit(first) || !all(first, |b| b.is_ascii_digit() || b == b'_') {
        return None;
    }
    let fraction = rest.last().and_then(|last| last.split_once('.')).map(|(_, fraction)| fraction);
    if fraction.is_some_and(|fraction| !all(fraction, |b| b.is_ascii_digit() || b == b'_')) {
        return None;
    }
    let sixty = |part: &&str| {
        let whole = part.split('.').next().unwrap_or_default();
        matches!(whole.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    };
    let dots = rest.iter().filter(|part| part.contains('.')).count();
    if !rest.iter().all(sixty) || dots > usize::from(fraction.is_some()) {
        return None;
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let mut sum = 0.0;
    for (i, part) in parts.iter().enumerate() {
        let number: f64 = part.replace('_', "").parse().ok()?;
        let place = [3600.0, 60.0, 1.0].get(i)?;
        // The sign belongs to the first part alone.
        sum += number * place * if i == 0 { sign } else { 1.0 };
    }
    Some(if fraction.is_some() { Scalar::Float(sum) } else { Scalar::Integer(sum as i128) })
}

/// `/^(?:[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][+-][0-9]+)?)$/`
fn float(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = unsigned.split_once('.')?;
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let digits = |text: &str| all(text, |b| b.is_ascii_digit());
    let exponent_fits = |e: &str| e.strip_prefix(['-', '+']).is_some_and(|number| !number.is_empty() && digits(number));
    let fits = (whole.is_empty()
        || begins_with_digit(whole) && all(whole, |b| b.is_ascii_digit() || b"_,".contains(&b)))
        && digits(fraction)
        && exponent.is_none_or(exponent_fits)
        && !(whole.is_empty() && rest.is_empty());
    if !fits {
        return None;
    }
    text.replace(['_', ','], "").parse().ok().map(Scalar::Float)
}

/// `INTEGER_LEGACY`, with commas: base 2, 8, 10 and 16.
fn integer(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (digits, radix) = if let Some(binary) = unsigned.strip_prefix("0b") {
        (binary, 2)
    } else if let Some(hexadecimal) = unsigned.strip_prefix("0x") {
        (hexadecimal, 16)
    } else if unsigned.len() > 1 && unsigned.starts_with('0') {
        (unsigned, 8)
    } else {
        (unsigned, 10)
    };
    let separated = digits.replace(['_', ','], "");
    // In base 10 a separator stands between two digits.
    let well_separated = radix != 10 || !digits.split(['_', ',']).any(str::is_empty);
    if separated.is_empty() || !well_separated || !all(&separated, |b| char::from(b).is_digit(radix)) {
        return None;
    }
    let number = i128::from_str_radix(&separated, radix).ok()?;
    Some(Scalar::Integer(if text.starts_with('-') { -number } else { number }))
}

fn begins_with_digit(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

fn all(text: &str, test: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(test)
}

/// Ruby's `Float#to_s`: the shortest digits that read back, `1.0e+16` from there on and `1.0e-05` below `0.0001`.
fn ruby_float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if number == 0.0 || (-4..16).contains(&exponent) {
        let fixed = number.to_string();
        return if fixed.contains('.') { fixed } else { fixed + ".0" };
    }
    let digits = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(plain: &str) -> String {
        read(plain).into_ruby_string().into_owned()
    }

    #[test]
    fn types_are_those_of_psych() {
        let string = |text| Scalar::String(Cow::Borrowed(text));
        assert_eq!(read("yes"), Scalar::Boolean(true));
        assert_eq!(read("Off"), Scalar::Boolean(false));
        assert_eq!(read("y"), string("y"));
        assert_eq!(read("~"), Scalar::Null);
        assert_eq!(read("NULL"), Scalar::Null);
        assert_eq!(read("nullable"), string("nullable"));
        assert_eq!(read("0755"), Scalar::Integer(493));
        assert_eq!(read("08"), string("08"));
        assert_eq!(read("1_000"), Scalar::Integer(1000));
        assert_eq!(read("1,000"), Scalar::Integer(1000));
        assert_eq!(read("1_"), string("1_"));
        assert_eq!(read("-0x1F"), Scalar::Integer(-31));
        assert_eq!(read("1e3"), string("1e3"));
        assert_eq!(read("1.e+3"), Scalar::Float(1000.0));
        assert_eq!(read("."), string("."));
        assert_eq!(read("-"), string("-"));
        assert_eq!(read("1:30"), Scalar::Integer(5400));
        assert_eq!(read("1:30:05"), Scalar::Integer(5405));
        assert_eq!(read("1:30.5"), Scalar::Float(5430.0));
        assert_eq!(read("1:75"), string("1:75"));
        assert_eq!(read("2024-01-31"), string("2024-01-31"));
        assert_eq!(read("1.2.3"), string("1.2.3"));
        assert_eq!(read("+.inf"), Scalar::Float(f64::INFINITY));
        assert_eq!(read("docker:29-dind"), string("docker:29-dind"));
    }

    #[test]
    fn floats_are_written_as_ruby_does() {
        assert_eq!(text("1.10"), "1.1");
        assert_eq!(text("3.0"), "3.0");
        assert_eq!(text("100000000000000000.0"), "1.0e+17");
        assert_eq!(text("0.00001"), "1.0e-05");
        assert_eq!(text("0.0001"), "0.0001");
        assert_eq!(text("1234567890123456.0"), "1234567890123456.0");
    }
}
