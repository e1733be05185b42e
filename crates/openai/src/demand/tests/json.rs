//! Requests with JSON bodies, what they can consume, and what that costs.

use super::*;

/// An operation, a body, what it costs.
type Row = (&'static str, &'static str, Expected);

/// The tokens around a prompt, around a message, around tools and around one of them.
const AROUND: u64 = 256;
const MESSAGE: u64 = 16;
const TOOLS: u64 = 512;
const TOOL: u64 = 32;
/// The model's own maximum output: 1,000 tokens at 2 nano-dollars.
const MODELS: u64 = 2_000;
const WINDOW: u64 = 100_000;
const IMAGE: u64 = 49_152;

const CHAT: &str = "createChatCompletion";
const RESPONSE: &str = "createResponse";

#[test]
fn every_row_costs_what_it_says() {
    for (id, body, expected) in rows() {
        json(id, body, &expected);
    }
}

pub(super) fn rows() -> Vec<Row> {
    [
        chats(),
        contents(),
        maxima(),
        tiers(),
        responses(),
        tools(),
        strange_tools(),
        prompts(),
        media(),
        refused(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn chats() -> Vec<Row> {
    vec![
        (
            CHAT,
            r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#,
            BytesAnd(AROUND + MESSAGE + MODELS),
        ),
        (
            CHAT,
            r#"{"model":"m","messages":[{"role":"system"},{"role":"user"}],"max_tokens":10}"#,
            BytesAnd(AROUND + 2 * MESSAGE + 20),
        ),
        (
            CHAT,
            r#"{"model":"m","messages":[],"max_completion_tokens":10,"n":5}"#,
            BytesAnd(AROUND + 5 * 20),
        ),
        (
            CHAT,
            r#"{"model":"m","messages":[],"max_completion_tokens":10,"max_tokens":10}"#,
            BytesAnd(AROUND + 20),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":null,"n":null,"audio":null,"web_search_options":null,"prediction":null}"#,
            BytesAnd(AROUND + MODELS + 2 * 4),
        ),
        // Escapes and odd letters only add bytes.
        (
            CHAT,
            r#"{"model":"m","messages":[{"content":"\ufdfa\ud83d\ude00 ﷺ"}],"max_tokens":1}"#,
            BytesAnd(AROUND + MESSAGE + 2),
        ),
        // What is predicted may be billed besides: 32 bytes of it, twice.
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"n":2,"prediction":{"type":"content","content":"x"}}"#,
            BytesAnd(AROUND + 2 * 2 + 2 * 2 * 32),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"tools":[{"type":"function"},{"type":"custom"}]}"#,
            BytesAnd(AROUND + TOOLS + 2 * TOOL + 2),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"functions":[{"name":"f"}]}"#,
            BytesAnd(AROUND + TOOLS + 2),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[],"modalities":["text","audio"]}"#,
            BytesAnd(AROUND + 20),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[],"modalities":["\u0061udio"]}"#,
            BytesAnd(AROUND + 20),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"audio":{"voice":"alloy","format":"mp3"}}"#,
            BytesAnd(AROUND + 20),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"metadata":{"a":{"image_url":"http://x","tools":[{}]}}}"#,
            BytesAnd(AROUND + 2),
        ),
    ]
}

/// Case 31 and case 30: what is not text, or stands elsewhere.
fn contents() -> Vec<Row> {
    vec![
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:x"}}]}]}"#,
            BytesAnd(AROUND + MESSAGE + IMAGE + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"input":[{"content":[{"type":"input_image","image_url":"data:x"}]}]}"#,
            BytesAnd(AROUND + MESSAGE + IMAGE + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"input":[{"content":[{"image_url":"data:x"},{"image_url":"data:"},{"image_url":"data:"}]}]}"#,
            Costs(WINDOW + 2),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[{"content":[{"image_url":{"url":"https://x/y.png"}}]}]}"#,
            Costs(WINDOW + 2),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[{"content":[{"image_url":{"url":"\u0064ata:x"}}]}]}"#,
            Costs(WINDOW + 2),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[{"content":[{"type":"file","file":{"file_data":"data:x"}}]}]}"#,
            Costs(WINDOW + 2),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[{"content":[{"type":"file","file":{"file_id":"file-1"}}]}]}"#,
            Costs(WINDOW + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"input":[{"content":[{"type":"input_file","file_url":"https://x"}]}]}"#,
            Costs(WINDOW + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"input":[{"content":[{"type":"input_video","video_url":"https://x"}]}]}"#,
            Costs(WINDOW + 2),
        ),
        // Each byte is a token of sound.
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[{"content":[{"type":"input_audio","input_audio":{"data":"UklGRg=="}}]}]}"#,
            Costs(10 * (112 + AROUND + MESSAGE) + 2),
        ),
        (
            CHAT,
            r#"{"model":"m","max_tokens":1,"messages":[{"role":"assistant","audio":{"id":"audio_1"}}]}"#,
            Costs(10 * WINDOW + 2),
        ),
    ]
}

