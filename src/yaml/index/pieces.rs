//! Large files are parsed in pieces, cut before keys of the top level: all cores parse, and only a few syntax trees, of
//! which each fits the caches, are held at a time. Small ones are cut before each key, and what is parsed of them is kept for
//! the next text that is nearly the same: then only the pieces that are new are parsed.
//!
//! Whether it was right to cut somewhere is not decided here. The second reader reads the text as one, and where it
//! finds anything else the file is parsed as one as well.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use rowan::{GreenNode, NodeOrToken};
use yaml_edit::SyntaxKind;

use super::walk::{Walk, kind};
use super::{Index, green};

/// Bytes of a piece, at least.
const PIECE: usize = 32 << 10;

/// Bytes of a text whose pieces are kept, at most.
const KEPT: usize = 4 * PIECE;

/// The pieces of a small text, parsed.
#[derive(Default)]
pub(in crate::yaml) struct Pieces(HashMap<Box<str>, GreenNode>);

/// Indexes a text in pieces, some of which may be known; none if it is not to be cut.
pub(in crate::yaml) fn in_pieces(text: &str, known: Option<&Pieces>) -> Option<(Index, Pieces)> {
    if has_end_marker(text) {
        return None;
    }
    match text.len() <= KEPT {
        true => in_known_pieces(text, known),
        false => Some((in_pieces_of(text, PIECE)?, Pieces::default())),
    }
}

fn in_known_pieces(text: &str, known: Option<&Pieces>) -> Option<(Index, Pieces)> {
    let mut walk = Walk::new(text);
    let mut kept = Pieces::default();
    for piece in cut(text, 1) {
        let parsed = match known.and_then(|known| known.0.get(piece)) {
            Some(parsed) => parsed.clone(),
            None => green(piece).ok()?,
        };
        walk.piece(piece, &parsed)?;
        kept.0.insert(piece.into(), parsed);
    }
    Some((walk.join()?, kept))
}

fn in_pieces_of(text: &str, size: usize) -> Option<Index> {
    let pieces = cut(text, size);
    if pieces.len() < 2 {
        return None;
    }
    let (sender, parsed) = mpsc::channel();
    let over = Over { pieces: &pieces, parsed, waiting: BTreeMap::new(), gone: 0, walk: Some(Walk::new(text)) };
    let (next, over) = (AtomicUsize::new(0), Mutex::new(over));
    let work = |sender: Sender<(usize, Option<GreenNode>)>| {
        let take = || next.fetch_add(1, Ordering::Relaxed);
        while let Some((number, piece)) = Some(take()).and_then(|number| Some((number, pieces.get(number)?))) {
            let parsed = green(piece).ok();
            if parsed.is_none() {
                next.store(pieces.len(), Ordering::Relaxed);
            }
            // The other end is there for longer than this one.
            let _ = sender.send((number, parsed));
            // Syntax trees are dropped when others may go on.
            drop(over.try_lock().map(|mut over| over.go_on()));
        }
    };
    rayon::scope(|beside| {
        for _ in 1..rayon::current_num_threads() {
            let (work, sender) = (&work, sender.clone());
            beside.spawn(move |_| work(sender));
        }
        work(sender);
    });
    let mut over = over.into_inner().ok()?;
    over.go_on();
    over.walk.filter(|_| over.gone == pieces.len())?.join()
}

/// Goes over pieces in their order, which are parsed in any. Whoever has parsed one does it, if nobody else does: no core
/// waits for another, and few syntax trees are held at a time.
struct Over<'t> {
    pieces: &'t [&'t str],
    parsed: Receiver<(usize, Option<GreenNode>)>,
    waiting: BTreeMap<usize, Option<GreenNode>>,
    gone: usize,
    /// None once a piece was not as it should be.
    walk: Option<Walk<'t>>,
}

impl Over<'_> {
    /// Goes over what is ready, and hands it out.
    fn go_on(&mut self) -> Vec<GreenNode> {
        let mut done = Vec::new();
        while let Ok((number, parsed)) = self.parsed.try_recv() {
            self.waiting.insert(number, parsed);
            while let Some(parsed) = self.waiting.remove(&self.gone) {
                let piece = self.pieces.get(self.gone).copied().unwrap_or_default();
                let walk = self.walk.take().zip(parsed);
                self.walk = walk.and_then(|(mut walk, parsed)| {
                    walk.piece(piece, &parsed)?;
                    done.push(parsed);
                    Some(walk)
                });
                self.gone += 1;
            }
        }
        done
    }
}

impl Walk<'_> {
    /// Ends what the pieces have left open.
    fn join(mut self) -> Option<Index> {
        self.goes_on = false;
        let (root, start) = self.open.take()?;
        self.close(root, start, false);
        self.out.documents.last_mut()?.end = self.at;
        Some(self.finish())
    }

    fn piece(&mut self, text: &str, green: &GreenNode) -> Option<()> {
        let end = self.at + text.len();
        self.go_over(green)?;
        (self.at == end).then_some(())
    }

    /// Goes over a piece. The first one leaves the last root open, and the others go on in it.
    fn go_over(&mut self, green: &GreenNode) -> Option<()> {
        let is_node = |child: &NodeOrToken<_, _>| matches!(child, NodeOrToken::Node(_));
        let last = green.children().filter(is_node).count();
        if self.open.is_none() {
            let mut number = 0;
            for child in green.children() {
                number += usize::from(is_node(&child));
                self.goes_on = number == last;
                self.child(child).ok()?;
            }
            return self.open.map(drop);
        }
        for child in green.children() {
            let NodeOrToken::Node(document) = child else {
                self.child(child).ok()?;
                continue;
            };
            for child in document.children() {
                match child {
                    NodeOrToken::Node(root) if kind(root.kind()) == SyntaxKind::MAPPING => self.children(root).ok()?,
                    NodeOrToken::Node(_) => return None,
                    token => self.child(token).ok()?,
                }
            }
        }
        (last == 1).then_some(())
    }
}

