//! Where the checks begin: the examples of the built-in tool files, the corpora, and what those files say.

use std::fs;
use std::path::Path;

use guard::policy::parse_tool;
use guard::tool::{Builtin, builtin_files};

/// Returns what fuzzing found for a target, and is kept: each a file.
pub fn kept(target: &str, root: &Path) -> Vec<Vec<u8>> {
    let Ok(folder) = fs::read_dir(root.join("tests/fuzzed/kept").join(target)) else { return Vec::new() };
    folder.filter_map(|entry| fs::read(entry.ok()?.path()).ok()).collect()
}

/// Returns the seeds of a target. `root` is the folder of guard's sources.
pub fn seeds(target: &str, root: &Path) -> Vec<Vec<u8>> {
    match target {
        "argv" => lines(root).iter().filter_map(|line| shlex::split(line)).map(nul_ended).collect(),
        "shell_text" => lines(root).into_iter().map(String::into_bytes).collect(),
        "escape" => names(),
        "tool_file" => builtin_files().iter().map(|file| file.text.as_bytes().to_vec()).collect(),
        "hosts" => sets(root),
        "policy_file" => policies(root),
        "listing" => listings(),
        other => panic!("no seeds for {other}"),
    }
}

/// Sets of every dialect: the tables of the tools' own answers, and some with groups and exclusions.
fn sets(root: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (dialect, table) in
        [("clustershell", "nodeset_oracle.tsv"), ("ansible", "ansible_pattern_oracle.tsv")]
    {
        let text = fs::read_to_string(root.join("tests/hosts").join(table)).unwrap_or_default();
        let sets = text.lines().filter_map(|line| line.split('\t').next());
        all.extend(sets.map(|set| format!("{dialect}\n{}", set.trim_matches('\'')).into_bytes()));
    }
    let more = [
        "clustershell\n@web!web1,@io[1-2]^db*",
        "pdsh\nssh:root@n[01-20],-n[3-4],/n1/,-/5/,^file",
        "slurm\nfoo[12,4,1-2],r[1-2]n[1-9][0-3]x",
        "salt\nweb* and not ( L@web1,web2 or E@db[0-9]+ )",
        "ansible\nall:&web:!db[0],~w.b\n\n[web:children]\ndb\n[db]\ndb[01:20:3] x='a b' # c\n",
        "any\na[1-1000000000]b[1-9/2]",
    ];
    all.extend(more.map(|text| text.as_bytes().to_vec()));
    all
}

fn nul_ended(words: Vec<String>) -> Vec<u8> {
    words.iter().flat_map(|word| word.bytes().chain([0])).collect()
}

/// Command lines: examples of tool files, then the quiet and the loud corpus.
fn lines(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for Builtin { name, text, .. } in builtin_files() {
        let file = parse_tool(name, text).expect("a built-in tool file");
        all.extend(file.action.into_iter().flat_map(|action| action.test).map(|test| test.run));
    }
    for name in ["quiet.txt", "loud.txt"] {
        let text = fs::read_to_string(root.join("tests/corpora").join(name)).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '{']));
        all.extend(lines.map(|line| line.split("  #= ").next().unwrap_or(line).to_owned()));
    }
    all
}

fn names() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 12] = [
        b"web-1\r\x1b[2Kok\n",
        "a\u{202e}b\u{2066}\u{200f}\u{61c}".as_bytes(),
        "\u{9b}31m\x7f".as_bytes(),
        "cafe\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".as_bytes(),
        "日本語\0한글\0हिन्दी\0ไทย".as_bytes(),
        b"\xff\xc3\xf0\x9f\x9a",
        br"a\n\\\u{41}",
        b"web-1\0web-2\0web-3\0db-01\0db-02",
        "👩‍👩‍👧🚀🇨🇭".as_bytes(),
        b"it's 'quoted' \"twice\"",
        b"\x1b]52;c;Zm9v\x07",
        "e\u{20dd}\u{20e3}\u{fe0f}\u{3099}".as_bytes(),
    ];
    texts.map(<[u8]>::to_vec).into()
}

fn policies(root: &Path) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = ["policies/default.toml", "policies/files.toml", "policies/kinds.toml"]
        .iter()
        .filter_map(|name| fs::read(root.join(name)).ok())
        .collect();
    let docs = fs::read_to_string(root.join("docs/policy.md")).unwrap_or_default();
    let blocks = docs.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    all.extend(blocks.map(|block| block.as_bytes().to_vec()));
    all
}

/// Each `read` of the built-in files, with output of every shape under it.
fn listings() -> Vec<Vec<u8>> {
    const OUTPUTS: [&str; 6] = [
        "web-1\nweb-2\n",
        "shop\tweb-1\tuid-1\t2026-01-01\tweb\n",
        "shop web-1 <none> 3\n",
        "a\0b\0",
        "Id=a.service\nActiveState=active\n\nId=b.service\nActiveState=inactive\n",
        r#"{"items":[{"metadata":{"name":"a","uid":"u"},"spec":{"replicas":3}}]}"#,
    ];
    let mut all = Vec::new();
    for Builtin { name, text, .. } in builtin_files() {
        let file: toml::Table = toml::from_str(text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let actions = file.get("action").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        for read in actions.iter().filter_map(|action| action.get("read")?.as_table()) {
            let read = read.to_string();
            all.extend(OUTPUTS.iter().map(|output| format!("{read}\n%%\n{output}").into_bytes()));
        }
    }
    all
}
