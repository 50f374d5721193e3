//! A shell on a terminal, in which one line after the other is typed.
//!
//! The shell itself says where the output of a line begins and ends, so neither its prompt nor the
//! echo of what is typed is part of it.

use std::fs;
use std::process::Command;

use crate::place::Place;
use crate::terminal::Terminal;

/// A shell that guard has hooks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    pub fn name(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
        }
    }

    /// A line of a script, if it is typed in this shell.
    pub fn line(self, line: &str) -> Option<&str> {
        match (line.strip_prefix("sh: "), line.strip_prefix("fish: ")) {
            (Some(line), _) => (self != Shell::Fish).then_some(line),
            (_, Some(line)) => (self == Shell::Fish).then_some(line),
            _ => Some(line),
        }
    }

    /// What makes it say where output begins and ends.
    fn marks(self) -> &'static str {
        match self {
            Shell::Bash => {
                "stty -echo; typed=0; HISTFILE=\nPS0='@begin $((++typed))@'$'\\n'; PS1='@end $typed $?@'$'\\n'\n"
            }
            Shell::Zsh => {
                "stty -echo; typed=0; unsetopt zle prompt_cr prompt_sp; setopt prompt_subst rm_star_silent\n\
                 preexec() { print -r \"@begin $((++typed))@\" }\nPROMPT=$'@end $typed %?@\\n'\n"
            }
            Shell::Fish => {
                "set -g typed 0\nfunction fish_greeting; end\n\
                 function __begin --on-event fish_preexec; set typed (math $typed + 1); echo \"@begin $typed@\"; end\n\
                 function __over --on-event fish_postexec; echo '@over@'; end\n\
                 function fish_prompt; echo \"@end $typed $status@\"; end\n"
            }
        }
    }

    /// The line that reads the hooks, as the docs have it.
    fn hooks(self) -> String {
        let ctl = env!("CARGO_BIN_EXE_guardctl");
        match self {
            Shell::Fish => format!("'{ctl}' init fish --dir $SHIMS | source\n"),
            other => format!("eval \"$('{ctl}' init {} --dir \"$SHIMS\")\"\n", other.name()),
        }
    }

    fn command(self, place: &Place, apart: bool) -> Command {
        let words = match self {
            Shell::Bash => format!("bash --noprofile --noediting --rcfile {} -i", place.at("rc").display()),
            Shell::Zsh => "zsh -d -i".to_owned(),
            Shell::Fish => "fish -i".to_owned(),
        };
        let mut words = words.split(' ');
        let program = words.next().unwrap();
        let mut command = if apart {
            let mut command = place.command("unshare");
            // The first process of all would survive what ends every other: the shell is not that one.
            command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
            command.args(["sh", "-c", "\"$@\"; exit", "sh", program]);
            command
        } else {
            place.command(program)
        };
        command.args(words).env("ZDOTDIR", place.at("zsh")).env("SHIMS", place.at("shims"));
        command.env("KUBECONFIG", place.home().join(".kube/config"));
        command
    }
}

/// What a line came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub line: String,
    pub output: String,
    pub code: i32,
}

/// An open shell.
pub struct Session<'a> {
    place: &'a Place,
    terminal: Terminal,
    typed: usize,
}

impl<'a> Session<'a> {
    /// Opens it, with or without guard's hooks and shims; `apart`, where no process outside can be hit.
    pub fn open(place: &'a Place, shell: Shell, hooked: bool, apart: bool) -> Session<'a> {
        let mut start = shell.marks().to_owned();
        if hooked {
            place.install_shims();
            start.push_str(&shell.hooks());
        }
        fs::create_dir_all(place.at("zsh")).unwrap();
        for file in ["rc", "zsh/.zshrc", "config/fish/config.fish"] {
            fs::write(place.at(file), &start).unwrap();
        }
        let mut terminal = Terminal::start(shell.command(place, apart), [true; 3]);
        terminal.expect("@end 0 ");
        terminal.expect("@");
        Session { place, terminal, typed: 0 }
    }

    /// Types a line and waits until the shell is ready for the next.
    pub fn run(&mut self, line: &str) -> Said {
        self.begin(line);
        let output = self.terminal.expect(&self.end());
        self.code(line, &output)
    }

    /// Types a line that has to be stopped, and "no" wherever it is asked about.
    pub fn slip(&mut self, line: &str) -> Said {
        const QUESTIONS: [&str; 2] = ["to go on: ", "for the question --"];
        self.begin(line);
        let end = self.end();
        let mut output = String::new();
        loop {
            let (which, before) = self.terminal.expect_any(&[&end, QUESTIONS[0], QUESTIONS[1]]);
            output.push_str(&before);
            match which {
                0 => return self.code(line, &output),
                1 => self.terminal.send("no\n"),
                _ => self.terminal.send("q\n"),
            }
        }
    }

    fn begin(&mut self, line: &str) {
        self.typed += 1;
        self.terminal.send(&format!("{line}\n"));
        self.terminal.expect(&format!("@begin {}@", self.typed));
    }

    fn end(&self) -> String {
        format!("@end {} ", self.typed)
    }

    fn code(&mut self, line: &str, output: &str) -> Said {
        let code = self.terminal.expect("@").parse().unwrap();
        // fish draws between the end of a command and its prompt.
        let output = output.split("@over@").next().unwrap_or_default();
        Said { line: line.to_owned(), output: self.place.plain(output), code }
    }

    /// Leaves the shell.
    pub fn leave(mut self) {
        self.terminal.send("exit\n");
        self.terminal.end();
    }
}
