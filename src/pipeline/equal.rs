//! When two values of different pipelines are the same to GitLab.

use super::place::At;
use super::scalar;
use super::setting::Setting;
use super::trees::Trees;
use super::value::{Held, Slot, Value};

/// Whether two values are the same: scalars by text and type, sequences item by item, mappings whatever the order of
/// their keys.
pub(super) fn is_same(left: &Setting<'_>, right: &Setting<'_>) -> bool {
    slots((left.trees, &left.slot()), (right.trees, &right.slot()))
}

/// Whether two variables are the same: as texts, in the short form or in the long one.
///
/// Source: `Entry::Variable#value_with_data`: the value as a string, and `expand` if it is given.
pub(super) fn is_same_variable(left: &Setting<'_>, right: &Setting<'_>) -> bool {
    let expand = |variable: &Setting<'_>| {
        let expand = variable.get("expand").and_then(|expand| expand.text().map(|text| text == "false"));
        expand.unwrap_or(false)
    };
    if is_same(left, right) {
        return true;
    }
    let others =
        |variable: &Setting<'_>| variable.entries().filter(|entry| !matches!(&*entry.key, "value" | "expand")).count();
    others(left) + others(right) == 0 && left.variable_text() == right.variable_text() && expand(left) == expand(right)
}

type Seen<'p, 's> = (Trees<'p>, &'s Slot);

fn slots((l, left): Seen<'_, '_>, (r, right): Seen<'_, '_>) -> bool {
    match (&left.value, &right.value) {
        (&Value::Node(a), &Value::Node(b)) => nodes(l, a, r, b),
        (Value::Text(a), Value::Text(b)) => a == b,
        _ => made((l, left), (r, right)),
    }
}

/// Two values of which at least one was made.
fn made((l, left): Seen<'_, '_>, (r, right): Seen<'_, '_>) -> bool {
    if l.is_mapping(&left.value) && r.is_mapping(&right.value) {
        let (a, b) = (l.entries(left), r.entries(right));
        a.len() == b.len()
            && a.iter().enumerate().all(|(i, held)| {
                let key = l.key(&held.key);
                let has_key = |other: &&Held| r.key(&other.key) == key;
                // Mostly the order is the same.
                let other = b.get(i).filter(has_key).or_else(|| b.iter().find(has_key));
                other.is_some_and(|other| slots((l, &held.slot), (r, &other.slot)))
            })
    } else if l.is_sequence(&left.value) && r.is_sequence(&right.value) {
        let (a, b) = (l.items(left), r.items(right));
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| slots((l, a), (r, b)))
    } else {
        // A scalar with inputs put in is a string.
        let (a, b) = (l.setting(left.clone()).scalar(), r.setting(right.clone()).scalar());
        a.is_some() && a == b
    }
}

/// Two nodes as they stand. Nothing is allocated here: this is most of the work of a proof.
fn nodes(l: Trees<'_>, a: At, r: Trees<'_>, b: At) -> bool {
    let (left, right) = (l.tree(a), r.tree(b));
    let (a, b) = (l.resolve(a), r.resolve(b));
    if std::ptr::eq(left, right) && a.node == b.node {
        return true;
    }
    if left.tag(a.node) != right.tag(b.node) {
        return false;
    }
    match (left.scalar(a.node), right.scalar(b.node)) {
        (Some(x), Some(y)) => {
            let kind = |tree, node| scalar::of(tree, node).map(|scalar| scalar.kind());
            return x == y && (left.style(a.node) == right.style(b.node) || kind(left, a.node) == kind(right, b.node));
        }
        (None, None) => {}
        _ => return false,
    }
    if left.is_sequence(a.node) {
        let (x, y) = (left.items(a.node), right.items(b.node));
        let same = x.iter().zip(y).all(|(&x, &y)| nodes(l, a.beside(x), r, b.beside(y)));
        return right.is_sequence(b.node) && x.len() == y.len() && same;
    }
    if !right.is_mapping(b.node) || left.entries(a.node).count() != right.entries(b.node).count() {
        return false;
    }
    left.entries(a.node).zip(right.entries(b.node)).all(|((key, value), (same_key, same_value))| {
        let text = left.scalar(key);
        let other = if text == right.scalar(same_key) {
            Some(same_value)
        } else {
            text.and_then(|text| right.get(b.node, text))
        };
        other.is_some_and(|other| nodes(l, a.beside(value), r, b.beside(other)))
    })
}
