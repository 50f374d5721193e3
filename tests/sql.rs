//! SQL through the real clients against real servers: rows are counted as the statement then hits
//! them, and counting writes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod scene;
#[path = "sql/servers.rs"]
mod servers;

use std::fs;

use scene::{GUARD, Ran, ran};
use servers::{Server, mariadb, postgres, sqlite};

/// Three tables: 500 users, 40 orders that refer to them, and one row of settings.
const TABLES: &str = "\
create table users (id integer primary key, age integer, name varchar(20));\
create table orders (id integer primary key, owner integer references users (id));\
create table settings (a integer);\
insert into settings values (1);";

/// Each server that can be had here, with the tables in it.
fn servers() -> Vec<Server> {
    let all = [sqlite(), postgres(), mariadb()];
    let there: Vec<Server> = all.into_iter().flatten().collect();
    for server in &there {
        let mut text = TABLES.to_owned();
        let users: Vec<String> = (1..=5000).map(|n| format!("({n}, {}, 'user {n}')", n % 100)).collect();
        text.push_str(&format!("insert into users values {};", users.join(",")));
        let orders: Vec<String> = (1..=40).map(|n| format!("({n}, {n})")).collect();
        text.push_str(&format!("insert into orders values {};", orders.join(",")));
        server.run(&text);
    }
    there
}

fn plan(server: &Server, sql: &str) -> serde_json::Value {
    let mut words = vec!["--plan".to_owned(), "--json".to_owned()];
    words.extend(server.command(sql));
    let got = guard(server, &words);
    serde_json::from_slice(&got.stdout).unwrap_or_else(|_| panic!("{sql}: {} {}", printed(&got), got.said()))
}

fn guard(server: &Server, words: &[String]) -> Ran {
    let mut command = server.scene.command(GUARD);
    command.args(words);
    command.envs(server.env.iter().cloned());
    ran(command)
}

fn printed(got: &Ran) -> String {
    String::from_utf8_lossy(&got.stdout).into_owned()
}

#[test]
fn rows_are_counted_as_the_statement_then_hits_them() {
    for server in servers() {
        for (sql, count) in [
            ("delete from users where age >= 50 and id > 40", 2500),
            ("update users set name = 'x' where age < 10", 500),
            ("delete from users where age = 1000", 0),
        ] {
            let plan = plan(&server, sql);
            let scope = &plan["scope"];
            assert_eq!(scope["certainty"], "exact", "{}: {sql}: {plan}", server.name);
            assert_eq!(scope["count"], count, "{}: {sql}", server.name);
            assert_eq!(scope["kind"], "row");
            assert_eq!(server.run(sql), Some(count), "{}: {sql}", server.name);
        }
    }
}

#[test]
fn what_reads_runs_at_once_and_what_drops_asks() {
    for server in servers() {
        let got = guard(&server, &server.command("select count(*) from users"));
        assert_eq!((got.code, printed(&got).trim(), &*got.said()), (Some(0), "5000", ""), "{}", server.name);
        for (sql, code) in [
            ("drop table settings", 122),
            ("select 1; truncate users", 122),
            ("delete from settings", 122),
            ("delete from users where age >= 0", 122),
        ] {
            if server.name == "sqlite3" && sql.contains("truncate") {
                continue;
            }
            let got = guard(&server, &server.command(sql));
            assert_eq!(got.code, Some(code), "{}: {sql}: {}", server.name, got.said());
        }
        assert_eq!(server.count("users"), 5000, "{}", server.name);
        assert_eq!(server.count("settings"), 1, "{}", server.name);
        let one = guard(&server, &server.command("delete from users where id = 4999"));
        assert_eq!((one.code, &*one.said()), (Some(0), ""), "{}", server.name);
        assert_eq!(server.count("users"), 4999, "{}", server.name);
    }
}

#[test]
fn a_number_that_was_expected_lets_it_through() {
    for server in servers() {
        let sql = "delete from users where age >= 50 and id > 40";
        let mut words = vec!["--expect".to_owned(), "2500".to_owned()];
        words.extend(server.command(sql));
        let got = guard(&server, &words);
        assert_eq!(got.code, Some(0), "{}: {}", server.name, got.said());
        assert_eq!(server.count("users"), 2500, "{}", server.name);
        // The world moved on: now there are none.
        assert_eq!(guard(&server, &words).code, Some(123), "{}", server.name);
    }
}

#[test]
fn files_and_the_standard_input_are_read_first() {
    for server in servers() {
        let file = server.scene.write("work/gone.sql", "-- tidy up\nselect 1;\ndrop table settings;\n");
        let mut command = server.scene.command(GUARD);
        command.args(server.client()).envs(server.env.iter().cloned());
        command.stdin(fs::File::open(&file).unwrap());
        let got = ran(command);
        assert_eq!(got.code, Some(122), "{}: {}", server.name, got.said());
        assert_eq!(server.count("settings"), 1, "{}", server.name);
        let mut command = server.scene.command(GUARD);
        command.args(server.client()).envs(server.env.iter().cloned());
        let harmless = server.scene.write("work/look.sql", "select count(*) from users;\n");
        command.stdin(fs::File::open(harmless).unwrap());
        let got = ran(command);
        assert!(got.code == Some(0) && printed(&got).contains("5000"), "{}: {}", server.name, printed(&got));
    }
}

/// A count that tried to write would fail here: the statement itself is what is counted.
#[test]
fn counting_writes_nothing() {
    for server in servers().into_iter().filter(|server| server.name == "psql") {
        server.run("create function nextone() returns integer language sql as 'insert into settings values (2) returning a'");
        let plan = plan(&server, "delete from users where id = nextone() or age = 3");
        assert_eq!(plan["scope"]["certainty"], "unknown", "{plan}");
        assert_eq!(server.count("settings"), 1);
    }
}
