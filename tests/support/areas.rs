//! The files of a corpus: one for what is old (`quiet.txt`), one an area (`quiet-clouds.txt`).

use std::fs;
use std::path::Path;

/// The texts of a corpus, each with its file's name, in order. What is for later is left out.
pub fn texts(corpus: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora");
    let names = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| is_of(corpus, name)).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), fs::read_to_string(folder.join(name)).unwrap())).collect()
}

fn is_of(corpus: &str, name: &str) -> bool {
    let area = name.strip_prefix(corpus).and_then(|rest| rest.strip_suffix(".txt"));
    area.is_some_and(|area| area.is_empty() || area.starts_with('-') && area != "-later")
}
