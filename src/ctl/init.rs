//! `guardctl init`: the hooks of a shell, to be evaluated by it.
//!
//! They put the shims first, let aliases follow `guard`, show the shims what the shell would do by itself,
//! and mark the prompt where the context is production. They print nothing, and can be read twice.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::ui::Ui;

use super::{Failure, shims};

/// Arguments of `guardctl init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The shell that will read the hooks
    pub shell: HookedShell,
    /// The folder of shims; without it lib/guard/shims beside guard, else in ~/.local
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

/// A shell that guard has hooks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HookedShell {
    /// `eval "$(guardctl init bash)"` in ~/.bashrc
    Bash,
    /// `eval "$(guardctl init zsh)"` in ~/.zshrc
    Zsh,
    /// `guardctl init fish | source` in ~/.config/fish/config.fish
    Fish,
}

/// Prints the hooks.
///
/// # Errors
/// Where there is no place for shims, or a path that no script can hold.
pub fn run(args: &InitArgs, ui: &mut Ui) -> Result<u8, Failure> {
    let text = match args.shell {
        HookedShell::Bash => include_str!("init/hooks.bash"),
        HookedShell::Zsh => include_str!("init/hooks.zsh"),
        HookedShell::Fish => include_str!("init/hooks.fish"),
    };
    let dir = shims::folder(args.dir.as_deref())?;
    let quoted = |word: &OsStr| quoted(word, args.shell == HookedShell::Fish);
    let text = text.replace("@SHIMS@", &quoted(dir.as_os_str())?);
    let text = text.replace("@GUARDCTL@", &quoted(env::current_exe()?.as_os_str())?);
    ui.print(text.trim_end())?;
    Ok(0)
}

/// A path as one word of a script. What is printed passes through characters alone.
fn quoted(path: &OsStr, fish: bool) -> Result<String, Failure> {
    let text = std::str::from_utf8(path.as_bytes()).ok().filter(|text| !text.contains(char::is_control));
    let Some(text) = text.filter(|text| !text.contains(':')) else {
        let shown = crate::ui::escape(path);
        return Err(Failure::Usage(format!("{shown} can't stand in PATH or in a script")));
    };
    Ok(match fish {
        true => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    })
}
