//! The kinds of secrets that are looked for: one row each.

use super::shape::Alphabet::{
    Alnum, Base32, Base64, Base64Url, Bech32, Hex, LowerAlnum, Underscored,
};
use super::shape::{BLOCK, OURS, Shape, named, run};

/// One kind of secret.
pub struct Kind {
    /// Stable: the rule's id in reports and baselines.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Where a leaked one is revoked.
    pub revoke: &'static str,
    pub(super) shape: Shape,
}

impl Kind {
    /// Whether it is a key of Tollgate's own.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(self.shape, Shape::Ours)
    }
}

const fn kind(id: &'static str, name: &'static str, revoke: &'static str, shape: Shape) -> Kind {
    Kind { id, name, revoke, shape }
}

const OPENAI: &str = "platform.openai.com/api-keys";
const ANTHROPIC: &str = "console.anthropic.com/settings/keys";
const AWS: &str = "the IAM console, Security credentials";
const GITHUB: &str = "github.com/settings/tokens";
const GITLAB: &str = "GitLab, Preferences, Access tokens";
const STRIPE: &str = "dashboard.stripe.com/apikeys";
const SLACK: &str = "api.slack.com/apps";
const TOGETHER: &str = "api.together.ai/settings/api-keys";
const AZURE: &str = "portal.azure.com, the resource's Keys and Endpoint";

