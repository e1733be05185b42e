//! How to call Tollgate from languages and tools: one table for the command line and the dashboard.
//! A snippet reads its key from the environment; none has a place for a key in the code.

/// One language or tool.
pub struct Snippet {
    /// What people type: `python`.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// For a highlighter: `python`, `sh`, `text`.
    pub language: &'static str,
    /// With `{url}`, which ends in `/v1`, and `{model}`.
    template: &'static str,
}

impl Snippet {
    /// `url` is Tollgate's own, without `/v1`.
    #[must_use]
    pub fn render(&self, url: &str, model: &str) -> String {
        let url = format!("{}/v1", url.trim_end_matches('/'));
        self.template.replace("{url}", &url).replace("{model}", model)
    }
}

/// The snippet of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Snippet> {
    SNIPPETS.iter().find(|snippet| snippet.id == id)
}

pub static SNIPPETS: [Snippet; 10] = [
    Snippet { id: "python", name: "Python", language: "python", template: PYTHON },
    Snippet { id: "node", name: "Node.js", language: "javascript", template: NODE },
    Snippet { id: "go", name: "Go", language: "go", template: GO },
    Snippet { id: "java", name: "Java", language: "java", template: JAVA },
    Snippet { id: "curl", name: "curl", language: "sh", template: CURL },
    Snippet { id: "langchain", name: "LangChain", language: "python", template: LANGCHAIN },
    Snippet { id: "llamaindex", name: "LlamaIndex", language: "python", template: LLAMAINDEX },
    Snippet { id: "vercel", name: "Vercel AI SDK", language: "javascript", template: VERCEL },
    Snippet { id: "cursor", name: "Cursor", language: "text", template: CURSOR },
    Snippet { id: "n8n", name: "n8n", language: "text", template: N8N },
];

const PYTHON: &str = r#"# pip install openai
# OPENAI_API_KEY is your key, OPENAI_BASE_URL is {url}
# `tollgate exec -- python this.py` sets both.
from openai import OpenAI

client = OpenAI()
answer = client.chat.completions.create(
    model="{model}",
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.choices[0].message.content)
"#;

const NODE: &str = r#"// npm install openai
// OPENAI_API_KEY is your key, OPENAI_BASE_URL is {url}
// `tollgate exec -- node this.mjs` sets both.
import OpenAI from "openai";

const client = new OpenAI();
const answer = await client.chat.completions.create({
  model: "{model}",
  messages: [{ role: "user", content: "Say hello." }],
});
console.log(answer.choices[0].message.content);
"#;

const GO: &str = concat!(
    "// go get github.com/openai/openai-go\n",
    "// OPENAI_API_KEY is your key, OPENAI_BASE_URL is {url}
// `tollgate exec -- go run .` sets both.\n",
    "package main\n",
    "\n",
    "import (\n",
    "\t\"context\"\n",
    "\t\"fmt\"\n",
    "\n",
    "\t\"github.com/openai/openai-go\"\n",
    ")\n",
    "\n",
    "func main() {\n",
    "\tclient := openai.NewClient()\n",
    "\tanswer, err := client.Chat.Completions.New(context.Background(), openai.ChatCompletionNewParams{\n",
    "\t\tModel:    \"{model}\",\n",
    "\t\tMessages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(\"Say hello.\")},\n",
    "\t})\n",
    "\tif err != nil {\n",
    "\t\tpanic(err)\n",
    "\t}\n",
    "\tfmt.Println(answer.Choices[0].Message.Content)\n",
    "}\n",
);

const JAVA: &str = r#"// com.openai:openai-java
// OPENAI_API_KEY is your key, OPENAI_BASE_URL is {url}
// `tollgate exec -- java This.java` sets both.
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.chat.completions.ChatCompletionCreateParams;

class This {
    public static void main(String[] arguments) {
        OpenAIClient client = OpenAIOkHttpClient.fromEnv();
        ChatCompletionCreateParams call = ChatCompletionCreateParams.builder()
            .model("{model}")
            .addUserMessage("Say hello.")
            .build();
        client.chat().completions().create(call).choices().get(0).message().content()
            .ifPresent(System.out::println);
    }
}
"#;

const CURL: &str = r#"# OPENAI_API_KEY is your key, OPENAI_BASE_URL is {url}
# `tollgate exec -- sh this.sh` sets both.
# The key goes in by curl's standard input, so that no list of processes shows it.
printf 'authorization: Bearer %s\n' "$OPENAI_API_KEY" |
  curl "$OPENAI_BASE_URL/chat/completions" -H @- -H 'content-type: application/json' \
    -d '{"model": "{model}", "messages": [{"role": "user", "content": "Say hello."}]}'
"#;

const LANGCHAIN: &str = r#"# pip install langchain-openai
# OPENAI_API_KEY is your key, OPENAI_BASE_URL is {url}
# `tollgate exec -- python this.py` sets both.
import os

from langchain_openai import ChatOpenAI

# With another base URL it does not ask for the usage of streams by itself; Tollgate meters them
# all the same.
model = ChatOpenAI(model="{model}", base_url=os.environ["OPENAI_BASE_URL"], stream_usage=True)
print(model.invoke("Say hello.").content)
"#;

const LLAMAINDEX: &str = r#"# pip install llama-index-llms-openai-like
# OPENAI_API_KEY is your key, OPENAI_BASE_URL is {url}
# `tollgate exec -- python this.py` sets both.
import os

from llama_index.llms.openai_like import OpenAILike

model = OpenAILike(
    model="{model}",
    api_base=os.environ["OPENAI_BASE_URL"],
    api_key=os.environ["OPENAI_API_KEY"],
    is_chat_model=True,  # else it calls /completions
)
print(model.complete("Say hello."))
"#;

const VERCEL: &str = r#"// npm install ai @ai-sdk/openai
// OPENAI_API_KEY is your key, OPENAI_BASE_URL is {url}
// `tollgate exec -- node this.mjs` sets both.
import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";

const tollgate = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
// tollgate("...") speaks Responses, tollgate.chat("...") chat completions.
const { text } = await generateText({ model: tollgate.chat("{model}"), prompt: "Say hello." });
console.log(text);
"#;

const CURSOR: &str = "\
Settings > Models > OpenAI API Key: a key of its own (`tollgate keys create --name cursor`)
Settings > Models > Override OpenAI Base URL: {url}

Calls come from Cursor's servers, not from this machine: the address must be public and https. The
override holds for all models of the OpenAI kind; Tab completion does not use it.
";

const N8N: &str = "\
Credentials > New > OpenAI
  API Key: a key of its own (`tollgate keys create --name n8n`)
  Base URL: {url}

In Docker, 127.0.0.1 is the container itself: use http://host.docker.internal:PORT/v1. Nodes speak
Responses unless \"Use Responses API\" is off.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_is_whole_and_holds_no_key() {
        for snippet in &SNIPPETS {
            let text = snippet.render("http://127.0.0.1:8655/", "gpt-5-mini");
            assert!(text.contains("http://127.0.0.1:8655/v1"), "{}", snippet.id);
            assert!(!text.contains("{url}") && !text.contains("{model}"), "{}", snippet.id);
            assert!(!text.contains("sk-") && !text.contains("//v1"), "{}", snippet.id);
            assert!(std::ptr::eq(find(snippet.id).unwrap(), snippet));
        }
        assert!(find("cobol").is_none());
    }
}
