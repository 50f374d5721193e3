//! The audit log: one chain whoever writes, nothing changed unseen, nothing written to an unsafe place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use guard::judge::Rung;
use guard::record::audit::{self, Argv, Decision, Filter, Log, Outcome, Reason, Record, Who};
use guard::record::chain::{Damage, Fault};
use guard::record::{Error, Word};
use guard::scope::Certainty;
use guard::tool::{Effect, OptionName};
use proptest::prelude::*;
use tempfile::TempDir;

fn decision(id: &str, argv: &[&str]) -> Record {
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    Record::Decision(Box::new(Decision {
        id: id.into(),
        time: "2026-02-03T04:05:06.000007Z".into(),
        who: Who { login: Some("ada".into()), uid: 1000, ..Who::default() },
        host: Word::from("bastion"),
        cwd: Word::from("/home/ada"),
        argv: Argv::masked(&argv, &[OptionName::try_from("--auth".to_owned()).unwrap()]),
        tool: "kubectl".into(),
        action: Some("kubectl delete".into()),
        effect: Some(Effect::Destroy),
        environment: Some("production".into()),
        context: "east".into(),
        kind: "pod".into(),
        certainty: Certainty::Exact,
        count: 12,
        fleet: Some(60),
        rung: Rung::Confirm,
        reasons: vec![Reason {
            rule: "limits.destroy.member.confirm".into(),
            text: "12 pods (confirm from 3)".into(),
        }],
        freeze: "names".into(),
        granted: true,
        answered: Some("12 typed".into()),
        plan: None,
        guard: "0.1.0".into(),
    }))
}

fn outcome(id: &str) -> Record {
    Record::Outcome(Outcome { id: id.into(), ran: true, code: Some(0), seconds: 1.5, ..Outcome::default() })
}

/// A log of `count` records in a folder of its own.
fn log_of(count: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guard/audit.jsonl");
    let mut log = Log::open(&path).unwrap();
    for index in 0..count {
        log.append(&decision(&format!("d{index}"), &["kubectl", "delete", "pod"])).unwrap();
    }
    (folder, path)
}

fn faults(path: &Path) -> Vec<(u64, Damage)> {
    audit::verify(path).unwrap().faults.into_iter().map(|Fault { line, what }| (line, what)).collect()
}

