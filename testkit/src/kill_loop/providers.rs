//! One provider, or two of which the first fails whom it is asked to fail.

use std::path::Path;

use super::Dice;
use crate::{Act, Builder, FakeProvider, Matcher, Script, TestGateway};

/// What a prompt says to have the first provider fail its call.
const FAILURES: [&str; 6] =
    ["[[at=429]]", "[[at=500]]", "[[at=reset]]", "[[at=head]]", "[[at=event]]", "[[at=rest]]"];

const CONFIG: &str = r#"
[timeouts]
connect_seconds = 1
first_byte_seconds = 1
gap_seconds = 1

[retries]
hedge_after_ms = 20

[[routes]]
model = "*"
targets = [{ upstream = "first" }, { upstream = "second", step = 1 }]
"#;

pub(super) struct Providers(pub(super) Vec<FakeProvider>);

impl Providers {
    pub(super) fn start(failing: bool) -> Self {
        if !failing {
            return Self(vec![FakeProvider::start()]);
        }
        let (first, second) = (FakeProvider::start(), FakeProvider::start());
        let throttled = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
        let scripts = [
            throttled,
            Script::error(500, "server_error", None, "It broke."),
            Script::new(Act::ResetBeforeHead),
            Script::new(Act::ResetAfterHead),
            Script::new(Act::HangAfterChunks(1)),
            Script::new(Act::ResetAfterChunks(2)),
        ];
        for (marker, script) in FAILURES.into_iter().zip(scripts) {
            first.script(Matcher::any().containing(marker), script.always());
        }
        Self(vec![first, second])
    }

    pub(super) fn builder(&self, bin: &Path) -> Builder {
        let builder = TestGateway::builder(bin);
        match &self.0[..] {
            [first, second] => {
                let upstream = |name: &str, provider: &FakeProvider| {
                    let (variable, url) = (name.to_uppercase(), provider.base_url());
                    format!(
                        "[upstreams.{name}]\nprovider = \"openai\"\nbase_url = \"{url}\"\n\
                         credential = \"env:{variable}_KEY\"\n"
                    )
                };
                let upstreams = upstream("first", first) + &upstream("second", second);
                builder
                    .also_provider(first)
                    .also_provider(second)
                    .env("FIRST_KEY", first.credential())
                    .env("SECOND_KEY", second.credential())
                    .config(&(upstreams + CONFIG))
            }
            all => builder.provider(&all[0]),
        }
    }
}

/// What to put into a prompt so that its call may fail: most do not.
pub(super) fn marker(dice: &mut Dice) -> &'static str {
    let at = dice.below(3 * FAILURES.len() as u64);
    usize::try_from(at).ok().and_then(|at| FAILURES.get(at)).copied().unwrap_or("")
}
