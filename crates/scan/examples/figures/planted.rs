//! Secrets as their makers make them, by a seed, in the places where people leave them. Knows
//! nothing of how they are looked for.

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";

/// A sequence of numbers that is the same for the same seed.
pub struct Seed(pub u64);

impl Seed {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap_or(0)
    }

    fn of(&mut self, alphabet: &str, length: usize) -> String {
        (0..length).map(|_| char::from(alphabet.as_bytes()[self.below(alphabet.len())])).collect()
    }

    fn alnum(&mut self, length: usize) -> String {
        self.of(&[UPPER, LOWER, DIGITS].concat(), length)
    }

    fn url64(&mut self, length: usize) -> String {
        self.of(&[UPPER, LOWER, DIGITS, "-_"].concat(), length)
    }

    fn base64(&mut self, length: usize) -> String {
        self.of(&[UPPER, LOWER, DIGITS, "+/"].concat(), length)
    }

    fn hex(&mut self, length: usize) -> String {
        self.of(HEX, length)
    }
}

/// A kind, the name of a variable for it, and one of it.
pub type Made = (&'static str, &'static str, String);

pub const KINDS: usize = 46;

/// One secret of a kind.
pub fn secret(kind: usize, s: &mut Seed) -> Made {
    let t3 = ["T3Blb", "kFJ"].concat();
    match kind {
        0 => ("tollgate-key", "OPENAI_API_KEY", ours("sk-tg-", s)),
        1 => ("tollgate-key", "OPENAI_API_KEY", ours("sk-svcacct-tg-", s)),
        2 => ("tollgate-key", "TOLLGATE_ADMIN_KEY", ours("sk-admin-tg-", s)),
        3 => (
            "openai-project-key",
            "OPENAI_API_KEY",
            format!("sk-proj-{}{t3}{}", s.url64(74), s.url64(74)),
        ),
        4 => (
            "openai-project-key",
            "OPENAI_API_KEY",
            format!("sk-proj-{}{t3}{}", s.alnum(20), s.alnum(20)),
        ),
        5 => (
            "openai-service-account-key",
            "OPENAI_KEY",
            format!("sk-svcacct-{}{t3}{}", s.url64(58), s.url64(58)),
        ),
        6 => (
            "openai-admin-key",
            "OPENAI_ADMIN_KEY",
            format!("sk-admin-{}{t3}{}", s.url64(58), s.url64(58)),
        ),
        7 => ("openai-legacy-key", "openai_key", format!("sk-{}{t3}{}", s.alnum(20), s.alnum(20))),
        8 => ("anthropic-key", "ANTHROPIC_API_KEY", format!("sk-ant-api03-{}AA", s.url64(93))),
        9 => ("openrouter-key", "OPENROUTER_API_KEY", format!("sk-or-v1-{}", s.hex(64))),
        10 => ("deepseek-key", "DEEPSEEK_API_KEY", format!("sk-{}", s.hex(32))),
        11 => ("openai-style-key", "MOONSHOT_API_KEY", format!("sk-{}", s.alnum(48))),
        12 => ("google-api-key", "GEMINI_API_KEY", format!("AIza{}{}", "Sy", s.url64(33))),
        13 => ("azure-openai-key", "AZURE_OPENAI_API_KEY", s.hex(32)),
        14 => {
            ("azure-ai-key", "AZURE_AI_KEY", format!("{}{}{}", s.alnum(52), "JQQJ99", s.alnum(26)))
        }
        15 => (
            "aws-access-key-id",
            "AWS_ACCESS_KEY_ID",
            format!("{}{}", "AKIA", s.of(&[UPPER, "234567"].concat(), 16)),
        ),
        16 => ("aws-secret-access-key", "AWS_SECRET_ACCESS_KEY", s.base64(40)),
        17 => (
            "aws-bedrock-key",
            "AWS_BEARER_TOKEN_BEDROCK",
            format!("{}{}", "ABSKQmVkcm9ja0FQSUtleS", s.base64(110)),
        ),
        18 => (
            "groq-key",
            "GROQ_API_KEY",
            format!("gsk_{}{}{}", s.alnum(20), "WGdyb3FY", s.alnum(24)),
        ),
        19 => ("xai-key", "XAI_API_KEY", format!("xai-{}", s.alnum(80))),
        20 => ("mistral-key", "MISTRAL_API_KEY", s.alnum(32)),
        21 => ("cohere-key", "COHERE_API_KEY", s.alnum(40)),
        22 => ("together-key", "TOGETHER_API_KEY", format!("tgp_v1_{}", s.url64(43))),
        23 => ("together-legacy-key", "TOGETHER_API_KEY", s.hex(64)),
        24 => {
            ("huggingface-token", "HF_TOKEN", format!("hf_{}", s.of(&[UPPER, LOWER].concat(), 34)))
        }
        25 => ("replicate-token", "REPLICATE_API_TOKEN", format!("r8_{}", s.alnum(37))),
        26 => ("perplexity-key", "PERPLEXITY_API_KEY", format!("pplx-{}", s.alnum(48))),
        27 => ("fireworks-key", "FIREWORKS_API_KEY", format!("fw_{}", s.alnum(24))),
        _ => other_secret(kind, s),
    }
}

