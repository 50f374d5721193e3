//! A scene with shims in front of its tools, for tests of shims and of hooks.
#![allow(dead_code, reason = "each test uses a part")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::scene::{Ran, Scene, ran};

pub const CTL: &str = env!("CARGO_BIN_EXE_guardctl");

/// Three files are asked about here.
pub const THREE: &str = "[limits.destroy.small]\nconfirm = 3\n";

/// Tools of the scene with shims in front, in `shims` below it.
pub fn shimmed(tools: &[&str]) -> Scene {
    let scene = Scene::new().policy(THREE);
    // The real program, not the stub: these tests hit files of their own.
    fs::remove_file(scene.at("bin/find")).unwrap();
    install(&scene, &scene.at("shims"), tools);
    let path = path(&scene, &["shims", "bin"]);
    scene.env("PATH", path)
}

/// A `PATH` with these folders of the scene in front.
pub fn path(scene: &Scene, front: &[&str]) -> OsString {
    let mut all: Vec<PathBuf> = front.iter().map(|name| scene.at(name)).collect();
    all.extend(["/usr/bin".into(), "/bin".into(), "/usr/sbin".into()]);
    std::env::join_paths(all).unwrap()
}

/// Installs shims in a folder.
#[track_caller]
pub fn install(scene: &Scene, dir: &Path, tools: &[&str]) -> Ran {
    let mut command = scene.command(CTL);
    command.args(["shims", "install", "--dir"]).arg(dir).args(tools);
    let ran = ran(command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

/// Runs guardctl.
pub fn ctl(scene: &Scene, words: &[&str]) -> Ran {
    let mut command = scene.command(CTL);
    command.args(words);
    ran(command)
}

/// Runs a line of shell.
pub fn sh(scene: &Scene, script: &str) -> Ran {
    let mut command = scene.command("/bin/sh");
    command.args(["-c", script]);
    ran(command)
}

/// What was printed, as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Makes files of this name and number in the working folder.
pub fn files(scene: &Scene, name: &str, number: usize) -> Vec<PathBuf> {
    (1..=number).map(|at| scene.write(&format!("work/{name}{at}"), "x")).collect()
}

/// How many of them are still there.
pub fn left(files: &[PathBuf]) -> usize {
    files.iter().filter(|file| file.exists()).count()
}
