//! A call as code: what the form asks, for a program. The key comes from the environment.

use serde_json::Value;

/// Python, Node and curl. JSON's texts, numbers, lists and objects are those of all three.
pub(super) fn snippets(url: &str, body: &Value) -> Vec<(&'static str, String)> {
    let fields = || body.as_object().into_iter().flatten();
    let python: String = fields().map(|(name, value)| format!("    {name}={value},\n")).collect();
    let node: String = fields().map(|(name, value)| format!("  {name}: {value},\n")).collect();
    // Within single quotes the shell takes everything as it is but the quote itself.
    let quoted = body.to_string().replace('\'', r"'\''");
    vec![
        (
            "Python",
            format!(
                "from openai import OpenAI\n\nclient = OpenAI(base_url=\"{url}/v1\")\n\
                 answer = client.chat.completions.create(\n{python})\n\
                 print(answer.choices[0].message.content)\n"
            ),
        ),
        (
            "Node.js",
            format!(
                "import OpenAI from \"openai\";\n\nconst client = new OpenAI({{ baseURL: \
                 \"{url}/v1\" }});\nconst answer = await client.chat.completions.create({{\n\
                 {node}}});\nconsole.log(answer.choices[0].message.content);\n"
            ),
        ),
        (
            "curl",
            format!(
                "curl {url}/v1/chat/completions \\\n  -H \"Authorization: Bearer \
                 $OPENAI_API_KEY\" \\\n  -H \"Content-Type: application/json\" \\\n  \
                 -d '{quoted}'\n"
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_cannot_leave_their_quotes() {
        let said = "it's \"so\"\n$(x) `y`";
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": said }] });
        let made = snippets("http://127.0.0.1:8655", &body);
        let all = r#"[{"content":"it's \"so\"\n$(x) `y`","role":"user"}]"#;
        assert!(made[0].1.contains(&format!("    messages={all},\n")), "{}", made[0].1);
        assert!(made[1].1.contains(&format!("  messages: {all},\n")), "{}", made[1].1);
        assert!(made[2].1.contains(r"it'\''s"), "{}", made[2].1);
    }
}
