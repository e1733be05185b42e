use super::super::fake::{Fake, env};
use super::*;
use clap::Parser;
use std::process::Command;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(git: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if git {
            let made =
                Command::new("git").args(["init", "-q"]).arg(folder.path()).status().unwrap();
            assert!(made.success());
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    async fn run(&self, url: &str, more: &[&str]) -> Result<(String, String), Failure> {
        let file = self.path(".env");
        let words = ["env", "--file", file.to_str().unwrap()];
        let args = Line::parse_from(words.iter().chain(more)).args;
        let env = Env { api_key: Some(Secret::from("sk-tg-one")), ..env(url) };
        run(args, &env).await.map(Said::into_parts)
    }
}

#[tokio::test]
async fn a_file_is_written_privately_ignored_and_found_well() {
    let fake = Fake::start(&[("GET /tollgate/v1/me", 200, "{}")]).await;
    let place = Place::new(true);
    fs::write(place.path(".gitignore"), "target").unwrap();
    place.run(fake.api.url(), &[]).await.unwrap();
    let text = place.read(".env");
    assert_eq!(
        text,
        format!(
            "{BEGIN}\nOPENAI_BASE_URL={}/v1\nOPENAI_API_KEY=sk-tg-one\n{END}\n",
            fake.api.url()
        )
    );
    let mode = fs::metadata(place.path(".env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(place.read(".gitignore"), "target\n/.env\n");
    place.run(fake.api.url(), &["--check"]).await.unwrap();
    // Once more changes nothing.
    place.run(fake.api.url(), &[]).await.unwrap();
    assert_eq!(place.read(".env"), text);
    assert_eq!(place.read(".gitignore"), "target\n/.env\n");
}

#[tokio::test]
async fn what_others_wrote_stays() {
    let place = Place::new(false);
    let (before, behind) = ("A=1 # mine", "\n\nB='two'\n");
    fs::write(place.path(".env"), format!("{before}\n{BEGIN}\nold\n{END}{behind}")).unwrap();
    place.run("http://127.0.0.1:1", &[]).await.unwrap();
    let text = place.read(".env");
    assert!(text.starts_with(before) && text.ends_with("\nB='two'\n") && !text.contains("old"));
    // No end of a line at the end of the file.
    fs::write(place.path(".env"), "A=1").unwrap();
    place.run("http://127.0.0.1:1", &[]).await.unwrap();
    assert!(place.read(".env").starts_with("A=1\n# >>>"));
}

#[tokio::test]
async fn a_name_that_others_set_is_not_set_again() {
    for line in ["OPENAI_API_KEY=x", "export OPENAI_BASE_URL = y", "  OPENAI_API_KEY="] {
        let place = Place::new(false);
        let text = format!("A=1\n{line}\n");
        fs::write(place.path(".env"), &text).unwrap();
        let failure = place.run("http://127.0.0.1:1", &[]).await.unwrap_err();
        assert!(failure.message().starts_with("line 2 of"), "{failure:?}");
        assert_eq!(place.read(".env"), text);
    }
}

#[tokio::test]
async fn a_file_that_git_keeps_is_refused_and_a_link_too() {
    let place = Place::new(true);
    fs::write(place.path(".env"), "A=1\n").unwrap();
    let added =
        Command::new("git").arg("-C").arg(place.folder.path()).args(["add", ".env"]).status();
    assert!(added.unwrap().success());
    let failure = place.run("http://127.0.0.1:1", &[]).await.unwrap_err();
    assert!(failure.message().contains("git keeps"), "{failure:?}");
    let place = Place::new(false);
    std::os::unix::fs::symlink("/etc/hostname", place.path(".env")).unwrap();
    assert!(place.run("http://127.0.0.1:1", &[]).await.is_err());
}

#[tokio::test]
async fn a_check_tells_all_that_is_wrong() {
    let fake =
        Fake::start(&[("GET /tollgate/v1/me", 401, r#"{"error":{"message":"It ended."}}"#)]).await;
    let place = Place::new(true);
    assert!(place.run(fake.api.url(), &["--check"]).await.is_err());
    let text = format!("OPENAI_BASE_URL={}/v1\nOPENAI_API_KEY=sk-tg-one\n", fake.api.url());
    fs::write(place.path(".env"), text).unwrap();
    fs::set_permissions(place.path(".env"), fs::Permissions::from_mode(0o644)).unwrap();
    let failure = place.run(fake.api.url(), &["--check"]).await.unwrap_err();
    for part in ["chmod 600", "git does not ignore it", "It ended."] {
        assert!(failure.message().contains(part), "{failure:?}");
    }
    assert!(!failure.message().contains("sk-tg-one"));
}

#[tokio::test]
async fn a_list_of_ignored_files_that_leads_elsewhere_is_not_written_through() {
    let place = Place::new(true);
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().join("rc");
    fs::write(&other, "mine\n").unwrap();
    std::os::unix::fs::symlink(&other, place.path(".gitignore")).unwrap();
    let refused = place.run("http://127.0.0.1:1", &[]).await.unwrap_err();
    assert!(refused.message().contains("no ordinary file"), "{refused:?}");
    assert_eq!(fs::read_to_string(&other).unwrap(), "mine\n");
    assert!(!place.path(".env").exists(), "no key before git ignores it");
}