/// Case 23.
fn maxima() -> Vec<Row> {
    let mut rows = vec![
        (CHAT, r#"{"model":"m","max_tokens":10,"max_completion_tokens":20}"#, bad("max_tokens")),
        (CHAT, r#"{"model":"m","max_tokens":10,"max_tokens":20}"#, bad("max_tokens")),
        (CHAT, r#"{"model":"m","max_tokens":10,"Max_Tokens":20}"#, bad("max_tokens")),
        (CHAT, r#"{"model":"m","max_tokens":10,"max_to\u212aens":20}"#, bad("max_tokens")),
        (CHAT, r#"{"model":"m","max_tokens":{"a":1}}"#, bad("max_tokens")),
        (CHAT, r#"{"model":"m","max_completion_tokens":[]}"#, bad("max_completion_tokens")),
        (CHAT, r#"{"model":"m","max_tokens":2147483647}"#, BytesAnd(AROUND + 2 * 2_147_483_647)),
        ("createCompletion", r#"{"model":"m","max_tokens":true}"#, bad("max_tokens")),
        (RESPONSE, r#"{"model":"m","max_output_tokens":0}"#, bad("max_output_tokens")),
        // Another operation's field is none: the provider judges.
        (RESPONSE, r#"{"model":"m","max_tokens":-1}"#, BytesAnd(AROUND + MODELS)),
    ];
    for body in [
        r#"{"model":"m","max_tokens":0}"#,
        r#"{"model":"m","max_tokens":-1}"#,
        r#"{"model":"m","max_tokens":2147483648}"#,
        r#"{"model":"m","max_tokens":9223372036854775808}"#,
        r#"{"model":"m","max_tokens":18446744073709551617}"#,
        r#"{"model":"m","max_tokens":1e400}"#,
        r#"{"model":"m","max_tokens":1e2}"#,
        r#"{"model":"m","max_tokens":"100"}"#,
        r#"{"model":"m","max_tokens":1.5}"#,
    ] {
        rows.push((CHAT, body, bad("max_tokens")));
    }
    for body in [
        r#"{"model":"m","n":0}"#,
        r#"{"model":"m","n":-2}"#,
        r#"{"model":"m","n":1.0}"#,
        r#"{"model":"m","n":"2"}"#,
        r#"{"model":"m","n":129}"#,
        r#"{"model":"m","n":18446744073709551616}"#,
    ] {
        rows.push((CHAT, body, bad("n")));
    }
    rows
}

/// Case 29.
fn tiers() -> Vec<Row> {
    vec![
        (CHAT, r#"{"model":"m","service_tier":"auto","max_tokens":1}"#, BytesAnd(AROUND + 2)),
        (CHAT, r#"{"model":"m","service_tier":"default","max_tokens":1}"#, BytesAnd(AROUND + 2)),
        (
            CHAT,
            r#"{"model":"m","service_tier":"priority","max_tokens":1}"#,
            Costs(2 * (54 + AROUND + 2)),
        ),
        (
            CHAT,
            r#"{"model":"m","service_tier":"fast","max_tokens":1}"#,
            Costs(2 * (50 + AROUND + 2)),
        ),
        (
            RESPONSE,
            r#"{"model":"m","service_tier":"\u0066lex","max_output_tokens":1}"#,
            Costs((62 + AROUND + 2_u64).div_ceil(2)),
        ),
        (CHAT, r#"{"model":"m","service_tier":"scale"}"#, unbounded("service_tier")),
        (CHAT, r#"{"model":"m","service_tier":"batch"}"#, unbounded("service_tier")),
        (RESPONSE, r#"{"model":"m","service_tier":"ultrafast"}"#, unbounded("service_tier")),
        (CHAT, r#"{"model":"m","service_tier":1}"#, bad("service_tier")),
        (
            CHAT,
            r#"{"model":"m","service_tier":"flex","service_tier":"priority"}"#,
            bad("service_tier"),
        ),
    ]
}

fn responses() -> Vec<Row> {
    vec![
        (RESPONSE, r#"{"model":"m","input":"Hi"}"#, BytesAnd(AROUND + MODELS)),
        (
            RESPONSE,
            r#"{"model":"m","input":[{"role":"user","content":"Hi"}],"max_output_tokens":16}"#,
            BytesAnd(AROUND + MESSAGE + 32),
        ),
        (
            RESPONSE,
            r#"{"model":"m","input":"x","previous_response_id":null,"conversation":null,"prompt":null,"max_output_tokens":1}"#,
            BytesAnd(AROUND + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","input":"x","previous_response_id":"resp_1","max_output_tokens":1}"#,
            Costs(WINDOW + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","input":"x","conversation":"conv_1","max_output_tokens":1}"#,
            Costs(WINDOW + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","input":[{"type":"item_reference","id":"msg_1"}],"max_output_tokens":1}"#,
            Costs(WINDOW + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","input":[{"type":"message","role":"assistant","id":"msg_1","content":[]}],"max_output_tokens":1}"#,
            Costs(WINDOW + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","input":[{"type":"reasoning","encrypted_content":"gAAA"}],"max_output_tokens":1}"#,
            Costs(WINDOW + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","input":"x","background":true,"max_output_tokens":1}"#,
            BytesAnd(AROUND + 2),
        ),
        (RESPONSE, r#"{"model":"m","input":"x","prompt":{"id":"pmpt_1"}}"#, unbounded("prompt")),
        (
            RESPONSE,
            r#"{"model":"m","input":"x","context_management":[{"type":"compaction"}]}"#,
            unbounded("context_management"),
        ),
        (
            RESPONSE,
            r#"{"model":"m","input":[{"type":"compaction_trigger"}]}"#,
            unbounded("context_management"),
        ),
        (RESPONSE, r#"{"input":"x"}"#, unbounded("model")),
        (
            "Compactconversation",
            r#"{"model":"m","input":"x","max_output_tokens":1}"#,
            BytesAnd(AROUND + MODELS),
        ),
        (
            "Compactconversation",
            r#"{"model":"m","previous_response_id":"resp_1"}"#,
            Costs(WINDOW + MODELS),
        ),
        ("Getinputtokencounts", r#"{"model":"m","input":"x"}"#, Free),
    ]
}

/// Case 32: a turn before the calls, one after each, one after those that are turned down.
fn tools() -> Vec<Row> {
    vec![
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"tools":[{"type":"function","name":"f"}]}"#,
            BytesAnd(AROUND + TOOLS + TOOL + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"tools":[{"type":"local_shell"},{"type":"apply_patch"}]}"#,
            BytesAnd(AROUND + TOOLS + 2 * TOOL + 2),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"tools":[{"type":"web_search"}]}"#,
            Costs(10 * WINDOW + 2 + 8 * 10_000),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"max_tool_calls":2,"tools":[{"type":"web_search_preview"}]}"#,
            Costs(4 * WINDOW + 2 + 2 * 10_000),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"max_tool_calls":1,"tools":[{"type":"file_search","vector_store_ids":["vs_1"]}]}"#,
            Costs(3 * WINDOW + 2 + 2_500),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"max_tool_calls":1,"tools":[{"type":"code_interpreter","container":{"type":"auto"}}]}"#,
            Costs(3 * WINDOW + 2 + 30_000),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"max_tool_calls":1,"tools":[{"type":"code_interpreter","container":{"type":"auto","memory_limit":"4g"}}]}"#,
            Costs(3 * WINDOW + 2 + 64 * 30_000),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"max_tool_calls":1,"tools":[{"type":"tool_search"},{"type":"namespace","tools":[{"type":"file_search"}]}]}"#,
            Costs(3 * WINDOW + 2 + 2_500),
        ),
        (
            RESPONSE,
            r#"{"model":"m","max_output_tokens":1,"max_tool_calls":1,"input":[{"type":"additional_tools","tools":[{"type":"web\u005fsearch"}]}]}"#,
            Costs(3 * WINDOW + 2 + 10_000),
        ),
    ]
}

fn strange_tools() -> Vec<Row> {
    vec![
        (
            RESPONSE,
            r#"{"model":"m","max_tool_calls":0,"tools":[{"type":"web_search"}]}"#,
            bad("max_tool_calls"),
        ),
        (
            RESPONSE,
            r#"{"model":"m","tools":[{"type":"function","type":"web_search"}]}"#,
            bad("tools"),
        ),
        (
            RESPONSE,
            r#"{"model":"m","tools":[{"type":"mcp","server_url":"https://x"}]}"#,
            unbounded("tools"),
        ),
        (RESPONSE, r#"{"model":"m","tools":[{"type":"image_generation"}]}"#, unbounded("tools")),
        (
            RESPONSE,
            r#"{"model":"m","tools":[{"type":"programmatic_tool_calling"}]}"#,
            unbounded("tools"),
        ),
        (RESPONSE, r#"{"model":"m","tools":[{"type":"of_next_year"}]}"#, unbounded("tools")),
        (RESPONSE, r#"{"model":"m","tools":[{"name":"nothing"}]}"#, unbounded("tools")),
        (CHAT, r#"{"model":"m","tools":[{"type":"web_search"}]}"#, unbounded("tools")),
        (
            CHAT,
            r#"{"model":"m","messages":[],"web_search_options":{}}"#,
            unbounded("web_search_options"),
        ),
    ]
}

fn prompts() -> Vec<Row> {
    const COMPLETION: &str = "createCompletion";
    const EMBEDDING: &str = "createEmbedding";
    vec![
        // 16 tokens are written where no maximum is named.
        (COMPLETION, r#"{"model":"m","prompt":"Once"}"#, BytesAnd(AROUND + 2 * 16)),
        (
            COMPLETION,
            r#"{"model":"m","prompt":["a","b","c"],"max_tokens":10,"n":2}"#,
            BytesAnd(AROUND + 3 * MESSAGE + 3 * 2 * 20),
        ),
        (
            COMPLETION,
            r#"{"model":"m","prompt":"a","max_tokens":10,"n":2,"best_of":5}"#,
            BytesAnd(AROUND + 5 * 20),
        ),
        // Each number is a token, whatever its digits: 35 bytes without them, 3 numbers.
        (
            COMPLETION,
            r#"{"model":"m","prompt":[100,200,300],"max_tokens":1}"#,
            Costs(42 + 3 + AROUND + 2),
        ),
        (
            COMPLETION,
            r#"{"model":"m","prompt":[[100,200],[300]],"max_tokens":1}"#,
            Costs(46 + 3 + AROUND + 2 * MESSAGE + 2 * 2),
        ),
        (COMPLETION, r#"{"model":"m","prompt":"a","best_of":0}"#, bad("best_of")),
        (COMPLETION, r#"{"prompt":"a"}"#, unbounded("model")),
        (EMBEDDING, r#"{"model":"m","input":"Hello"}"#, BytesAnd(AROUND)),
        (
            EMBEDDING,
            r#"{"model":"m","input":["a","b"],"encoding_format":"base64"}"#,
            BytesAnd(AROUND + 2 * MESSAGE),
        ),
        (EMBEDDING, r#"{"model":"m","input":[15496,995]}"#, Costs(25 + 2 + AROUND)),
        (
            EMBEDDING,
            r#"{"model":"m","input":[[15496,995],[1]]}"#,
            Costs(30 + 3 + AROUND + 2 * MESSAGE),
        ),
        ("createModeration", r#"{"model":"m","input":"x"}"#, Free),
    ]
}

fn media() -> Vec<Row> {
    const IMAGES: &str = "createImage";
    const SPEECH: &str = "createSpeech";
    const VIDEO: &str = "createVideo";
    // Output tokens of an image cost 6 nano-dollars, spoken ones 20.
    vec![
        (IMAGES, r#"{"model":"m","prompt":"cat"}"#, Costs(5 + AROUND + 6 * 24_576)),
        (
            IMAGES,
            r#"{"model":"m","prompt":"cat","n":4,"size":"1024x1024"}"#,
            Costs(5 + AROUND + 4 * 6 * 8_192),
        ),
        (
            IMAGES,
            r#"{"model":"m","prompt":"cat","size":"auto","partial_images":3,"stream":true}"#,
            Costs(5 + AROUND + 6 * (24_576 + 300)),
        ),
        (IMAGES, r#"{"model":"m","prompt":"cat","n":0}"#, bad("n")),
        (IMAGES, r#"{"model":"m","prompt":"cat","partial_images":99}"#, bad("partial_images")),
        (IMAGES, r#"{"prompt":"cat"}"#, unbounded("model")),
        (
            "createImageEdit",
            r#"{"model":"m","prompt":"cat","images":[{"image_url":"data:x"},{"file_id":"file-1"}],"mask":{"image_url":"https://x"}}"#,
            Costs(5 + AROUND + 3 * IMAGE + 6 * 24_576),
        ),
        // 5 characters at 10; but 35 seconds of 32 tokens each are dearer.
        (
            SPEECH,
            r#"{"model":"m","input":"Hello","voice":"alloy"}"#,
            Costs(5 + AROUND + 20 * 35 * 32),
        ),
        (
            SPEECH,
            r#"{"model":"m","input":"\ud83d\ude00","voice":"alloy","speed":0.25,"instructions":"slow"}"#,
            Costs(4 + 6 + AROUND + 20 * 4 * 34 * 32),
        ),
        (SPEECH, r#"{"model":"m","input":["a"]}"#, bad("input")),
        (VIDEO, r#"{"model":"m","prompt":"cat","seconds":"8"}"#, Costs(8_000)),
        (VIDEO, r#"{"model":"m","prompt":"cat","seconds":4}"#, Costs(4_000)),
        (VIDEO, r#"{"model":"m","prompt":"cat"}"#, Costs(12_000)),
        (VIDEO, r#"{"model":"m","seconds":"long"}"#, bad("seconds")),
        (VIDEO, r#"{"model":"m","seconds":""}"#, bad("seconds")),
        ("CreateVideoEdit", r#"{"prompt":"cat","video":{"id":"video_1"}}"#, NEVER),
        ("CreateVideoExtend", r#"{"prompt":"cat","video":{"id":"video_1"},"seconds":"4"}"#, NEVER),
        ("CreateVideoRemix", r#"{"prompt":"cat"}"#, NEVER),
    ]
}

/// What cannot be bounded, and what needs no bound.
fn refused() -> Vec<Row> {
    let mut rows = vec![
        ("createBatch", r#"{"input_file_id":"file-1","endpoint":"/v1/responses"}"#, Lines),
        ("createThread", r#"{"messages":[{"role":"user","content":"x"}]}"#, Free),
        ("createThread", r#"{"messages":[{"attachments":[{"file_id":"file-1"}]}]}"#, NEVER),
        (
            "createAssistant",
            r#"{"model":"m","tool_resources":{"file_search":{"vector_stores":[{}]}}}"#,
            NEVER,
        ),
        ("createVectorStore", r#"{"file_ids":["file-1"]}"#, NEVER),
        ("createConversation", r#"{"items":[]}"#, Free),
    ];
    for id in [
        "createFineTuningJob",
        "createEvalRun",
        "runGrader",
        "createRun",
        "createThreadAndRun",
        "submitToolOuputsToRun",
        "accept-realtime-call",
        "create-realtime-call",
        "create-realtime-client-secret",
        "create-realtime-session",
        "create-realtime-transcription-session",
        "create-realtime-translation-client-secret",
        "CreateChatSessionMethod",
    ] {
        rows.push((id, r#"{"model":"m","max_completion_tokens":1}"#, NEVER));
    }
    rows
}
