//! `guardctl man` and `guardctl completions`, both printed from the arguments themselves.

use std::path::PathBuf;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};

use crate::cli::{Options, Shell as LoginShell};
use crate::ui::Ui;

use super::Failure;
use super::commands::Ctl;

/// Arguments of `guardctl man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write every page into this folder; else guardctl's is printed
    pub folder: Option<PathBuf>,
}

/// Arguments of `guardctl completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
    /// The program to complete
    #[arg(default_value = "guardctl")]
    pub program: Program,
}

/// A program of guard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// The prefix
    Guard,
    /// Everything else
    Guardctl,
    /// The login shell
    GuardShell,
}

impl Program {
    fn command(self) -> clap::Command {
        match self {
            Self::Guard => Options::command(),
            Self::Guardctl => Ctl::command(),
            Self::GuardShell => LoginShell::command(),
        }
    }
}

/// Writes the man pages.
///
/// # Errors
/// Where a page can't be written.
pub fn man(args: &ManArgs, ui: &mut Ui) -> Result<u8, Failure> {
    match &args.folder {
        None => page(Program::Guardctl, Ctl::command(), &mut ui.out())?,
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            for program in [Program::Guard, Program::Guardctl, Program::GuardShell] {
                let command = program.command().disable_help_subcommand(true);
                clap_mangen::generate_to(command.clone(), folder)?;
                let mut text = Vec::new();
                page(program, command, &mut text)?;
                std::fs::write(folder.join(format!("{}.1", program.command().get_name())), text)?;
            }
        }
    }
    Ok(0)
}

/// The page of a whole program, with the sections that its options alone do not make.
fn page(program: Program, command: clap::Command, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    clap_mangen::Man::new(command).render(out)?;
    super::sections::write(program, out)
}

/// Prints the completions of a program for a shell.
///
/// # Errors
/// Where they can't be printed.
pub fn completions(args: &CompletionsArgs, ui: &mut Ui) -> Result<u8, Failure> {
    if (args.shell, args.program) == (Shell::Bash, Program::Guard) {
        ui.print(&bash_of_guard())?;
        return Ok(0);
    }
    let mut command = args.program.command();
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    generate(args.shell, &mut command, name, &mut text);
    std::io::Write::write_all(&mut ui.out(), &text)?;
    Ok(0)
}

/// As for sudo: behind guard's own options, what is typed is completed as the command itself.
fn bash_of_guard() -> String {
    let command = Options::command();
    let options = || command.get_arguments().filter_map(|arg| Some((arg, arg.get_long()?)));
    let all: Vec<String> = options().map(|(_, long)| format!("--{long}")).collect();
    let valued = options().filter(|(arg, _)| arg.get_action().takes_values());
    let valued: Vec<String> = valued.map(|(_, long)| format!("--{long}")).collect();
    format!(
        r#"_guard() {{
    local i=1
    while [ "$i" -lt "$COMP_CWORD" ]; do
        case ${{COMP_WORDS[i]}} in
            {valued}) i=$((i + 2)); [ "${{COMP_WORDS[i - 1]}}" = "=" ] && i=$((i + 1)) ;;
            -*) i=$((i + 1)) ;;
            *) break ;;
        esac
    done
    if [ "$i" -eq "$COMP_CWORD" ] && [[ ${{COMP_WORDS[i]}} == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "{all} --help --version" -- "${{COMP_WORDS[i]}}")
    elif [ "$i" -gt "$COMP_CWORD" ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}")
    elif declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$i"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$i"
    elif [ "$i" -eq "$COMP_CWORD" ]; then
        mapfile -t COMPREPLY < <(compgen -c -- "${{COMP_WORDS[i]}}")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}")
    fi
}}
complete -o bashdefault -o filenames -F _guard guard"#,
        valued = valued.join("|"),
        all = all.join(" "),
    )
}
