//! Stores and requests: what guard counts is what the real program then does to a real server, and
//! counting writes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

mod scene;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use scene::Scene;
use serde_json::Value;

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    if !found.status.success() {
        eprintln!("skipped: there is no {program}");
    }
    found.status.success()
}

fn serve(mut command: Command) -> Server {
    Server(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// Runs shell text in a scene, until it succeeds or a minute is over.
fn until(scene: &Scene, text: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !scene.command("sh").args(["-c", text]).output().unwrap().status.success() {
        assert!(Instant::now() < end, "{text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn said(scene: &Scene, text: &str) -> String {
    let out = scene.command("sh").args(["-c", text]).output().unwrap();
    assert!(out.status.success(), "{text}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().replace('\r', "")
}

fn words(text: &str) -> Vec<String> {
    shlex::split(text).unwrap()
}

fn plan(scene: &Scene, text: &str) -> Value {
    let ran = scene.guard(["--plan", "--json"].map(str::to_owned).into_iter().chain(words(text)));
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{text}: {}", ran.said()))
}

fn redis(scene: &Scene) -> (Server, String) {
    let socket = scene.at("r.sock").display().to_string();
    let mut command = scene.command("redis-server");
    command.args(["--port", "0", "--unixsocket", &socket, "--save", "", "--appendonly", "no"]);
    let server = serve(command);
    let client = format!("redis-cli -s {socket}");
    until(scene, &format!("test \"$({client} ping)\" = PONG"));
    (server, client)
}

#[test]
fn a_flush_shows_what_is_there_and_nothing_is_written_before_the_gate() {
    if !there("redis-server") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = Scene::new();
    let (_server, client) = redis(&scene);
    said(&scene, &format!("{client} mset a 1 b 2 c 3; {client} -n 4 set d 4"));
    said(&scene, &format!("{client} config resetstat"));
    let shown = plan(&scene, &format!("{client} flushall"));
    assert_eq!(shown["scope"]["kind"], "database", "{shown:#}");
    assert_eq!(shown["scope"]["dependents"], 2, "{shown:#}");
    assert_eq!(shown["verdict"]["rung"], "confirm", "{shown:#}");
    for text in
        ["flushall", "FlushDb async", "-n 4 flushdb", "eval \"redis.call('flushall')\" 0", "shutdown nosave"]
    {
        scene.guard(words(&format!("{client} {text}"))).is(122);
    }
    let calls = said(&scene, &format!("{client} info commandstats"));
    let commands = calls.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(':'));
    let wrote: Vec<&str> = commands.map(|(command, _)| command).collect();
    let reads = ["info", "select", "config|resetstat"];
    let wrote: Vec<&str> = wrote.into_iter().filter(|command| !reads.contains(command)).collect();
    assert_eq!(wrote, Vec::<&str>::new());
    assert_eq!(said(&scene, &format!("{client} dbsize; {client} -n 4 dbsize")), "3\n1");
}

#[test]
fn keys_are_counted_by_their_words() {
    if !there("redis-server") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().policy("[limits.destroy.small]\nconfirm = 3\n");
    let (_server, client) = redis(&scene);
    said(&scene, &format!("{client} mset a 1 b 2 c 3 d 4"));
    assert_eq!(plan(&scene, &format!("{client} del a b c"))["scope"]["count"], 3);
    scene.guard(words(&format!("{client} del a b c"))).is(122);
    let ran = scene.guard(words(&format!("{client} del a b")));
    assert_eq!((ran.code, ran.stdout.as_slice()), (Some(0), b"2\n".as_slice()));
    scene.guard(words(&format!("--expect 2 {client} del a b c"))).is(123);
    let ran = scene.guard(words(&format!("--expect 3 {client} unlink c d e")));
    assert_eq!((ran.code, ran.stdout.as_slice()), (Some(0), b"2\n".as_slice()), "{}", ran.said());
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_range_of_keys_is_listed_and_then_deleted() {
    if !there("etcd") || !there("etcdctl") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = Scene::new().policy("[limits.destroy.small]\nconfirm = 3\n").env("ETCDCTL_API", "3");
    let (port, peer) = (free_port(), free_port());
    let mut command = scene.command("etcd");
    let url = format!("http://127.0.0.1:{port}");
    let peer = format!("http://127.0.0.1:{peer}");
    command.args(["--data-dir", "etcd", "--unsafe-no-fsync", "--listen-client-urls", &url]);
    command.args(["--advertise-client-urls", &url, "--listen-peer-urls", &peer]);
    command.args(["--initial-advertise-peer-urls", &peer, "--initial-cluster", &format!("default={peer}")]);
    let _server = serve(command);
    let client = format!("etcdctl --endpoints {url}");
    until(&scene, &format!("{client} endpoint health"));
    let fill = format!("for k in /shop/a /shop/b /shop/c /shopping /other; do {client} put $k 1; done");
    let revision = || {
        let status = said(&scene, &format!("{client} endpoint status -w json"));
        serde_json::from_str::<Value>(&status).unwrap()[0]["Status"]["header"]["revision"].clone()
    };
    for (del, count) in [
        ("del --prefix /shop", 4),
        ("del /shop --prefix=true", 4),
        ("del --prefix /shop/", 3),
        ("del /shop/a /shop/c", 2),
        ("del --from-key /shop/b", 3),
        ("del /other", 1),
        ("del --prefix /nosuch", 0),
    ] {
        said(&scene, &fill);
        let before = revision();
        let shown = plan(&scene, &format!("{client} {del}"));
        assert_eq!(shown["scope"]["count"], count, "{del}: {shown:#}");
        if count >= 3 {
            scene.guard(words(&format!("{client} {del}"))).is(122);
        }
        assert_eq!(revision(), before, "{del}: counting wrote");
        let ran = scene.guard(words(&format!("--max {count} {client} {del}")));
        assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), count.to_string(), "{del}: {}", ran.said());
    }
    said(&scene, &fill);
    for del in ["del --prefix ''", "del '' --from-key", "del --prefix /registry"] {
        scene.guard(words(&format!("{client} {del}"))).is(122);
    }
    let left = said(&scene, &format!("{client} get --prefix / --keys-only"));
    assert_eq!(left.split_whitespace().count(), 5, "{left}");
}

/// Answers every request and tells its method and path.
fn answering() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            if tell.send(answer(stream)).is_err() {
                return;
            }
        }
    });
    (port, told)
}

