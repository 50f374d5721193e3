//! What a shell text says: commands, lists and blocks, and words as the bits they are written in.

use std::cell::OnceCell;
use std::rc::Rc;

/// A word as written: its bits, in order.
pub type Bits = Vec<Bit>;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bit {
    /// Quoted text.
    Quoted(Vec<u8>),
    /// Text without quotes: `*`, `?` and `[` make patterns of it, a leading `~` is a home folder.
    Bare(Vec<u8>),
    /// `$NAME` or `${NAME…}`.
    Variable {
        /// Its name, number or sign.
        name: String,
        /// What is done with its value.
        with: With,
        /// True within double quotes.
        quoted: bool,
    },
    /// `$(…)` and backquotes: what the commands print.
    Printed(Rc<Script>),
    /// `<(…)` and `>(…)`: a pipe to the commands.
    Pipe(Rc<Script>),
    /// Something whose value is not followed (arithmetic), with the words in it.
    Computed(Bits),
}

/// What an expansion does with a variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum With {
    /// Nothing.
    Itself,
    /// All members of a list: `${NAME[@]}`.
    All,
    /// Another word stands in where it is not set: `${NAME:-word}`, `${NAME:=word}`.
    Or(Bits),
    /// It must be set: `${NAME:?word}`.
    Must(Bits),
    /// A part at its start or `end` is cut off: `${NAME#word}`, `${NAME%word}`.
    Cut {
        /// True for the end.
        end: bool,
        /// True for the longest part that matches.
        longest: bool,
        /// The pattern of what is cut off.
        what: Bits,
    },
    /// What is not followed: parts, patterns, lengths, and the words in it.
    More(Bits),
}

/// A list of commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Item>);

/// Pipelines joined by `&&` and `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The first pipeline.
    pub first: Pipeline,
    /// The others, each with what stands before it.
    pub rest: Vec<(Joint, Pipeline)>,
    /// True where all of it goes into the background.
    pub background: bool,
}

/// What joins two pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands that feed one another.
pub type Pipeline = Vec<Block>;

/// A command, plain or compound, with its redirections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub form: Form,
    /// Its redirections, in order.
    pub redirections: Vec<Redirection>,
}

/// The forms of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Assignments and words.
    Plain {
        /// Assignments in front.
        assignments: Vec<Assignment>,
        /// The words.
        words: Vec<Bits>,
    },
    /// `{ …; }`
    Group(Script),
    /// `( … )`
    Subshell(Script),
    /// `if`, with its conditions and branches, and what `else` holds.
    If(Vec<(Script, Script)>, Option<Script>),
    /// `while`, `until` and `for ((…))`: a condition and a body.
    Loop(Script, Script),
    /// `for NAME in …` and `select`: the name, the words where given, and the body.
    For(String, Option<Vec<Bits>>, Script),
    /// `case`: the word, and the branches with their patterns.
    Case(Bits, Vec<(Vec<Bits>, Script)>),
    /// A function and its body.
    Function(String, Rc<Block>),
    /// `[[ … ]]` and `(( … ))`: words that run nothing themselves.
    Test(Vec<Bits>),
}

/// `NAME=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Assigned,
}

/// What is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// A word.
    Word(Bits),
    /// `(word …)`
    List(Vec<Bits>),
    /// What adds to the value or sets one member, and the words in it.
    More(Vec<Bits>),
}

/// A redirection that matters: streams onto streams are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirection {
    /// `>`, `>|`, `&>`: a file that is emptied.
    Empties(Bits),
    /// `>>`, `<>`: a file that is written, and keeps what it holds.
    Writes(Bits),
    /// `<`: a file that is read.
    Reads(Bits),
    /// `<<` and `<<<`: a text that is read; empty where its end never came.
    Text(Rc<OnceCell<Bits>>),
}
