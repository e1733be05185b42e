use super::super::fake::{Fake, env};
use super::*;
use clap::Parser;
use domain::Secret;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn env(&self, url: &str) -> Env {
        Env {
            api_key: Some(Secret::from("sk-tg-one")),
            config_dir: Some(self.0.path().join("ours")),
            home: Some(self.0.path().to_owned()),
            ..env(url)
        }
    }

    async fn run(&self, words: &[&str]) -> Result<(String, String), Failure> {
        self.run_at("http://127.0.0.1:1", words).await
    }

    async fn run_at(&self, url: &str, words: &[&str]) -> Result<(String, String), Failure> {
        let args = Line::parse_from(["connect"].iter().chain(words)).args;
        run(args, &self.env(url)).await.map(Said::into_parts)
    }

    fn files(&self) -> Vec<(&'static Client, PathBuf)> {
        let able = CLIENTS.iter().filter(|client| client.refused.is_none());
        able.map(|client| (client, self.0.path().join(client.file))).collect()
    }
}

#[tokio::test]
async fn every_client_is_set_up_without_a_key_and_put_back() {
    let home = Home::new();
    for (client, file) in home.files() {
        let (shown, _) = home.run(&[client.id, "--dry-run"]).await.unwrap();
        assert!(shown.contains("http://127.0.0.1:1/v1") && !file.exists(), "{shown}");
        home.run(&[client.id, "--no-call"]).await.unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("http://127.0.0.1:1/v1") && !text.contains("sk-"), "{text}");
        // Once more changes nothing, and the way back is still to before the first.
        let (shown, _) = home.run(&[client.id, "--no-call"]).await.unwrap();
        assert_eq!(shown.lines().count(), 2, "{shown}");
        home.run(&[client.id, "--undo"]).await.unwrap();
        assert!(!file.exists());
        assert!(home.run(&[client.id, "--undo"]).await.is_err());
    }
}

#[tokio::test]
async fn settings_that_were_there_stay_and_come_back() {
    let home = Home::new();
    let before = "# mine\nmodel = \"o3\"\n\n[model_providers.other]\nname = \"x\" # keep\n";
    let file = home.0.path().join(".codex/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, before).unwrap();
    home.run(&["codex", "--no-call", "--model", "m"]).await.unwrap();
    home.run(&["codex", "--no-call", "--model", "other"]).await.unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# mine\n") && text.contains("name = \"x\" # keep"), "{text}");
    assert!(text.contains("wire_api = \"responses\""), "{text}");
    assert!(text.contains("env_key = \"TOLLGATE_API_KEY\""), "{text}");
    // Somebody changes it: then it is theirs.
    fs::write(&file, format!("{text}# more\n")).unwrap();
    assert!(home.run(&["codex", "--undo"]).await.is_err());
    fs::write(&file, &text).unwrap();
    home.run(&["codex", "--undo"]).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[tokio::test]
async fn what_cannot_be_connected_is_said_and_nothing_is_changed() {
    let home = Home::new();
    let failure = home.run(&["claude-code"]).await.unwrap_err();
    assert!(failure.message().contains("Anthropic's dialect"), "{failure:?}");
    assert!(home.run(&["langchain"]).await.unwrap_err().message().contains("tollgate exec"));
    assert!(home.run(&["nobody"]).await.is_err());
    fs::write(home.0.path().join(".aider.conf.yml"), "model: mine\n").unwrap();
    assert!(home.run(&["aider", "--no-call"]).await.is_err());
    assert_eq!(fs::read_dir(home.0.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_call_is_made_as_the_client_makes_it() {
    let fake = Fake::start(&[
        ("GET /v1/models", 200, r#"{"data":[{"id":"text-embedding-3"},{"id":"m1"}]}"#),
        (
            "POST /v1/responses",
            200,
            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"rea\"}\n\n\
             data: {\"type\":\"response.output_text.delta\",\"delta\":\"dy\"}\n\n\
             data: {\"type\":\"response.completed\"}\n\n",
        ),
        (
            "POST /v1/chat/completions",
            200,
            "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n",
        ),
    ])
    .await;
    let home = Home::new();
    let (_, talk) = home.run_at(fake.api.url(), &["codex"]).await.unwrap();
    assert!(talk.contains("answered: ready"), "{talk}");
    let body = fake.last_body();
    assert_eq!((body["model"].as_str(), body["stream"].as_bool()), (Some("m1"), Some(true)));
    let head = fake.seen().pop().unwrap();
    assert!(head.contains("Bearer sk-tg-one"), "the admin key must not be used");
    // A stream without its end is no answer.
    let args = Line::parse_from(["connect", "opencode", "--model", "m1"]).args;
    let said = run(args, &home.env(fake.api.url())).await.unwrap();
    assert!(said.print(&mut Vec::new(), &mut Vec::new()).is_err());
}