fn other_secret(kind: usize, s: &mut Seed) -> Made {
    let slack = |s: &mut Seed| format!("{}-{}-{}", s.of(DIGITS, 12), s.of(DIGITS, 13), s.alnum(24));
    match kind {
        28 => (
            "cerebras-key",
            "CEREBRAS_API_KEY",
            format!("csk-{}", s.of(&[LOWER, DIGITS].concat(), 48)),
        ),
        29 => ("nvidia-key", "NVIDIA_API_KEY", format!("nvapi-{}", s.url64(64))),
        30 => {
            ("langsmith-key", "LANGSMITH_API_KEY", format!("lsv2_pt_{}_{}", s.hex(32), s.hex(10)))
        }
        31 => ("stripe-secret-key", "STRIPE_KEY", format!("{}{}", "sk_live_", s.alnum(99))),
        32 => ("stripe-secret-key", "STRIPE_KEY", format!("{}{}", "rk_test_", s.alnum(24))),
        33 => ("github-token", "GITHUB_TOKEN", format!("ghp_{}", checked(&s.alnum(30)))),
        34 => (
            "github-fine-grained-token",
            "GH_TOKEN",
            format!("github_pat_{}_{}", s.alnum(22), s.alnum(59)),
        ),
        35 => ("gitlab-token", "GITLAB_TOKEN", format!("glpat-{}", s.url64(20))),
        36 => ("slack-token", "SLACK_TOKEN", format!("xoxb-{}", slack(s))),
        37 => ("npm-token", "NPM_TOKEN", format!("npm_{}", checked(&s.alnum(30)))),
        38 => {
            ("pypi-token", "TWINE_PASSWORD", format!("{}{}", "pypi-AgEIcHlwaS5vcmc", s.url64(150)))
        }
        39 => ("sendgrid-key", "SENDGRID_API_KEY", format!("SG.{}.{}", s.url64(22), s.url64(43))),
        40 => ("digitalocean-token", "DO_TOKEN", format!("dop_v1_{}", s.hex(64))),
        41 => ("databricks-token", "DATABRICKS_TOKEN", format!("dapi{}", s.hex(32))),
        42 => ("docker-token", "DOCKER_PAT", format!("dckr_pat_{}", s.url64(27))),
        43 => (
            "langfuse-key",
            "LANGFUSE_SECRET_KEY",
            format!("sk-lf-{}-{}-{}-{}-{}", s.hex(8), s.hex(4), s.hex(4), s.hex(4), s.hex(12)),
        ),
        44 => ("google-oauth-secret", "CLIENT_SECRET", format!("{}{}", "GOCSPX-", s.url64(28))),
        _ => ("private-key", "SERVICE_KEY", pem(s)),
    }
}

/// Prefix, 32 characters, and the checksum over both.
fn ours(prefix: &str, s: &mut Seed) -> String {
    checked(&format!("{prefix}{}", s.alnum(32)))
}

/// With six base62 digits of its CRC-32 behind it.
fn checked(text: &str) -> String {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut number = !crc;
    let digits = [DIGITS, UPPER, LOWER].concat();
    let mut check = [0_u8; 6];
    for place in check.iter_mut().rev() {
        *place = digits.as_bytes()[(number % 62) as usize];
        number /= 62;
    }
    format!("{text}{}", String::from_utf8_lossy(&check))
}

fn pem(s: &mut Seed) -> String {
    let title = ["", "RSA ", "EC ", "OPENSSH "][s.below(4)];
    let lines: Vec<String> = (0..6).map(|_| s.base64(64)).collect();
    let body = lines.join("\\n");
    let (begin, end) = ("-----BEGIN", "-----END");
    format!("{begin} {title}PRIVATE KEY-----\\n{body}\\n{end} {title}PRIVATE KEY-----\\n")
}

/// A file's name and text with a secret in it, as people write it.
pub fn file(name: &str, secret: &str, s: &mut Seed) -> (&'static str, String) {
    let noise: String =
        (0..s.below(40)).map(|_| format!("value_{} = {}\n", s.hex(4), s.next())).collect();
    let lower = name.to_ascii_lowercase();
    match s.below(12) {
        0 => (".env", format!("{name}={secret}\n")),
        1 => ("settings.py", format!("{noise}{name} = \"{secret}\"\n{noise}")),
        2 => ("config.json", format!("{{\"a\": 1, \"{lower}\": \"{secret}\"}}\n")),
        3 => ("compose.yaml", format!("environment:\n  - {name}={secret}\n")),
        4 => ("deploy.yaml", format!("env:\n  - name: {name}\n    value: \"{secret}\"\n")),
        5 => ("run.sh", format!("#!/bin/sh\nexport {name}='{secret}'\n")),
        6 => ("main.js", format!("const client = new Client({{ {lower}: `{secret}` }});\n")),
        7 => ("app.properties", format!("# {name}\r\n{lower}={secret}\r\n")),
        8 => (
            "lab.ipynb",
            format!("{{\"source\": [\"import os\\n\", \"os.environ['{name}'] = '{secret}'\\n\"]}}"),
        ),
        9 => ("Main.java", format!("  static final String {name} = \"{secret}\";\n")),
        10 => ("Dockerfile", format!("FROM x\nENV {name} {secret}\n")),
        _ => ("main.go", format!("{noise}var {lower} = `{secret}` // {name}\n")),
    }
}