/// Whether a document may end by a marker, `...`: what stands behind it belongs to none of the pieces. A line may begin behind
/// a carriage return alone.
pub(in crate::yaml) fn has_end_marker(text: &str) -> bool {
    let marks = memchr::memmem::find_iter(text.as_bytes(), b"...");
    let begins_line = |at: usize| text.get(..at).is_some_and(|before| before.ends_with(['\n', '\r']));
    marks.into_iter().any(begins_line)
}

/// Cuts before lines that begin as a key of the top level does.
fn cut(text: &str, size: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    // The first piece holds the first key, whatever stands before it.
    let mut from = if is_key(text) { 0 } else { next_key(text, 0).unwrap_or(text.len()) };
    while let Some(at) = next_key(rest, from + size) {
        let (piece, more) = rest.split_at(at);
        pieces.push(piece);
        (rest, from) = (more, 0);
    }
    pieces.push(rest);
    pieces
}

/// The first line that begins as a key of the top level does, at least some bytes from the start.
fn next_key(text: &str, from: usize) -> Option<usize> {
    let lines = memchr::memchr_iter(b'\n', text.as_bytes().get(from..)?).map(|at| from + at + 1);
    lines.into_iter().find(|&at| is_key(&text[at..]))
}

fn is_key(line: &str) -> bool {
    let line = line.as_bytes();
    let is_name = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_name(line.first()) || matches!(line.first(), Some(b'.' | b'"' | b'\'')) && is_name(line.get(1))
}

#[cfg(test)]
mod tests {
    use super::super::{super::events, index};
    use super::*;

    const TEXTS: &[&str] = &[
        include_str!("../../../testdata/pipelines/monorepo/.gitlab-ci.yml"),
        "a: 1\nb:\n  - x # c\n  # d\n\n# e\nc: &x\n  y: 1\nd: *x\n# end\n",
        "\u{feff}a: 1\nb: 2\n\n\n",
        "# first\n---\na: 1\nb: [x,\n  y]\nc: |\n  x\n\n  y\n\nd:\n",
        "spec:\n  inputs:\n---\na: 1\nb: 2\nc: 3\n",
        "a: 1\nb: 2\n---\nc: 3\nd: 4\n",
        "a: \"x\ny: z\"\nb: 2\n",
        "a: >\n\n\n  x\n # y\nb: 1\r\nc: !reference [a, b]\r\n",
        "- a\n- b\n",
        "a:\n- b\n- c\nd: 'x\n\n  y'\ne: {f: g}\n...\n",
        "%TAG !x! tag:x,2000:\n---\na: !x!y 1\nb: !x!y 2\n",
        "plain\ntext\n",
        "a: b\n  c\nd\n",
    ];

    #[test]
    fn pieces_give_the_index_of_the_whole_or_the_second_reader_objects() {
        let mut cut_rightly = 0;
        for text in TEXTS {
            for size in (1..text.len()).step_by(1 + text.len() / 40) {
                let Some(pieces) = in_pieces_of(text, size) else { continue };
                let Ok(second) = events::read(text) else { continue };
                if pieces.tree != second {
                    continue;
                }
                let whole = index(text).unwrap_or_else(|error| panic!("{text:.200}: {}", error.message));
                assert_eq!(pieces.places, whole.places, "{text:.200} in pieces of {size}");
                assert_eq!(pieces.anchors, whole.anchors, "{text:.200} in pieces of {size}");
                assert_eq!(pieces.comments, whole.comments, "{text:.200} in pieces of {size}");
                assert_eq!(pieces.documents, whole.documents, "{text:.200} in pieces of {size}");
                cut_rightly += 1;
            }
        }
        assert!(cut_rightly > 60, "{cut_rightly} cuts were right");
    }

    #[test]
    fn pieces_are_gone_over_in_their_order_whichever_is_parsed_first() {
        for text in TEXTS.iter().take(2) {
            let pieces = cut(text, 1);
            assert!(pieces.len() > 3);
            let (sender, parsed) = mpsc::channel();
            let walk = Some(Walk::new(text));
            let mut over = Over { pieces: &pieces, parsed, waiting: BTreeMap::new(), gone: 0, walk };
            for (number, piece) in pieces.iter().enumerate().rev() {
                assert!(over.go_on().is_empty());
                sender.send((number, green(piece).ok())).expect("the other end is here");
            }
            assert_eq!(over.go_on().len(), pieces.len());
            assert!(over.walk.and_then(Walk::join) == index(text).ok(), "{text:.200}");
        }
    }
}
