//! Starts the stand-in for a Kubernetes API server and runs the real `kubectl` against it.
//!
//! Each [`Kube`] is a server of its own on a free port, with its own HOME (so discovery caches
//! are cold and nobody's kubeconfig is read), its own request log and the world of
//! `tests/standins/kube/shop.json`. It ends when the value is dropped, or when the test dies.
//!
//! ```ignore
//! let Some(kube) = kube::start() else { return };
//! kube.kubectl(&["delete", "pod", "web-0"]);
//! assert_eq!(kube.deleted(), ["pods shop/web-0"]);
//! ```
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A running stand-in.
pub struct Kube {
    server: Child,
    port: u16,
    dir: tempfile::TempDir,
}

/// One request as the log has it; what follows the answer is absent while it is under way.
#[derive(Debug, Clone)]
pub struct Logged {
    pub id: u64,
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub body: Value,
    /// The user that `--as` names.
    pub impersonated: Option<String>,
    /// 0 when the client went away before the answer ended.
    pub status: Option<u16>,
    /// What changed, as `EVENT RESOURCE NAMESPACE/NAME`; empty for dry runs.
    pub effects: Vec<String>,
}

impl Logged {
    /// Whether the request asks for a dry run, in its query or its body.
    pub fn is_dry(&self) -> bool {
        let body = &self.body;
        self.query.contains_key("dryRun")
            || !body["dryRun"].is_null()
            || !body["deleteOptions"]["dryRun"].is_null()
    }

    /// Whether the request would change something.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && !self.is_dry()
    }

    /// `GET /api/v1/pods?labelSelector=app=web`, parameters in order of name.
    pub fn line(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, query.join("&"))
    }
}

/// What a finished `kubectl` said.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Starts the stand-in, or prints why not and returns `None`.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub fn start() -> Option<Kube> {
    for tool in ["kubectl", "python3"] {
        if !on_path(tool) {
            println!("skipped: {tool} is not installed");
            return None;
        }
    }
    Some(Kube::start())
}

fn on_path(tool: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()))
}

impl Kube {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let standins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins");
        let mut server = Command::new("python3")
            .arg(standins.join("kube_api.py"))
            .arg("--with-parent")
            .arg("--fixture")
            .arg(standins.join("kube/shop.json"))
            .arg("--log")
            .arg(dir.path().join("requests.jsonl"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port = port.trim().parse().expect("the stand-in prints its port");
        std::fs::write(dir.path().join("config"), kubeconfig(port)).unwrap();
        Self { server, port, dir }
    }

    /// The scratch folder; it is also HOME of what [`Kube::kubectl`] runs.
    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    /// A kubeconfig with the contexts `east` (namespace shop, current) and `west` (namespace
    /// payments): two names for the same server.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    /// A program that sees this cluster only, its standard input empty.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", self.home()).env("KUBECONFIG", self.kubeconfig()).stdin(Stdio::null());
        command
    }

