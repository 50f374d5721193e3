//! What guard counts for terraform is what terraform then destroys.
//!
//! The real terraform on `terraform_data`, which needs no provider.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const MAIN: &str = r#"
variable "n" { default = 3 }
variable "v" { default = "a" }
resource "terraform_data" "web" {
  count            = var.n
  triggers_replace = var.v
}
resource "terraform_data" "front" {
  triggers_replace = terraform_data.web[0].id
}
resource "terraform_data" "db" {}
module "net" { source = "./net" }
"#;
const NET: &str = r#"resource "terraform_data" "vpc" { for_each = toset(["a", "b"]) }"#;

/// A folder with seven resources that were made.
struct Infra {
    home: tempfile::TempDir,
}

impl Infra {
    /// `None` where there is no terraform.
    fn new() -> Option<Self> {
        let infra = Self { home: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(infra.home.path().join("net")).unwrap();
        std::fs::write(infra.home.path().join("main.tf"), MAIN).unwrap();
        std::fs::write(infra.home.path().join("net/main.tf"), NET).unwrap();
        if infra.command("terraform").arg("version").output().is_err() {
            println!("skipped: terraform is not here");
            return None;
        }
        for line in ["init -input=false", "apply -auto-approve", "plan -out=saved -var v=b"] {
            let run = infra.command("terraform").args(line.split(' ')).output().unwrap();
            assert!(run.status.success(), "{line}: {}", String::from_utf8_lossy(&run.stderr));
        }
        Some(infra)
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.path());
        command.env("CHECKPOINT_DISABLE", "1").current_dir(self.path());
        command
    }

    fn guard(&self, options: &[&str], line: &str) -> Output {
        let mut guard = self.command(env!("CARGO_BIN_EXE_guard"));
        guard.arg("--no-input").args(options).args(shlex::split(line).unwrap()).output().unwrap()
    }

    /// Addresses with ids, as the state has them.
    fn there(&self) -> BTreeSet<String> {
        let state = std::fs::read(self.path().join("terraform.tfstate")).unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        let ids = |resource: &Value| {
            let instances = resource["instances"].as_array().unwrap().iter();
            instances.map(|i| i["attributes"]["id"].to_string()).collect::<Vec<_>>()
        };
        state["resources"].as_array().unwrap().iter().flat_map(ids).collect()
    }

    /// Puts the state back that the first apply left.
    fn keep(&self) -> impl Fn() + use<> {
        let path = self.path().join("terraform.tfstate");
        let text = std::fs::read(&path).unwrap();
        move || std::fs::write(&path, &text).unwrap()
    }
}

/// Command, kind, how many guard must count, how many ids must be gone afterwards.
const ROWS: &[(&str, &str, u64, usize)] = &[
    ("terraform apply -auto-approve", "resource", 0, 0),
    ("terraform apply -auto-approve -var n=5", "resource", 0, 0),
    ("terraform apply -auto-approve -var v=b -var n=2", "resource", 4, 4),
    ("terraform apply -auto-approve -replace=terraform_data.db", "resource", 1, 1),
    ("terraform apply -auto-approve -replace=terraform_data.web[0]", "resource", 2, 2),
    ("terraform apply saved", "resource", 4, 4),
    ("terraform destroy -auto-approve -target=module.net", "resource", 2, 2),
    ("terraform destroy -auto-approve -target=terraform_data.web[0]", "resource", 2, 2),
    ("terraform apply -destroy -auto-approve -target terraform_data.db", "resource", 1, 1),
    ("terraform state rm module.net", "resource", 2, 2),
    ("terraform state rm terraform_data.web", "resource", 3, 3),
    ("terraform destroy -auto-approve", "workspace", 1, 7),
    ("terraform apply -destroy -auto-approve", "workspace", 1, 7),
];

#[test]
fn what_is_counted_is_what_terraform_destroys() {
    let Some(infra) = Infra::new() else { return };
    let reset = infra.keep();
    let all = infra.there();
    assert_eq!(all.len(), 7);
    for (line, kind, count, gone) in ROWS {
        reset();
        let planned = infra.guard(&["--plan", "--json"], line);
        let plan: Value = serde_json::from_slice(&planned.stdout)
            .unwrap_or_else(|_| panic!("{line}: {}", String::from_utf8_lossy(&planned.stderr)));
        assert_eq!(plan["scope"]["kind"], *kind, "{line}");
        assert_eq!(plan["scope"]["count"], *count, "{line}: {plan:#}");
        assert_eq!(plan["scope"]["certainty"], "exact", "{line}: {plan:#}");
        if *kind == "workspace" {
            assert_eq!(plan["scope"]["dependents"], *gone as u64, "{line}: {plan:#}");
        }
        let lost = || all.difference(&infra.there()).count();
        if *count > 2 || *kind == "workspace" {
            let refused = infra.guard(&["--expect", "77"], line);
            assert_eq!(refused.status.code(), Some(123), "{line}");
            assert_eq!(lost(), 0, "{line}: nothing before the gate");
        }
        let words = shlex::split(line).unwrap();
        let bare = infra.command(&words[0]).args(&words[1..]).output().unwrap();
        assert!(bare.status.success(), "{line}: {}", String::from_utf8_lossy(&bare.stderr));
        assert_eq!(lost(), *gone, "{line}");
        reset();
        let out = infra.guard(&["--expect", &count.to_string()], line);
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
        assert_eq!(lost(), *gone, "{line}");
    }
}

#[test]
fn what_cannot_be_planned_is_unknown() {
    let Some(infra) = Infra::new() else { return };
    for line in ["terraform apply -auto-approve -var nosuch=1", "terraform apply nosuch"] {
        let planned = infra.guard(&["--plan", "--json"], line);
        let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
        assert_eq!(plan["scope"]["certainty"], "unknown", "{line}: {plan:#}");
        assert_eq!(infra.guard(&["--expect", "0"], line).status.code(), Some(122), "{line}");
    }
}

#[test]
fn an_apply_that_asks_by_itself_is_not_asked_about() {
    let Some(infra) = Infra::new() else { return };
    for line in ["terraform apply", "terraform plan -destroy", "terraform state list", "terraform taint x"] {
        let plan = infra.guard(&["--plan", "--json"], line);
        let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
        assert_eq!(plan["verdict"]["rung"], "allow", "{line}");
    }
}
