//! Why a script, or a part of it, is not to be edited.

use std::fmt;

use super::Place;

/// Something in a script that is not certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Where, if that is in one item.
    pub place: Option<Place>,
    /// What.
    pub what: What,
}

/// Kinds of doubt: what is wrong with the script, or with `shuck-parser`'s reading of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The parser refused it, with its message.
    Syntax(String),
    /// A `${` without its `}`, which the parser lets pass.
    UnclosedExpansion,
    /// A heredoc without its end, or with blanks after the delimiter (which bash does not accept and the parser does).
    UnclosedHeredoc,
    /// `$((` that is no arithmetic: bash reads `$((cmd) | cmd)` as a command substitution, the parser does not.
    Arithmetic,
    /// Backticks with backslashes inside: the parser reads the escaped text.
    EscapedBackticks,
    /// A substitution that the parser left as text, or whose inside it could not read.
    Unread,
    /// Text between two statements that the parser skipped, or no separator there.
    Skipped,
    /// A command name such as `a[` (bash looks for the `]` of a subscript, over blanks and lines), or divided by a `\`-newline.
    CommandName,
    /// An alias is defined: words may mean something else.
    Alias,
    /// A function is named like a command that this module understands.
    Shadowed(String),
    /// A heredoc's body spans items.
    HeredocSpansItems,
    /// An unquoted word with an operator or a newline in it: the parser folded commands into it.
    FoldedOperator,
    /// An unquoted word with blanks in it (`{{ .Names }}`): the parser folded several into one.
    FoldedWord,
    /// The parser's ranges of a word's parts contradict the text: what it says of quotes and values is not certain.
    WordParts,
    /// Two words without anything between: the parser cut one in two (`{{.A}}:{{.B}}`).
    CutWord,
    /// A word that begins in one item and ends in another: GitLab's runner prints a line between.
    WordSpansItems,
    /// `&&`, `||` or `|` with its right side in another item: GitLab's runner prints a line between.
    OperatorSpansItems,
    /// A statement's heredoc encloses another statement.
    MixedStatements,
    /// The parser's ranges contradict the text.
    Ranges,
}

impl What {
    /// It concerns the command it stands in and no other: the rest of the script is still certain.
    pub fn is_local(&self) -> bool {
        matches!(
            self,
            Self::FoldedWord
                | Self::WordParts
                | Self::CutWord
                | Self::WordSpansItems
                | Self::OperatorSpansItems
                | Self::MixedStatements
        )
    }

    /// Stable, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "shell-syntax",
            Self::UnclosedExpansion => "unclosed-expansion",
            Self::UnclosedHeredoc => "unclosed-heredoc",
            Self::Arithmetic => "arithmetic-or-subshell",
            Self::EscapedBackticks => "escaped-backticks",
            Self::Unread => "unread-substitution",
            Self::Skipped => "skipped-text",
            Self::CommandName => "command-name",
            Self::WordParts => "inconsistent-word",
            Self::Alias => "alias",
            Self::Shadowed(_) => "shadowed-command",
            Self::HeredocSpansItems => "heredoc-spans-items",
            Self::FoldedOperator => "folded-operator",
            Self::FoldedWord => "folded-word",
            Self::CutWord => "cut-word",
            Self::WordSpansItems => "word-spans-items",
            Self::OperatorSpansItems => "operator-spans-items",
            Self::MixedStatements => "mixed-statements",
            Self::Ranges => "inconsistent-ranges",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Syntax(message) => return write!(formatter, "not valid shell: {message}"),
            Self::Shadowed(name) => {
                return write!(formatter, "a function is named `{name}`");
            }
            Self::UnclosedExpansion => "`${` without `}`",
            Self::UnclosedHeredoc => "a heredoc without its end",
            Self::Arithmetic => "`$((` that may be a command substitution",
            Self::EscapedBackticks => "backslashes inside backticks",
            Self::Unread => "a command substitution that could not be read",
            Self::Skipped => "text between commands that was not understood",
            Self::CommandName => "a command name that may be something else",
            Self::WordParts => "a word whose quoting is uncertain",
            Self::Alias => "an alias is defined",
            Self::HeredocSpansItems => "a heredoc that spans script items",
            Self::FoldedOperator => "an operator or a newline inside an unquoted word",
            Self::FoldedWord => "blanks inside braces in an unquoted word",
            Self::CutWord => "a word whose end is uncertain",
            Self::WordSpansItems => "a word that spans script items",
            Self::OperatorSpansItems => "an operator that joins two script items",
            Self::MixedStatements => "a heredoc that encloses another statement",
            Self::Ranges => "word ranges that contradict the text",
        })
    }
}