    /// Runs the real `kubectl` to its end, or ends it after a minute (code 124).
    pub fn kubectl(&self, words: &[&str]) -> Ran {
        let out = self
            .command("timeout")
            .args(["60", "kubectl"])
            .args(words)
            .current_dir(self.home())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: out.status.code(), stdout: text(&out.stdout), stderr: text(&out.stderr) }
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Logged> {
        let text = std::fs::read_to_string(self.dir.path().join("requests.jsonl")).unwrap();
        let mut found: Vec<Logged> = Vec::new();
        // The last line may still be on its way.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let entry: Value = serde_json::from_str(line).unwrap();
            let id = entry["id"].as_u64().unwrap();
            if entry["phase"] == "request" {
                found.push(logged(id, &entry));
            } else if let Some(request) = found.iter_mut().find(|request| request.id == id) {
                request.status = entry["status"].as_u64().and_then(|status| u16::try_from(status).ok());
                request.effects = entry["effects"].as_array().unwrap().iter().map(effect).collect();
            }
        }
        found
    }

    /// The requests about resources: without discovery, version and OpenAPI.
    pub fn calls(&self) -> Vec<Logged> {
        let depth = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
        let about = |path: &str| match path {
            _ if path.starts_with("/api/") => depth(path) > 2,
            _ if path.starts_with("/apis/") => depth(path) > 3,
            _ => false,
        };
        self.requests().into_iter().filter(|request| about(&request.path)).collect()
    }

    /// What has been deleted through requests, `RESOURCE NAMESPACE/NAME`, cascades included.
    pub fn deleted(&self) -> Vec<String> {
        let effects = self.requests().into_iter().flat_map(|request| request.effects);
        effects.filter_map(|effect| effect.strip_prefix("DELETED ").map(str::to_owned)).collect()
    }

    /// The objects there are now, as `NAMESPACE/NAME`, or bare names when one namespace is given.
    pub fn objects(&self, resource: &str, namespace: Option<&str>) -> Vec<String> {
        let all = self.raw(resource, namespace);
        let name = |object: &Value| {
            let part = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
            if namespace.is_some() { part("name") } else { format!("{}/{}", part("namespace"), part("name")) }
        };
        all.iter().map(name).collect()
    }

    /// The uid of an object that is there.
    pub fn uid(&self, resource: &str, namespace: &str, name: &str) -> Option<String> {
        let all = self.raw(resource, Some(namespace));
        let found = all.iter().find(|object| object["metadata"]["name"] == name)?;
        found["metadata"]["uid"].as_str().map(str::to_owned)
    }

    /// The whole objects of a resource.
    pub fn raw(&self, resource: &str, namespace: Option<&str>) -> Vec<Value> {
        let inside = namespace.map(|name| format!("&namespace={name}")).unwrap_or_default();
        let answer = self.http("GET", &format!("/_control/objects?resource={resource}{inside}"), "");
        answer.as_array().expect("a list of objects").clone()
    }

    /// Turns a control; `tests/standins/kube/control.py` lists them.
    pub fn control(&self, entry: &Value) -> Value {
        self.http("POST", "/_control", &entry.to_string())
    }

    /// Makes a running pod that nobody owns.
    pub fn create_pod(&self, namespace: &str, name: &str, labels: &Value) {
        let pod = json!({"namespace": namespace, "name": name, "labels": labels});
        self.control(&json!({"op": "pod", "pod": pod}));
    }

    /// Switches a fault on: `{"resource": "pods", "verb": "list", "kind": "slow", "seconds": 2}`.
    pub fn fault(&self, fault: &Value) {
        self.control(&with_op(fault, "fault"));
    }

    /// Makes pods appear (`create`) or vanish (`delete`) when the `call`-th listing from now of
    /// `resource` has been answered: between a verdict and its act.
    pub fn appear(&self, appearance: &Value) {
        self.control(&with_op(appearance, "appear"));
    }

    /// Changes settings: `recreate`, `page`, `linger`, `plain_discovery`, `version`.
    pub fn set(&self, settings: &Value) {
        self.control(&with_op(settings, "set"));
    }

    fn http(&self, method: &str, target: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!("{method} {target} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{method} {target}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Kube {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn with_op(entry: &Value, op: &str) -> Value {
    let mut entry = entry.clone();
    entry["op"] = json!(op);
    entry
}

fn logged(id: u64, entry: &Value) -> Logged {
    let text = |key: &str| entry[key].as_str().map(str::to_owned);
    let query = entry["query"].as_object().unwrap().iter();
    Logged {
        id,
        method: text("method").unwrap(),
        path: text("path").unwrap(),
        query: query.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect(),
        body: entry["body"].clone(),
        impersonated: text("as"),
        status: None,
        effects: Vec::new(),
    }
}

fn effect(entry: &Value) -> String {
    let part = |key: &str| entry[key].as_str().unwrap_or_default();
    format!("{} {} {}/{}", part("event"), part("resource"), part("namespace"), part("name"))
}

fn kubeconfig(port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: east\n\
         clusters:\n\
         - {{name: east, cluster: {{server: 'http://127.0.0.1:{port}'}}}}\n\
         - {{name: west, cluster: {{server: 'http://127.0.0.1:{port}'}}}}\n\
         users:\n\
         - {{name: operator, user: {{}}}}\n\
         contexts:\n\
         - {{name: east, context: {{cluster: east, user: operator, namespace: shop}}}}\n\
         - {{name: west, context: {{cluster: west, user: operator, namespace: payments}}}}\n"
    )
}
