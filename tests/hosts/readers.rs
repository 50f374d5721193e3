//! What each dialect makes of texts that are easily read otherwise.

use std::collections::HashMap;

use guard::hosts::{Dialect, Fault, Inventory, Nothing, read};

use super::{Answers, names};

/// The number of hosts; `None` where the text is refused.
fn count(dialect: Dialect, text: &str) -> Option<u64> {
    read(dialect, &[text], &Nothing).ok().map(|hosts| hosts.count().unwrap())
}

#[test]
fn the_same_text_means_different_sets() {
    use Dialect::{ClusterShell, Pdsh, Slurm};
    // Where the tools take a literal name of brackets or operators, guard may refuse instead.
    let table: [(&str, [Option<u64>; 3]); 14] = [
        ("n[1-3]!n2", [Some(2), Some(3), Some(3)]),
        ("n1^n2", [Some(2), Some(1), Some(1)]),
        ("n[0-9]&n[5-12]", [Some(5), Some(80), Some(80)]),
        ("p[00-3]p", [None, Some(4), Some(4)]),
        ("n[1-03]", [None, Some(3), Some(3)]),
        ("n[1-2][3-4]", [None, Some(4), Some(4)]),
        ("n[1,1,1]", [Some(1), Some(3), Some(3)]),
        ("n1,,n2", [None, Some(2), Some(2)]),
        (",n1", [None, Some(1), Some(1)]),
        ("n1,", [None, Some(1), Some(1)]),
        ("n{1,2}", [Some(2), Some(2), Some(2)]),
        ("n[-1-2]", [Some(4), None, None]),
        ("", [Some(0), Some(0), Some(0)]),
        ("n[1-100000000]", [Some(100_000_000), Some(100_000_000), Some(100_000_000)]),
    ];
    for (text, [clustershell, pdsh, slurm]) in table {
        assert_eq!(count(ClusterShell, text), clustershell, "clustershell {text}");
        assert_eq!(count(Pdsh, text), pdsh, "pdsh {text}");
        assert_eq!(count(Slurm, text), slurm, "slurm {text}");
    }
}

#[test]
fn clustershell_groups_are_asked_and_unknown_without_an_answer() {
    let known = Answers {
        groups: HashMap::from([
            ("web", "web[1-4]"),
            ("io1", "s1,@web"),
            ("io2", "s2"),
            ("s:x", "@y"),
            ("s:y", "n1"),
        ]),
        all: Some("web[1-4],db[1-2]"),
        ..Answers::default()
    };
    let fold = |text: &str| read(Dialect::ClusterShell, &[text], &known).map(|hosts| hosts.set().fold());
    assert_eq!(fold("@web!web2").unwrap(), "web[1,3-4]");
    assert_eq!(fold("@io[1-2]").unwrap(), "s[1-2],web[1-4]");
    assert_eq!(fold("@s:x").unwrap(), "n1");
    assert_eq!(fold("@*").unwrap(), "db[1-2],web[1-4]");
    assert_eq!(fold("@@s&web").unwrap(), "web");
    assert_eq!(fold("web*!web[1-2]").unwrap(), "web[3-4]");
    assert_eq!(fold("*[1-2]").unwrap(), "db[1-2],web[1-2]");
    assert!(matches!(fold("@nosuch"), Err(Fault::Unresolved { .. })));
    for text in ["@web", "@", "n*", "db?"] {
        let found = read(Dialect::ClusterShell, &[text], &Nothing);
        assert!(matches!(found, Err(Fault::Unresolved { .. })), "{text}");
    }
}

#[test]
fn a_group_of_itself_is_refused() {
    let known = Answers { groups: HashMap::from([("a", "@b,@b"), ("b", "@a,@a")]), ..Answers::default() };
    assert!(read(Dialect::ClusterShell, &["@a"], &known).is_err());
}

#[test]
fn pdsh_leaves_out_after_it_named() {
    let known = Answers {
        files: HashMap::from([("web", "web[1-3] # front\n#include more\n"), ("more", "web7,web8\n")]),
        ..Answers::default()
    };
    let fold = |text: &str| read(Dialect::Pdsh, &[text], &known).map(|hosts| hosts.set().fold());
    assert_eq!(fold("-n2,n[1-3]").unwrap(), "n[1,3]");
    assert_eq!(fold("^web,-web2").unwrap(), "web[1,3,7-8]");
    assert_eq!(fold("n[1-12],/n1/").unwrap(), "n[1,10-12]");
    assert_eq!(fold("n[1-12],-/n1/").unwrap(), "n[2-9]");
    assert_eq!(fold("ssh:root@n[1-2]").unwrap(), "n[1-2]");
    assert_eq!(fold("n[01-03,10]").unwrap(), "n[01-03,10]");
    // One of the two stays, as pdsh 2.34 has it.
    assert_eq!(fold("n[1,1,2],-n1").unwrap(), "n[1-2]");
    assert_eq!(fold("n[1-3,2],/n2/").unwrap(), "n2");
    assert!(matches!(fold("^gone"), Err(Fault::Unresolved { .. })));
    assert!(matches!(fold("-"), Err(Fault::Unresolved { .. })));
}

