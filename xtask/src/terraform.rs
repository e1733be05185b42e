//! `cargo xtask terraform`: OpenAI's Terraform provider against the real binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, root, run, served, target_dir};

pub(crate) const HELP: &str = "\
cargo xtask terraform --provider PATH [--terraform PATH]

PATH is the binary terraform-provider-openai, built or had elsewhere; nothing is downloaded. Needs the
program terraform. Starts the debug build with a data directory of its own and runs
deploy/terraform: apply, a plan that must be empty, apply with other values, a plan that must be empty,
import of everything that has an id of its own after the state has lost it, a plan that must change
nothing, destroy. Says what each step came to.";

/// What is taken out of the state and imported again: its address, and how its import id is made of
/// attributes of the state.
const IMPORTED: [(&str, &[&str]); 14] = [
    ("openai_project.shop", &["id"]),
    ("openai_group.sellers", &["group_id"]),
    ("openai_group_user.owner", &["group_id", "user_id"]),
    ("openai_group_role.watchers", &["group_id", "role_id"]),
    ("openai_user_role.watcher", &["user_id", "role_id"]),
    ("openai_role.watcher", &["role_id"]),
    ("openai_project_role.keeper", &["project_id", "role_id"]),
    ("openai_invite.ada", &["invite_id"]),
    ("openai_project_user.owner", &["project_id", "user_id"]),
    ("openai_project_service_account.till", &["project_id", "service_account_id"]),
    ("openai_project_model_permissions.shop", &["project_id"]),
    ("openai_project_rate_limit.mini", &["project_id", "rate_limit_id"]),
    ("openai_organization_spend_alert.most", &["alert_id"]),
    ("openai_project_spend_alert.shop", &["project_id", "alert_id"]),
];

const CHANGED: &str = "-var=changed=true";

struct Run {
    terraform: PathBuf,
    folder: PathBuf,
    base_url: String,
}

pub(crate) fn run(words: &[String]) -> Result<()> {
    let (mut provider, mut terraform) = (None, PathBuf::from("terraform"));
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a path"))?;
        match word.as_str() {
            "--provider" => provider = Some(fs::canonicalize(value)?),
            "--terraform" => terraform = fs::canonicalize(value)?,
            other => return Err(format!("`{other}` is no flag\n\n{HELP}").into()),
        }
    }
    let provider = provider.ok_or_else(|| format!("no --provider\n\n{HELP}"))?;
    let served = served::start("terraform-served")?;
    let folder = target_dir().join(format!("terraform-{}", std::process::id()));
    let this = Run { terraform, folder, base_url: format!("{}/v1", served.url) };
    let done = this.prepare(&provider).and_then(|()| this.life());
    // What it was left with tells why, where it failed.
    match &done {
        Ok(()) => fs::remove_dir_all(&this.folder)?,
        Err(_) => eprintln!("the run's folder is {}", this.folder.display()),
    }
    done
}

impl Run {
    /// The configuration, and where Terraform finds the provider without a registry.
    fn prepare(&self, provider: &Path) -> Result<()> {
        let bin = self.folder.join("bin");
        fs::create_dir_all(&bin)?;
        std::os::unix::fs::symlink(provider, bin.join("terraform-provider-openai"))?;
        let overrides = format!("dev_overrides {{ \"openai/openai\" = {:?} }}", bin);
        let text = format!("provider_installation {{\n  {overrides}\n  direct {{}}\n}}\n");
        fs::write(self.folder.join("cli.tfrc"), text)?;
        fs::copy(root().join("deploy/terraform/main.tf"), self.folder.join("main.tf"))?;
        Ok(())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = run::program(&self.terraform);
        command.current_dir(&self.folder).args(words);
        command.env("TF_CLI_CONFIG_FILE", self.folder.join("cli.tfrc"));
        command.env("TF_VAR_base_url", &self.base_url).env("TF_IN_AUTOMATION", "1");
        command.env("OPENAI_ADMIN_KEY", served::ADMIN_KEY).env("CHECKPOINT_DISABLE", "1");
        command
    }

    fn life(&self) -> Result<()> {
        let apply = ["apply", "-auto-approve", "-input=false", "-no-color"];
        println!("==> apply");
        run::quiet(&mut self.command(&apply))?;
        println!("    {} things stand", self.addresses()?.len());
        self.plan("after it", &[])?;
        println!("==> apply with other values");
        run::quiet(self.command(&apply).arg(CHANGED))?;
        self.plan("after the change", &[CHANGED])?;
        println!("==> import");
        self.import()?;
        // What no answer shows (a group's role in a project) the state has from the import id.
        self.plan("after the import", &[CHANGED])?;
        println!("==> destroy");
        let destroy = ["destroy", "-auto-approve", "-input=false", "-no-color", CHANGED];
        run::quiet(&mut self.command(&destroy))?;
        match self.addresses()?.len() {
            0 => println!("    nothing is left"),
            left => return Err(format!("{left} things are left").into()),
        }
        Ok(())
    }

    /// A plan that would change nothing.
    fn plan(&self, when: &str, more: &[&str]) -> Result<()> {
        println!("==> plan {when}: must be empty");
        let mut command =
            self.command(&["plan", "-detailed-exitcode", "-input=false", "-no-color"]);
        let output = command.args(more).output()?;
        if output.status.code() == Some(0) {
            return Ok(());
        }
        eprint!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        Err(format!("the plan {when} is not empty").into())
    }

    fn import(&self) -> Result<()> {
        let state = self.state()?;
        for (address, attributes) in IMPORTED {
            let values = state.get(address).ok_or_else(|| format!("no {address} in the state"))?;
            let parts: Option<Vec<&str>> =
                attributes.iter().map(|name| values[*name].as_str()).collect();
            let id = parts.ok_or_else(|| format!("{address} lacks one of {attributes:?}"))?;
            run::quiet(&mut self.command(&["state", "rm", address]))?;
            let id = id.join("/");
            let words = ["import", "-input=false", "-no-color", CHANGED, address, &id];
            run::quiet(&mut self.command(&words))?;
        }
        println!("    {} things are there again", IMPORTED.len());
        Ok(())
    }

    fn addresses(&self) -> Result<Vec<String>> {
        Ok(self.state()?.into_iter().map(|(address, _)| address).collect())
    }

    /// The attributes of each resource that the state has.
    fn state(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        let output = self.command(&["show", "-json"]).output()?;
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let resources = shown["values"]["root_module"]["resources"].as_array();
        let managed = resources.into_iter().flatten().filter(|it| it["mode"] == "managed");
        let pair = |it: &serde_json::Value| {
            Some((it["address"].as_str()?.to_owned(), it["values"].clone()))
        };
        Ok(managed.filter_map(pair).collect())
    }
}
