use super::*;

fn words(text: &str, dialect: Dialect) -> Vec<String> {
    let show = |statement| match statement {
        Statement::Words(words) => words.join(" "),
        Statement::Unknown(why) => format!("? {why}"),
    };
    statements(text, dialect)
        .map_or_else(|why| vec![format!("! {why}")], |all| all.into_iter().map(show).collect())
}

#[test]
fn what_reads_or_adds_is_left_out() {
    for text in [
        "select * from t",
        "SELECT 1; select now()",
        "insert into t values (1); commit",
        "\\d users",
        "\\dt+",
        "vacuum analyze t",
        "",
        "with a as (select 1) select * from a",
        "explain delete from t",
        "select * from t for update",
        "create table t (a int)",
        "alter table t add column b int",
        "alter table t drop constraint c",
        "grant select on t to bob",
        "set x = 1",
        "-- drop table t",
        "select 'drop table t; delete from t'",
        "copy t from stdin",
        "show processlist",
        "refresh materialized view v",
        "select 'a\\b'",
        "insert into t select * from u where x = 'delete'",
    ] {
        assert_eq!(words(text, Dialect::Postgres), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn rows_are_counted_by_a_query() {
    let one = |text| words(text, Dialect::Postgres).join(" | ");
    assert_eq!(
        one("delete from users where age > 5"),
        "delete users --where age > 5 --count SELECT 'users', count(*) FROM users WHERE age > 5"
    );
    assert_eq!(one("DELETE FROM users"), "delete users --where  --count SELECT 'users', count(*) FROM users");
    assert_eq!(
        one("delete from users where 1=1"),
        "delete users --where  --count SELECT 'users', count(*) FROM users"
    );
    assert_eq!(
        one("delete from users where true or x"),
        "delete users --where  --count SELECT 'users', count(*) FROM users"
    );
    assert_eq!(
        one("delete from a.users u using b where u.x = b.x"),
        "delete a.users u --where u.x = b.x --count SELECT 'a.usersu', count(*) FROM a.users u, b WHERE u.x = b.x"
    );
    assert_eq!(
        one("update t set a = 1 where id in (1, 2)"),
        "update --by-key t:1 t:2 --where id IN (1, 2) --count SELECT 't', count(*) FROM t WHERE id IN (1, 2)"
    );
    assert_eq!(
        words("delete from t where a = 1 limit 10", Dialect::Mysql).join("|"),
        "delete t --where a = 1 --count SELECT 't', count(*) FROM (SELECT 1 FROM t WHERE a = 1 LIMIT 10) AS hit"
    );
    assert!(
        one("with gone as (delete from t returning *) select * from gone").starts_with("delete t --where ")
    );
    assert!(one("delete from t -- where id = 1").starts_with("delete t --where  "));
    assert!(one("select 1; delete from t where\n id = 4").starts_with("delete --by-key t:4"));
}

#[test]
fn containers_are_named() {
    let one = |text| words(text, Dialect::Postgres).join(" | ");
    assert_eq!(one("drop table a, \"B c\" cascade"), "drop table a \"B c\" --cascade");
    assert_eq!(one("drop database if exists shop"), "drop database shop");
    assert_eq!(one("DROP SCHEMA public CASCADE"), "drop schema public --cascade");
    assert_eq!(one("truncate table only a, b restart identity cascade"), "truncate a b --cascade");
    assert_eq!(one("drop index concurrently i"), "drop object i");
    assert_eq!(one("alter table t drop column c, add d int"), "drop column t.c");
    assert_eq!(one("alter table if exists only t drop c"), "drop column t.c");
    assert_eq!(one("grant all on t to public"), "grant t");
    assert_eq!(words("DROP SCHEMA shop", Dialect::Mysql).join(""), "drop database shop");
    assert_eq!(
        words("drop table `a`;\ndrop table b", Dialect::Mysql).join("|"),
        "drop table `a`|drop table b"
    );
}

#[test]
fn what_nobody_can_read_is_unknown() {
    for text in [
        "do $$ begin delete from t; end $$",
        "call x()",
        "select pg_terminate_backend(pid) from pg_stat_activity",
        "\\i f.sql",
        "\\! rm -rf /",
        "select 'delete from t' \\gexec",
        "delete from :tab where a",
        "explain analyze delete from t",
        "merge into t using u on a when matched then delete",
        "frobnicate",
    ] {
        let all = words(text, Dialect::Postgres);
        assert!(all.len() == 1 && (all[0].starts_with('?') || all[0].starts_with('!')), "{text}: {all:?}");
    }
    assert!(words("select 'open", Dialect::Postgres)[0].starts_with('!'));
    assert_eq!(words("select pg_terminate_backend(4711)", Dialect::Postgres), ["kill 4711"]);
}

#[test]
fn a_line_within_a_string_is_no_command_of_the_client() {
    let text = "insert into t values ('a\n\\'); drop table users;";
    assert_eq!(words(text, Dialect::Postgres), ["drop table users"]);
}