fn answer(mut stream: TcpStream) -> String {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let rest: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    drop(rest);
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    first.rsplit_once(' ').unwrap().0.to_owned()
}

#[test]
fn a_request_for_one_thing_is_sent_and_one_for_many_is_not() {
    if !there("curl") || Scene::ruled_elsewhere() {
        return;
    }
    let scene = Scene::new();
    let (port, told) = answering();
    let host = format!("http://127.0.0.1:{port}");
    for text in [
        format!("curl -s -X DELETE '{host}/carts/[1-9]'"),
        format!("curl -s -X DELETE '{host}/carts/{{1,2,3}}'"),
        format!("curl -s -XDELETE {host}/_all"),
        format!("curl -s --request=DELETE '{host}/logs-*'"),
        format!("curl -s -X DELETE {host}/api/v1/namespaces/shop"),
        format!("curl -s -d '{{}}' {host}/orders/_delete_by_query"),
        format!("curl -s -X DELETE {host}/a {host}/b {host}/c"),
        format!("wget -q -O- --method=DELETE {host}/_all"),
    ] {
        scene.guard(words(&text)).is(122);
    }
    assert!(told.try_recv().is_err(), "nothing was asked of the server");
    for (text, asked) in [
        (format!("curl -s -X DELETE {host}/carts/42"), "DELETE /carts/42"),
        (format!("curl -s {host}/_all"), "GET /_all"),
        (format!("curl -s -X POST -d a=1 {host}/carts"), "POST /carts"),
        (format!("wget -q -O- --method=DELETE {host}/carts/42"), "DELETE /carts/42"),
    ] {
        if text.starts_with("wget") && !there("wget") {
            continue;
        }
        let ran = scene.guard(words(&text));
        assert_eq!(ran.code, Some(0), "{text}: {}", ran.said());
        assert_eq!(told.recv_timeout(Duration::from_secs(30)).unwrap(), asked);
    }
}