/// Changes the lines of a file.
fn with_lines(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn a_log_reads_back_and_verifies() {
    let (_folder, path) = log_of(3);
    Log::open(&path).unwrap().append(&outcome("d1")).unwrap();
    let report = audit::verify(&path).unwrap();
    assert_eq!((report.records, report.faults.len(), report.torn.len()), (4, 0, 0));
    let entries: Vec<_> = audit::read(&path, Filter::default()).unwrap().map(Result::unwrap).collect();
    assert_eq!(entries[1].record, decision("d1", &["kubectl", "delete", "pod"]));
    assert_eq!(entries[3].record, outcome("d1"));
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(entries[0].first && entries[0].prev.is_none() && !entries[1].first);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn filters_keep_an_outcome_with_its_decision() {
    let (_folder, path) = log_of(2);
    let mut log = Log::open(&path).unwrap();
    log.append(&outcome("d0")).unwrap();
    let count = |filter| audit::read(&path, filter).unwrap().count();
    assert_eq!(count(Filter { tool: Some("kubectl".into()), ..Filter::default() }), 3);
    assert_eq!(count(Filter { tool: Some("git".into()), ..Filter::default() }), 0);
    assert_eq!(count(Filter { rung: Some(Rung::Deny), ..Filter::default() }), 0);
    assert_eq!(
        count(Filter { since: Some("2026-02-03T04:05:06Z".parse().unwrap()), ..Filter::default() }),
        3
    );
    assert_eq!(
        count(Filter { since: Some("2026-02-03T04:05:07Z".parse().unwrap()), ..Filter::default() }),
        0
    );
}

#[test]
fn an_edited_line_is_seen_wherever_it_stands() {
    for line in 0..5 {
        let (_folder, path) = log_of(5);
        with_lines(&path, |lines| lines[line] = lines[line].replace("\"count\":12", "\"count\":1"));
        assert_eq!(faults(&path), [(line as u64 + 1, Damage::Edited)]);
    }
}

#[test]
fn an_edited_line_with_a_new_sum_is_seen_in_the_next() {
    let (_folder, path) = log_of(3);
    let (_other_folder, other) = log_of(0);
    Log::open(&other).unwrap().append(&decision("forged", &["true"])).unwrap();
    let forged = fs::read_to_string(&other).unwrap();
    with_lines(&path, |lines| lines[0] = forged.trim_end().to_owned());
    assert_eq!(faults(&path), [(2, Damage::Replaced)]);
}

#[test]
fn missing_lines_are_seen_but_for_the_last() {
    for line in 0..4 {
        let (_folder, path) = log_of(5);
        with_lines(&path, |lines| _ = lines.remove(line));
        let expected =
            if line == 0 { (1, Damage::NoBeginning) } else { (line as u64 + 1, Damage::Missing(1)) };
        assert_eq!(faults(&path), [expected]);
    }
    let (_folder, path) = log_of(5);
    with_lines(&path, |lines| _ = lines.pop());
    assert_eq!(faults(&path), []);
}

#[test]
fn moved_repeated_and_foreign_lines_are_seen() {
    let (_folder, path) = log_of(5);
    with_lines(&path, |lines| lines.swap(2, 3));
    assert!(faults(&path).contains(&(4, Damage::Moved)), "{:?}", faults(&path));
    let (_folder, path) = log_of(3);
    with_lines(&path, |lines| lines.push(lines[1].clone()));
    assert_eq!(faults(&path), [(4, Damage::Moved)]);
    let (_folder, path) = log_of(3);
    with_lines(&path, |lines| lines.push(lines[0].clone()));
    assert_eq!(faults(&path), [(4, Damage::SecondBeginning)]);
    let (_folder, path) = log_of(3);
    with_lines(&path, |lines| lines[1] = "{}".into());
    assert_eq!(faults(&path), [(2, Damage::NotARecord)]);
    let (_folder, path) = log_of(1);
    with_lines(&path, |lines| lines[0] = lines[0].replace("\"audit\":1", "\"audit\":2"));
    assert_eq!(faults(&path), [(1, Damage::Version(2))]);
}

#[test]
fn faults_are_plain_sentences() {
    let text = |what| Fault { line: 7, what }.to_string();
    assert_eq!(text(Damage::Edited), "line 7 was edited after it was written");
    assert_eq!(text(Damage::Missing(2)), "2 records are missing before line 7");
}

/// Killed at any byte of the last record: the next writer goes on, and the damage is told of.
#[test]
fn a_torn_end_is_continued_at_every_byte() {
    for before in [0, 2] {
        let (_folder, path) = log_of(before);
        let start = fs::metadata(&path).unwrap().len();
        Log::open(&path).unwrap().append(&decision("last", &["rm", "é"])).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in start + 1..whole.len() as u64 {
            fs::write(&path, &whole[..usize::try_from(cut).unwrap()]).unwrap();
            assert_eq!(faults(&path), [(before as u64 + 1, Damage::Torn)], "cut at {cut}");
            let mut log = Log::open(&path).unwrap();
            log.append(&decision("next", &["true"])).unwrap();
            log.append(&decision("after", &["true"])).unwrap();
            let report = audit::verify(&path).unwrap();
            assert_eq!(
                (report.records, report.torn, report.faults),
                (before as u64 + 2, vec![before as u64 + 1], vec![])
            );
            let seqs: Vec<_> =
                audit::read(&path, Filter::default()).unwrap().flatten().map(|e| e.seq).collect();
            // All but the newline there: it still reads as a record, though nobody acted on it.
            assert_eq!(seqs[seqs.len() - 2..], [before as u64 + 1, before as u64 + 2]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_changed_byte_is_seen(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        static LOG: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| fs::read(log_of(4).1).unwrap());
        let mut bytes = LOG.clone();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let report = guard::record::chain::verify(&bytes[..]).unwrap();
        prop_assert!(!report.faults.is_empty(), "byte {at} became {byte}");
    }

    #[test]
    fn verify_and_read_take_anything(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guard/log");
        Log::open(&path).unwrap();
        fs::write(&path, &bytes).unwrap();
        audit::verify(&path).unwrap();
        prop_assert!(audit::read(&path, Filter::default()).unwrap().all(|entry| entry.is_err()));
        Log::open(&path).unwrap().append(&outcome("x")).unwrap();
        prop_assert_eq!(audit::read(&path, Filter::default()).unwrap().flatten().count(), 1);
    }
}

/// Not a test of its own: the process that the next test starts many times.
#[test]
fn child_that_appends() {
    let Some(path) = std::env::var_os("TEST_APPEND_TO") else { return };
    let mut log = Log::open(Path::new(&path)).unwrap();
    for index in 0..50 {
        log.append(&decision(&format!("{}-{index}", std::process::id()), &["kubectl", "delete", "pod"]))
            .unwrap();
    }
}

fn child(path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child_that_appends"]).env("TEST_APPEND_TO", path).stdout(Stdio::null());
    command
}

#[test]
fn sixteen_processes_keep_one_chain() {
    let (_folder, path) = log_of(0);
    let children: Vec<_> = (0..16).map(|_| child(&path).spawn().unwrap()).collect();
    assert!(children.into_iter().all(|mut child| child.wait().unwrap().success()));
    let report = audit::verify(&path).unwrap();
    assert_eq!((report.records, report.faults, report.torn), (800, vec![], vec![]));
}

#[test]
fn killed_writers_leave_a_chain_that_goes_on() {
    let (_folder, path) = log_of(0);
    for round in 0..20_u64 {
        let mut victim = child(&path).stderr(Stdio::null()).spawn().unwrap();
        // Until it has written something; when exactly it dies does not matter to the test.
        while victim.try_wait().unwrap().is_none() && fs::metadata(&path).unwrap().len() < 1 + round * 4096 {
            std::thread::yield_now();
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
    }
    Log::open(&path).unwrap().append(&outcome("x")).unwrap();
    assert_eq!(faults(&path), []);
}

/// A file-size limit stands for a full disk: it works without root, and cuts in the middle of a line.
#[test]
fn what_does_not_fit_is_an_error_and_leaves_no_half_line() {
    let (_folder, path) = log_of(1);
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let child = child(&path);
    let mut limited = Command::new("bash");
    limited.args(["-c", script]).arg(child.get_program()).args(child.get_args()).env("TEST_APPEND_TO", &path);
    let output = limited.output().unwrap();
    assert!(!output.status.success(), "fifty records cannot fit into 8 KiB");
    assert!(String::from_utf8_lossy(&output.stdout).contains("FileTooLarge"), "{output:?}");
    assert!(fs::metadata(&path).unwrap().len() < 8192);
    let report = audit::verify(&path).unwrap();
    assert_eq!((report.faults, report.torn), (vec![], vec![]));
    assert!(report.records > 1);
}

/// A small file system that is full.
#[test]
fn a_full_disk_is_an_error_and_leaves_no_half_line() {
    let folder = tempfile::tempdir().unwrap();
    let child = child(Path::new("small/guard/audit.jsonl"));
    let script = "mkdir small && mount -t tmpfs -o size=16k,mode=700 none small || exit 77
        \"$0\" \"$@\"; echo status $?; cat small/guard/audit.jsonl > kept";
    let mut scene = Command::new("unshare");
    scene.args(["-m", "bash", "-c", script]).arg(child.get_program()).args(child.get_args());
    let output =
        scene.env("TEST_APPEND_TO", "small/guard/audit.jsonl").current_dir(folder.path()).output().unwrap();
    if !output.status.success() {
        eprintln!("skipped: no file system can be mounted here");
        return;
    }
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("No space left on device") && said.contains("status 101"), "{said}");
    let kept = fs::read(folder.path().join("kept")).unwrap();
    let report = guard::record::chain::verify(&kept[..]).unwrap();
    assert_eq!((report.faults, report.torn), (vec![], vec![]));
    assert!(report.records > 1);
}

fn refusal(path: &Path) -> String {
    Log::open(path).unwrap_err().to_string()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn unsafe_places_are_refused() {
    let (folder, path) = log_of(1);
    mode(&path, 0o620);
    assert!(refusal(&path).contains("may be written by its group"), "{}", refusal(&path));
    mode(&path, 0o602);
    assert!(refusal(&path).contains("may be written by others"));
    mode(&path, 0o600);
    let inside = path.parent().unwrap();
    mode(inside, 0o777);
    assert!(refusal(&path).contains("may be written by others"));
    mode(inside, 0o700);

    let link = inside.join("link");
    symlink(&path, &link).unwrap();
    assert!(refusal(&link).contains("link is a symbolic link"), "{}", refusal(&link));
    let folder_link = folder.path().join("elsewhere");
    symlink(inside, &folder_link).unwrap();
    assert!(refusal(&folder_link.join("audit.jsonl")).contains("elsewhere is a symbolic link"));
    let dangling = inside.join("dangling");
    symlink("nowhere", &dangling).unwrap();
    assert!(refusal(&dangling).contains("is a symbolic link"));
    assert!(!inside.join("nowhere").exists());

    let pipe = inside.join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(refusal(&pipe).contains("is not a regular file"));
    assert!(matches!(Log::open(inside), Err(Error::Io { .. })));
    assert!(matches!(Log::open(&path.join("below")), Err(Error::Io { .. } | Error::Unsafe { .. })));
}

#[test]
fn an_unwritable_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // Root may write anywhere but here.
    assert!(matches!(Log::open(Path::new("/proc/guard/audit.jsonl")), Err(Error::Io { .. })));
    if !nix::unistd::geteuid().is_root() {
        mode(folder.path(), 0o500);
        assert!(matches!(Log::open(&folder.path().join("guard/a")), Err(Error::Io { .. })));
        mode(folder.path(), 0o700);
    } else {
        let foreign = folder.path().join("guard");
        fs::create_dir(&foreign).unwrap();
        std::os::unix::fs::chown(&foreign, Some(12345), None).unwrap();
        assert!(refusal(&foreign.join("audit.jsonl")).contains("belongs to another user"));
    }
}

#[test]
fn a_log_that_stays_locked_is_not_waited_for_for_ever() {
    let (_folder, path) = log_of(1);
    let held = File::open(&path).unwrap();
    held.lock().unwrap();
    let error = Log::open(&path).unwrap().append(&outcome("x")).unwrap_err();
    assert!(error.to_string().contains("keeps it locked"), "{error}");
}

#[test]
fn a_log_is_safe_to_cat_and_holds_no_secrets() {
    let (_folder, path) = log_of(0);
    let mut log = Log::open(&path).unwrap();
    log.append(&decision(
        "a",
        &["kubectl", "--auth", "hunter2", "--token=hunter2", "a\x1b]52;c;x\x07\u{202e}\u{9b}"],
    ))
    .unwrap();
    log.append(&decision("b", &["sh", "-c", "PGPASSWORD=hunter2 psql https://me:hunter2@host/"])).unwrap();
    let raw = Argv::masked(&[OsString::from_vec(b"a\xff\\".to_vec())], &[]);
    let Record::Decision(mut last) = decision("c", &[]) else { panic!() };
    last.argv = raw.clone();
    log.append(&Record::Decision(last.clone())).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("hunter2"));
    assert!(text.chars().all(|c| c == '\n' || guard::ui::escape::visible(c)), "{text}");
    let entries: Vec<_> = audit::read(&path, Filter::default()).unwrap().map(Result::unwrap).collect();
    assert_eq!(entries[2].record, Record::Decision(last));
    assert_eq!(raw.words()[0].0, OsString::from_vec(b"a\xff\\".to_vec()));
}

#[test]
fn a_command_line_of_any_length_is_recorded() {
    let (_folder, path) = log_of(0);
    let argv: Vec<OsString> = (0..100_000).map(|n| format!("file-{n}").into()).collect();
    let argv = Argv::masked(&argv, &[]);
    assert_eq!(argv.words().last().unwrap().text(), "… and 98000 more words");
    let Record::Decision(mut record) = decision("x", &[]) else { panic!() };
    record.argv = argv;
    Log::open(&path).unwrap().append(&Record::Decision(record)).unwrap();
    assert_eq!(faults(&path), []);
}

#[test]
fn lines_without_an_end_are_no_hang() {
    let (_folder, path) = log_of(2);
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..40 {
        file.write_all(&block).unwrap();
    }
    Log::open(&path).unwrap().append(&outcome("x")).unwrap();
    assert!(audit::verify(&path).unwrap().faults.iter().all(|fault| fault.line >= 3));
    assert_eq!(audit::read(&path, Filter::default()).unwrap().flatten().last().unwrap().seq, 3);
}

#[test]
fn remote_addresses_and_ids() {
    assert_eq!(Who::remote("10.0.0.7 50000 10.0.0.1 22".as_ref()).unwrap(), "10.0.0.7");
    assert_eq!(Who::remote("fe80::1%eth0 50000 fe80::2 22".as_ref()).unwrap(), "fe80::1");
    assert_eq!(Who::remote("\x1b[31m x".as_ref()), None);
    let now = "2026-02-03T04:05:06.0000078Z".parse().unwrap();
    assert_eq!(audit::stamp(now), "2026-02-03T04:05:06.000007Z");
    assert_ne!(audit::new_id(now), audit::new_id(now));
    assert!(audit::new_id(now).starts_with("20260203-040506-"));
}
