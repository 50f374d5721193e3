//! Database servers of a test's own: started in its folder, stopped with it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::scene::Scene;

/// A server, or a file, and how its client reaches it.
pub struct Server {
    pub name: &'static str,
    pub scene: Scene,
    pub env: Vec<(OsString, OsString)>,
    client: Vec<String>,
    text: &'static [&'static str],
    process: Option<Child>,
}

impl Server {
    /// The client without a statement: it reads its standard input.
    pub fn client(&self) -> &[String] {
        &self.client
    }

    /// The client with a statement.
    pub fn command(&self, sql: &str) -> Vec<String> {
        let option = self.text.iter().map(|word| (*word).to_owned());
        self.client.iter().cloned().chain(option).chain([sql.to_owned()]).collect()
    }

    /// Runs SQL without guard; the number of rows that the last statement changed, where the client says it.
    pub fn run(&self, sql: &str) -> Option<u64> {
        let file = self.scene.write("work/run.sql", with_count(self.name, sql));
        let mut client = self.scene.command(&self.client[0]);
        client.args(&self.client[1..]).envs(self.env.iter().cloned());
        let output = client.stdin(fs::File::open(file).unwrap()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{sql:.60}: {}", String::from_utf8_lossy(&output.stderr));
        said.lines().last()?.rsplit(' ').next()?.parse().ok()
    }

    /// The rows of a table.
    pub fn count(&self, table: &str) -> u64 {
        let mut words = self.command(&format!("select count(*) from {table}"));
        let mut client = self.scene.command(words.remove(0));
        let output = client.args(words).envs(self.env.iter().cloned()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }
}

/// psql says `DELETE 5` by itself; the others are asked.
fn with_count(name: &str, sql: &str) -> String {
    match name {
        "psql" => sql.to_owned(),
        "sqlite3" => format!("{sql};\nselect changes();\n"),
        _ => format!("{sql};\nselect row_count();\n"),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(process.id()).unwrap());
            _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
            _ = process.wait();
        }
    }
}

fn missing(name: &str) -> Option<Server> {
    println!("skipped: {name} is not installed");
    None
}

fn found(names: &[&str]) -> Option<PathBuf> {
    let mut folders = vec![PathBuf::from("/usr/bin"), "/usr/sbin".into(), "/bin".into()];
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders
        .iter()
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.exists())
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}

/// A file of SQLite.
pub fn sqlite() -> Option<Server> {
    if found(&["sqlite3"]).is_none() {
        return missing("sqlite3");
    }
    let client = words(&["sqlite3", "app.db"]);
    Some(Server { name: "sqlite3", scene: Scene::new(), env: Vec::new(), client, text: &[], process: None })
}

/// Runs a server program as a user of its own where the tests are root: neither server runs as root.
fn unprivileged(program: &Path, user: &str, folder: &Path) -> Command {
    if !nix::unistd::geteuid().is_root() {
        return Command::new(program);
    }
    assert!(Command::new("chown").args(["-R", user]).arg(folder).status().unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(program);
    command
}

/// The folder of a server, which its user can reach.
fn folder(scene: &Scene) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(scene.at(""), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = scene.at("server");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Its temporary tables go where no other server of these tests has its own.
fn quiet(command: &mut Command, log: PathBuf) -> &mut Command {
    command.env("TMPDIR", log.with_file_name("server"));
    let log = fs::File::create(log).unwrap();
    command.current_dir("/").stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log)
}

/// Waits until a server answers its client.
fn answered(mut server: Server) -> Option<Server> {
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        if server.process.as_mut().is_some_and(|process| process.try_wait().unwrap().is_some()) {
            break;
        }
        let words = server.command("select 1");
        let mut client = server.scene.command(&words[0]);
        client.args(&words[1..]).envs(server.env.iter().cloned());
        if client.output().unwrap().status.success() {
            return Some(server);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("skipped: {} has no server that starts here", server.name);
    None
}

/// PostgreSQL on a socket in its folder.
pub fn postgres() -> Option<Server> {
    let (Some(initdb), Some(program), Some(_)) = (found(&["initdb"]), found(&["postgres"]), found(&["psql"]))
    else {
        return missing("PostgreSQL");
    };
    let scene = Scene::new();
    let folder = folder(&scene);
    let data = folder.join("data");
    fs::create_dir_all(&data).unwrap();
    let mut make = unprivileged(&initdb, "postgres", &folder);
    make.args(["-A", "trust", "-U", "tester", "-N", "-D"]).arg(&data);
    assert!(quiet(&mut make, scene.at("initdb.log")).status().unwrap().success());
    let mut start = unprivileged(&program, "postgres", &folder);
    start.arg("-D").arg(&data).arg("-k").arg(&folder).args(["-c", "listen_addresses=", "-F"]);
    let process = quiet(&mut start, scene.at("server.log")).spawn().unwrap();
    let socket = folder.display().to_string();
    let client = ["psql", "-X", "-q", "-A", "-t", "-h", &socket, "-U", "tester", "postgres"];
    let client: Vec<String> = words(&client).into_iter().filter(|word| word != "-q").collect();
    answered(Server { name: "psql", scene, env: Vec::new(), client, text: &["-c"], process: Some(process) })
}

/// MariaDB on a socket in its folder.
pub fn mariadb() -> Option<Server> {
    let (Some(install), Some(program), Some(_)) =
        (found(&["mariadb-install-db"]), found(&["mariadbd"]), found(&["mariadb"]))
    else {
        return missing("MariaDB");
    };
    let scene = Scene::new();
    let folder = folder(&scene);
    let data = folder.join("data");
    fs::create_dir_all(&data).unwrap();
    let mut make = unprivileged(&install, "mysql", &folder);
    make.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
    make.args(["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-use-native-aio=0"]);
    let made = quiet(&mut make, scene.at("install.log")).status().unwrap();
    assert!(made.success(), "{}", fs::read_to_string(scene.at("install.log")).unwrap());
    let socket = folder.join("sock").display().to_string();
    let mut start = unprivileged(&program, "mysql", &folder);
    start.arg("--no-defaults").arg(format!("--datadir={}", data.display())).arg(format!("--socket={socket}"));
    start.args([
        "--innodb-use-native-aio=0",
        "--skip-networking",
        "--pid-file=pid",
        "--innodb-flush-log-at-trx-commit=0",
    ]);
    let process = quiet(&mut start, scene.at("server.log")).spawn().unwrap();
    let client = words(&["mariadb", "--no-defaults", "-N", "-B", "-u", "root", "-S", &socket]);
    let server =
        Server { name: "mariadb", scene, env: Vec::new(), client, text: &["-e"], process: Some(process) };
    let mut server = answered(server)?;
    server.run("create database shop");
    server.client.push("shop".into());
    Some(server)
}
