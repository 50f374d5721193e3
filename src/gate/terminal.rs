//! The person at this terminal: one question at a time, on `/dev/tty` alone.

use std::path::PathBuf;
use std::time::Duration;

use crate::policy::Policy;
use crate::world::tty::{self, Tty};
use crate::world::{Session, World};

use super::person::{Answer, Person};
use super::turn::{self, NoTurn, Turn};

/// How long a question waits where policy does not say.
const PATIENCE: Duration = Duration::from_secs(300);

/// Lines of a page where the terminal does not say its size.
const PAGE: usize = 22;

/// A person at `/dev/tty`.
#[derive(Debug)]
pub struct Terminal {
    tty: Tty,
    runtime: Option<PathBuf>,
    state: Option<PathBuf>,
    patience: Duration,
    turn: Option<Turn>,
}

/// Finds the person at this terminal; `None` where nobody can be asked.
pub fn at_terminal(session: &Session, policy: &Policy, world: &dyn World) -> Option<Terminal> {
    if !session.terminal {
        return None;
    }
    let tty = Tty::open().filter(Tty::in_foreground)?;
    let runtime = world.variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let state = world.variable("XDG_STATE_HOME");
    let home = session.home.as_ref().map(|home| home.as_os_str());
    let state = crate::record::state_folder(state.as_deref(), home).ok();
    let patience = policy.site(|file| file.prompt.timeout).map_or(PATIENCE, |span| span.0);
    Some(Terminal { tty, runtime, state, patience, turn: None })
}

impl Person for Terminal {
    fn turn(&mut self) -> Option<Answer> {
        if self.turn.is_none() {
            match Turn::wait(&self.tty, self.folder().as_deref()) {
                Ok(turn) => self.turn = Some(turn),
                Err(why) => return Some(not_asked(&why)),
            }
        }
        None
    }

    fn ask(&mut self, text: &str, question: &str) -> Answer {
        let whole = format!("{text}\n{question}");
        let held = self.turn.take();
        let folder = self.folder();
        match turn::ask(&mut self.tty, folder.as_deref(), held, &whole, self.patience) {
            Err(why) => not_asked(&why),
            Ok((answer, turn)) => {
                self.turn = Some(turn);
                self.answer(answer)
            }
        }
    }

    fn page(&mut self, text: &str) -> Option<Answer> {
        let rows = self.tty.size().map_or(PAGE, |(_, rows)| usize::from(rows).saturating_sub(2).max(1));
        let lines: Vec<&str> = text.lines().collect();
        let mut pages = lines.chunks(rows).peekable();
        while let Some(page) = pages.next() {
            if self.tty.say(&format!("{}\n", page.join("\n"))).is_err() {
                return Some(Answer::Gone);
            }
            if pages.peek().is_none() {
                break;
            }
            let more = match self.more() {
                Ok(more) => more,
                Err(instead) => return Some(instead),
            };
            match more {
                tty::Answer::Line(line) if line.trim().eq_ignore_ascii_case("q") => break,
                tty::Answer::Line(_) | tty::Answer::Unreadable => {}
                other => return Some(self.answer(other)),
            }
        }
        None
    }

    fn declined(&mut self) {
        if let Some(turn) = &mut self.turn {
            turn.remember_no();
        }
    }
}

impl Terminal {
    /// Where turns are kept; made only when something is asked.
    fn folder(&self) -> Option<PathBuf> {
        turn::folder(self.runtime.as_deref(), self.state.as_deref())
    }

    /// Asks for the next page; stopped and continued, it asks again when its turn has come again.
    fn more(&mut self) -> Result<tty::Answer, Answer> {
        loop {
            match self.tty.ask("-- Enter for more, q and Enter for the question --", self.patience) {
                tty::Answer::Interrupted(libc::SIGTSTP) => {
                    self.turn = None;
                    tty::stop();
                    if let Some(instead) = self.turn() {
                        return Err(instead);
                    }
                }
                answer => return Ok(answer),
            }
        }
    }

    fn answer(&mut self, answer: tty::Answer) -> Answer {
        match answer {
            tty::Answer::Line(line) => Answer::Line(line),
            tty::Answer::Unreadable => Answer::Line(String::new()),
            tty::Answer::TimedOut => Answer::TimedOut,
            tty::Answer::Interrupted(signal) => Answer::Interrupted(signal),
            tty::Answer::Gone => Answer::Gone,
            tty::Answer::Background => {
                // Another program has the terminal: nobody was asked, so there is no "no" to remember.
                self.turn = None;
                Answer::Gone
            }
        }
    }
}

fn not_asked(why: &NoTurn) -> Answer {
    match why {
        NoTurn::Refused(_) => Answer::Remembered,
        NoTurn::TimedOut => Answer::TimedOut,
        NoTurn::Interrupted(signal) => Answer::Interrupted(*signal),
        NoTurn::Background => Answer::Gone,
    }
}