/// Kinds that share a beginning stand from the narrowest to the widest.
pub const KINDS: &[Kind] = &[
    kind("tollgate-key", "Tollgate key", "`tollgate keys revoke`", OURS),
    kind(
        "openai-project-key",
        "OpenAI project key",
        OPENAI,
        run(&["sk-proj-"], Base64Url, 40, 200).holding("T3BlbkFJ"),
    ),
    kind(
        "openai-service-account-key",
        "OpenAI service account key",
        OPENAI,
        run(&["sk-svcacct-"], Base64Url, 40, 200).holding("T3BlbkFJ"),
    ),
    kind(
        "openai-admin-key",
        "OpenAI admin key",
        "platform.openai.com/settings/organization/admin-keys",
        run(&["sk-admin-"], Base64Url, 40, 200).holding("T3BlbkFJ"),
    ),
    kind(
        "anthropic-key",
        "Anthropic key",
        ANTHROPIC,
        run(&["sk-ant-api03-", "sk-ant-admin01-", "sk-ant-oat01-"], Base64Url, 80, 120),
    ),
    kind(
        "openrouter-key",
        "OpenRouter key",
        "openrouter.ai/settings/keys",
        run(&["sk-or-v1-"], Hex, 64, 64),
    ),
    kind(
        "langfuse-key",
        "Langfuse secret key",
        "Langfuse, project settings, API keys",
        run(&["sk-lf-"], Base64Url, 36, 36).of_hex(),
    ),
    kind(
        "openai-legacy-key",
        "OpenAI key",
        OPENAI,
        run(&["sk-"], Base64Url, 48, 60).holding("T3BlbkFJ"),
    ),
    kind(
        "deepseek-key",
        "DeepSeek key",
        "platform.deepseek.com/api_keys",
        run(&["sk-"], Hex, 32, 32),
    ),
    kind(
        "openai-style-key",
        "key of an OpenAI-compatible provider",
        "the provider's list of keys",
        run(&["sk-"], Alnum, 40, 64),
    ),
    kind(
        "google-api-key",
        "Google API key",
        "console.cloud.google.com/apis/credentials",
        run(&["AIza"], Base64Url, 35, 35),
    ),
    kind(
        "google-oauth-secret",
        "Google OAuth client secret",
        "console.cloud.google.com/apis/credentials",
        run(&["GOCSPX-"], Base64Url, 28, 28),
    ),
    kind("azure-ai-key", "Azure OpenAI key", AZURE, Shape::AzureSigned),
    kind(
        "azure-openai-key",
        "Azure OpenAI key",
        AZURE,
        named(
            &["AZURE_OPENAI", "azure_openai", "AzureOpenAI", "AZURE_API_KEY", "openai.azure.com"],
            Hex,
            32,
        ),
    ),
    kind("aws-access-key-id", "AWS access key id", AWS, run(&["AKIA", "ASIA"], Base32, 16, 16)),
    kind(
        "aws-secret-access-key",
        "AWS secret access key",
        AWS,
        named(
            &[
                "secret_access_key",
                "SECRET_ACCESS_KEY",
                "SecretAccessKey",
                "secretAccessKey",
                "aws_secret_key",
                "AWS_SECRET_KEY",
            ],
            Base64,
            40,
        ),
    ),
    kind(
        "aws-bedrock-key",
        "AWS Bedrock API key",
        AWS,
        run(&["ABSKQmVkcm9ja0FQSUtleS"], Base64, 60, 300),
    ),
    kind("groq-key", "Groq key", "console.groq.com/keys", run(&["gsk_"], Alnum, 48, 56)),
    kind("xai-key", "xAI key", "console.x.ai", run(&["xai-"], Alnum, 70, 90)),
    kind(
        "mistral-key",
        "Mistral key",
        "console.mistral.ai/api-keys",
        named(&["mistral", "MISTRAL", "Mistral"], Alnum, 32),
    ),
    kind(
        "cohere-key",
        "Cohere key",
        "dashboard.cohere.com/api-keys",
        named(&["cohere", "COHERE", "Cohere", "CO_API_KEY"], Alnum, 40),
    ),
    kind("together-key", "Together key", TOGETHER, run(&["tgp_v1_"], Base64Url, 43, 43)),
    kind(
        "together-legacy-key",
        "Together key",
        TOGETHER,
        named(&["TOGETHER", "together_api", "togetherai", "TogetherAI"], Hex, 64),
    ),
    kind(
        "huggingface-token",
        "Hugging Face token",
        "huggingface.co/settings/tokens",
        run(&["hf_", "api_org_"], Alnum, 34, 37),
    ),
    kind(
        "replicate-token",
        "Replicate token",
        "replicate.com/account/api-tokens",
        run(&["r8_"], Alnum, 37, 37),
    ),
    kind(
        "perplexity-key",
        "Perplexity key",
        "perplexity.ai/settings/api",
        run(&["pplx-"], Alnum, 48, 56),
    ),
    kind(
        "fireworks-key",
        "Fireworks key",
        "fireworks.ai, API keys",
        run(&["fw_"], Alnum, 22, 24).weak("fireworks"),
    ),
    kind("cerebras-key", "Cerebras key", "cloud.cerebras.ai", run(&["csk-"], LowerAlnum, 48, 48)),
    kind("nvidia-key", "NVIDIA key", "build.nvidia.com", run(&["nvapi-"], Base64Url, 60, 70)),
    kind("langsmith-key", "LangSmith key", "smith.langchain.com", Shape::LangSmith),
    kind("pinecone-key", "Pinecone key", "app.pinecone.io", run(&["pcsk_"], Underscored, 60, 80)),
    kind("tavily-key", "Tavily key", "app.tavily.com", run(&["tvly-"], Base64Url, 32, 48)),
    kind(
        "stripe-secret-key",
        "Stripe secret key",
        STRIPE,
        run(&["sk_live_", "rk_live_", "sk_test_", "rk_test_"], Alnum, 24, 250),
    ),
    kind(
        "stripe-webhook-secret",
        "Stripe webhook secret",
        "dashboard.stripe.com/webhooks",
        run(&["whsec_"], Base64, 32, 64),
    ),
    kind(
        "github-token",
        "GitHub token",
        GITHUB,
        run(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], Alnum, 36, 36),
    ),
    kind(
        "github-fine-grained-token",
        "GitHub fine-grained token",
        GITHUB,
        run(&["github_pat_"], Underscored, 82, 82),
    ),
    kind(
        "gitlab-token",
        "GitLab token",
        GITLAB,
        run(&["glpat-", "glrt-", "gldt-", "glptt-"], Base64Url, 20, 60),
    ),
    kind(
        "slack-token",
        "Slack token",
        SLACK,
        run(&["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xapp-1-"], Base64Url, 40, 160),
    ),
    kind(
        "slack-webhook",
        "Slack webhook",
        SLACK,
        run(&["hooks.slack.com/services/T"], Base64, 40, 50),
    ),
    kind("npm-token", "npm token", "npmjs.com, Access Tokens", run(&["npm_"], Alnum, 36, 36)),
    kind(
        "pypi-token",
        "PyPI token",
        "pypi.org/manage/account",
        run(&["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZ"], Base64Url, 50, 400),
    ),
    kind(
        "docker-token",
        "Docker token",
        "app.docker.com/settings/personal-access-tokens",
        run(&["dckr_pat_"], Base64Url, 27, 27),
    ),
    kind("sendgrid-key", "SendGrid key", "app.sendgrid.com/settings/api_keys", Shape::SendGrid),
    kind(
        "digitalocean-token",
        "DigitalOcean token",
        "cloud.digitalocean.com/account/api/tokens",
        run(&["dop_v1_"], Hex, 64, 64),
    ),
    kind(
        "databricks-token",
        "Databricks token",
        "Databricks, Settings, Developer, Access tokens",
        run(&["dapi"], Hex, 32, 32),
    ),
    kind(
        "vault-token",
        "HashiCorp Vault token",
        "`vault token revoke`",
        run(&["hvs."], Base64Url, 90, 200),
    ),
    kind(
        "age-secret-key",
        "age secret key",
        "a new age key, and everything sealed anew",
        run(&["AGE-SECRET-KEY-1"], Bech32, 58, 58),
    ),
    kind("private-key", "private key", "a new pair of keys, in every place it is used", BLOCK),
];