#[test]
fn slurm_keeps_order_and_repeats() {
    let list = |text: &str| read(Dialect::Slurm, &[text], &Nothing).map(|hosts| names(&hosts).join(" "));
    assert_eq!(list("foo[12,4,1-2]").unwrap(), "foo12 foo4 foo1 foo2");
    assert_eq!(list("b,a[1,1]x,b").unwrap(), "b a1x a1x b");
    assert_eq!(list("r[1-2]n[1-2]").unwrap(), "r1n1 r1n2 r2n1 r2n2");
    assert_eq!(list(",1,2,").unwrap(), "1 2");
    for wrong in ["n[]", "foo[", "foo[x-y]", "foo[0-1,2--5]", "foo]", "n[[1]]", "n[3-1]"] {
        assert!(list(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn salt_matches_names_and_leaves_the_rest_unknown() {
    let known = Answers {
        groups: HashMap::from([("front", "web* and not web3")]),
        all: Some("web1 web2 web3 db1 db2"),
        ..Answers::default()
    };
    let fold = |text: &str| read(Dialect::Salt, &[text], &known).map(|hosts| hosts.set().fold());
    assert_eq!(fold("*").unwrap(), "db[1-2],web[1-3]");
    assert_eq!(fold("web* and not web3").unwrap(), "web[1-2]");
    assert_eq!(fold("not web*").unwrap(), "db[1-2]");
    assert_eq!(fold("web1 or db* and not db2").unwrap(), "db1,web1");
    assert_eq!(fold("( web1 or db1 ) and db*").unwrap(), "db1");
    assert_eq!(fold("E@web[12]").unwrap(), "web[1-2]");
    assert_eq!(fold("L@web1,web9").unwrap(), "web[1,9]");
    assert_eq!(fold("N@front").unwrap(), "web[1-2]");
    assert!(matches!(fold("G@os:Debian"), Err(Fault::Unresolved { .. })));
    assert!(matches!(fold("S@10.0.0.0/24 or web1"), Err(Fault::Unresolved { .. })));
    for wrong in ["", "and web1", "web1 and", "web1 web2", "(web1 or db1)", "( web1", "web1 )"] {
        assert!(fold(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn ansible_reads_plain_patterns_first_and_subscripts_from_zero() {
    let inventory =
        Inventory::ini("alone\n[web]\nweb[01:10]\n[db]\ndb[1:4] x=1 # ours\n[site:children]\nweb\ndb\n")
            .unwrap();
    let known = Answers { inventory: Some(inventory), ..Answers::default() };
    let list = |text: &str| read(Dialect::Ansible, &[text], &known).map(|hosts| names(&hosts).join(" "));
    assert_eq!(list("!web:&site").unwrap(), "db1 db2 db3 db4");
    assert_eq!(list("db[1-3]").unwrap(), "db2 db3 db4");
    assert_eq!(list("db[1:2]").unwrap(), "db2 db3");
    assert_eq!(list("db[0:0]").unwrap(), "db1");
    assert_eq!(list("web[-3:]").unwrap(), "");
    assert_eq!(list("~(web|db)0?1").unwrap().split(' ').count(), 3);
    // Ansible takes what begins like this for an address, and so for one host.
    assert_eq!(list("db::web").unwrap(), "");
    assert_eq!(list("ungrouped").unwrap(), "alone");
    assert_eq!(list("all,!site").unwrap(), "alone");
    assert!(list("db[9]").is_err());
    // Python and guard would read these differently.
    assert!(list("~(?=web)").is_err());
    assert!(list("~[a[b]").is_err());
    assert!(matches!(read(Dialect::Ansible, &["web"], &Nothing), Err(Fault::Unresolved { .. })));
}

#[test]
fn inventories_that_ansible_refuses_are_refused() {
    for wrong in [
        "[web:children]\nnosuch\n",
        "[web:vars]\na=1\n",
        "[web:what]\n",
        "a b\n",
        "[a b]\n",
        "web[3:x]\n",
        "web[01:3]\n",
        "'a\n",
        "[a:children]\nb\n[b:children]\na\n",
    ] {
        assert!(Inventory::ini(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn billions_cost_nothing_and_what_is_hostile_is_refused() {
    let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    let many = (0..200).map(|n| format!("a{n}b[1-9999]c[1-9999]d{n}")).collect::<Vec<_>>().join(",");
    assert_eq!(count(Dialect::ClusterShell, &many), Some(200 * 9999 * 9999));
    assert_eq!(count(Dialect::ClusterShell, "n[0-999999999]x[1-1000000]"), Some(1_000_000_000_000_000));
    assert_eq!(count(Dialect::ClusterShell, "n[1-1000000000]!n[5-999999999]"), Some(5));
    for dialect in [Dialect::ClusterShell, Dialect::Pdsh, Dialect::Slurm] {
        for hostile in [
            nested(100_000),
            "n[1-9999999999999999999999]".to_owned(),
            "[1-999999999]".repeat(3) + &"x[1-999999999]".repeat(40),
            "n[1-999999999]0[1-999999999]".to_owned(),
            "a1".repeat(40) + "[1-2]",
        ] {
            let found = read(dialect, &[&hostile], &Nothing).and_then(|hosts| hosts.count());
            assert!(found.is_err(), "{}", &hostile[..hostile.len().min(40)]);
        }
    }
    assert!(read(Dialect::ClusterShell, &["n[1-999999999/2]"], &Nothing).is_err());
    assert!(read(Dialect::Salt, &[format!("{}a", "( ".repeat(100_000))], &Nothing).is_err());
    let product = |n: u32| format!("a[{n}-999999]b[{n}-999999]c[{n}-999999]d[{n}-999999]^");
    let mixed: String = (1..400).map(product).collect::<String>() + "a1";
    let _ = read(Dialect::ClusterShell, &[mixed], &Nothing);
}
