//! The table of object kinds: where they live, what they are called, what can be done with them.

/// What can be done with a kind by the generic code.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    List = 1,
    Create = 2,
    Get = 4,
    Update = 8,
    Delete = 16,
}

/// What a delete answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deleted {
    As(&'static str),
    Empty,
}

/// A kind of object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The collection; `{}` stands for an id.
    pub(crate) at: &'static str,
    pub(crate) object: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) noun: &'static str,
    /// The field by which children name an object of this kind.
    pub(crate) link: &'static str,
    pub(crate) created: &'static str,
    pub(crate) ops: u8,
    pub(crate) status: u16,
    pub(crate) ascending: bool,
    pub(crate) deleted: Deleted,
    /// The content type of `…/content`, if there is such a thing.
    pub(crate) content: &'static str,
    /// The fields that the caller may leave out.
    pub(crate) defaults: &'static str,
    /// What changes when waiting work is looked at.
    pub(crate) advance: &'static str,
    /// `POST …/{id}/verb` and the status that it leads to.
    pub(crate) actions: &'static [(&'static str, &'static str)],
}

const ALL: u8 = 31;
const NO_UPDATE: u8 = 31 - Op::Update as u8;
const READ: u8 = Op::List as u8 + Op::Get as u8;

const BASE: Kind = Kind {
    at: "",
    object: "",
    prefix: "",
    noun: "",
    link: "parent_id",
    created: "created_at",
    ops: ALL,
    status: 200,
    ascending: false,
    deleted: Deleted::Empty,
    content: "",
    defaults: "{}",
    advance: r#"{"status":"completed"}"#,
    actions: &[],
};

impl Kind {
    pub(crate) fn can(&self, op: Op) -> bool {
        self.ops & op as u8 != 0
    }
}

/// The kind whose collection this path is.
pub(crate) fn collection(path: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| fits(kind.at, path))
}

/// The kind of the object at this path.
pub(crate) fn item(path: &str) -> Option<&'static Kind> {
    let (above, id) = path.rsplit_once('/')?;
    (!id.is_empty()).then(|| collection(above)).flatten()
}

fn fits(template: &str, path: &str) -> bool {
    let (mut a, mut b) = (template.split('/'), path.split('/'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some("{}"), Some(part)) if !part.is_empty() => {}
            (Some(left), Some(right)) if left == right => {}
            _ => return false,
        }
    }
}

const BYTES: &str = "application/octet-stream";

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { at: "/chat/completions", object: "chat.completion", prefix: "chatcmpl-", noun: "ChatCompletion", created: "created", ops: ALL - Op::Create as u8, ascending: true, deleted: Deleted::As("chat.completion.deleted"), ..BASE },
    Kind { at: "/chat/completions/{}/messages", object: "message", noun: "Message", ops: READ, ascending: true, ..BASE },
    Kind { at: "/responses", object: "response", prefix: "resp_", noun: "Response", ops: Op::Get as u8 + Op::Delete as u8, ..BASE },
    Kind { at: "/responses/{}/input_items", noun: "Item", ops: READ, ..BASE },
    Kind { at: "/conversations", object: "conversation", prefix: "conv_", noun: "Conversation", link: "conversation_id", deleted: Deleted::As("conversation.deleted"), ops: ALL - Op::List as u8, ..BASE },
    Kind { at: "/conversations/{}/items", noun: "Item", ops: READ, ..BASE },
    Kind { at: "/files", object: "file", prefix: "file-", noun: "File", ops: NO_UPDATE, deleted: Deleted::As("file"), content: BYTES, ..BASE },
    Kind { at: "/uploads", object: "upload", prefix: "upload_", noun: "Upload", link: "upload_id", ops: Op::Create as u8, defaults: r#"{"bytes":0,"filename":"upload.bin","purpose":"assistants","status":"pending","file":null,"expires_at":4102444800}"#, ..BASE },
    Kind { at: "/uploads/{}/parts", object: "upload.part", prefix: "part_", noun: "UploadPart", ops: 0, ..BASE },
    Kind { at: "/batches", object: "batch", prefix: "batch_", noun: "Batch", ops: READ, actions: &[("cancel", "cancelling")], defaults: r#"{"errors":null,"status":"validating","output_file_id":null,"error_file_id":null,"in_progress_at":null,"expires_at":4102444800,"finalizing_at":null,"completed_at":null,"failed_at":null,"expired_at":null,"cancelling_at":null,"cancelled_at":null,"request_counts":{"total":0,"completed":0,"failed":0},"completion_window":"24h","usage":null}"#, ..BASE },
    Kind { at: "/vector_stores", object: "vector_store", prefix: "vs_", noun: "VectorStore", link: "vector_store_id", deleted: Deleted::As("vector_store.deleted"), defaults: r#"{"name":null,"usage_bytes":0,"file_counts":{"in_progress":0,"completed":0,"failed":0,"cancelled":0,"total":0},"status":"completed","expires_after":null,"expires_at":null,"last_active_at":null}"#, ..BASE },
    Kind { at: "/vector_stores/{}/files", object: "vector_store.file", noun: "VectorStoreFile", ops: ALL - Op::Create as u8, deleted: Deleted::As("vector_store.file.deleted"), ..BASE },
    Kind { at: "/vector_stores/{}/file_batches", object: "vector_store.files_batch", prefix: "vsfb_", noun: "VectorStoreFileBatch", ops: Op::Get as u8, actions: &[("cancel", "cancelled")], ..BASE },
    Kind { at: "/fine_tuning/jobs", object: "fine_tuning.job", prefix: "ftjob-", noun: "FineTuningJob", link: "fine_tuning_job_id", ops: NO_UPDATE - Op::Delete as u8, advance: r#"{"status":"running"}"#, actions: &[("cancel", "cancelled"), ("pause", "paused"), ("resume", "queued")], defaults: r#"{"model":"gpt-4o-mini-2024-07-18","finished_at":null,"fine_tuned_model":null,"organization_id":"org-fakeaccount","result_files":[],"status":"queued","validation_file":null,"training_file":"","hyperparameters":{"n_epochs":"auto","batch_size":"auto","learning_rate_multiplier":"auto"},"trained_tokens":null,"error":null,"integrations":[],"seed":0,"estimated_finish":null}"#, ..BASE },
    Kind { at: "/fine_tuning/jobs/{}/events", object: "fine_tuning.job.event", prefix: "ftevent-", noun: "FineTuningJobEvent", ops: Op::List as u8, ..BASE },
    Kind { at: "/fine_tuning/jobs/{}/checkpoints", object: "fine_tuning.job.checkpoint", prefix: "ftckpt_", noun: "FineTuningJobCheckpoint", ops: Op::List as u8, ..BASE },
    Kind { at: "/fine_tuning/checkpoints/{}/permissions", object: "checkpoint.permission", prefix: "cp_", noun: "Permission", ops: NO_UPDATE, deleted: Deleted::As("checkpoint.permission"), ..BASE },
    Kind { at: "/evals", object: "eval", prefix: "eval_", noun: "Eval", link: "eval_id", status: 201, deleted: Deleted::As("eval.deleted"), defaults: r#"{"name":null,"data_source_config":{"type":"custom","schema":{}},"testing_criteria":[]}"#, ..BASE },
    Kind { at: "/evals/{}/runs", object: "eval.run", prefix: "evalrun_", noun: "EvalRun", link: "run_id", status: 201, ops: NO_UPDATE, deleted: Deleted::As("eval.run.deleted"), actions: &[("cancel", "canceled")], defaults: r#"{"name":null,"model":"gpt-4o","status":"queued","error":null,"report_url":"https://platform.openai.com/evaluations","per_model_usage":[],"per_testing_criteria_results":[],"result_counts":{"total":0,"errored":0,"failed":0,"passed":0}}"#, ..BASE },
    Kind { at: "/evals/{}/runs/{}/output_items", object: "eval.run.output_item", prefix: "outputitem_", noun: "OutputItem", ops: READ, ..BASE },
    Kind { at: "/containers", object: "container", prefix: "cntr_", noun: "Container", link: "container_id", ops: NO_UPDATE, defaults: r#"{"name":"container","status":"running","expires_after":{"anchor":"last_active_at","minutes":20},"last_active_at":0,"memory_limit":"1g"}"#, ..BASE },
    Kind { at: "/containers/{}/files", object: "container.file", prefix: "cfile_", noun: "ContainerFile", ops: NO_UPDATE, content: BYTES, defaults: r#"{"bytes":0,"path":"/mnt/data/file","source":"user"}"#, ..BASE },
    Kind { at: "/skills", object: "skill", prefix: "skill_", noun: "Skill", link: "skill_id", content: "application/zip", deleted: Deleted::As("skill.deleted"), defaults: r#"{"name":"skill","description":"","default_version":"1","latest_version":"1"}"#, ..BASE },
    Kind { at: "/skills/{}/versions", object: "skill.version", prefix: "skillver_", noun: "SkillVersion", ops: NO_UPDATE, content: "application/zip", deleted: Deleted::As("skill.version.deleted"), defaults: r#"{"name":"skill","description":""}"#, ..BASE },
    Kind { at: "/videos/characters", object: "video.character", prefix: "char_", noun: "Character", ops: Op::Get as u8, ..BASE },
    Kind { at: "/videos", object: "video", prefix: "video_", noun: "Video", ops: NO_UPDATE, content: "video/mp4", deleted: Deleted::As("video.deleted"), advance: r#"{"status":"completed","progress":100}"#, defaults: r#"{"model":"sora-2","status":"queued","progress":0,"completed_at":null,"expires_at":null,"error":null,"prompt":null,"size":"720x1280","seconds":"4","remixed_from_video_id":null}"#, ..BASE },
    Kind { at: "/audio/voice_consents", object: "audio.voice_consent", prefix: "cons_", noun: "VoiceConsent", deleted: Deleted::As("audio.voice_consent"), ..BASE },
    Kind { at: "/audio/voices", object: "audio.voice", prefix: "voice_", noun: "Voice", ops: Op::Create as u8, ..BASE },
    Kind { at: "/assistants", object: "assistant", prefix: "asst_", noun: "Assistant", deleted: Deleted::As("assistant.deleted"), defaults: r#"{"name":null,"description":null,"model":"gpt-4o","instructions":null,"tools":[],"tool_resources":{},"temperature":1.0,"top_p":1.0,"response_format":"auto"}"#, ..BASE },
    Kind { at: "/threads", object: "thread", prefix: "thread_", noun: "Thread", link: "thread_id", ops: ALL - Op::List as u8, deleted: Deleted::As("thread.deleted"), defaults: r#"{"tool_resources":{}}"#, ..BASE },
    Kind { at: "/threads/{}/messages", object: "thread.message", prefix: "msg_", noun: "Message", deleted: Deleted::As("thread.message.deleted"), defaults: r#"{"assistant_id":null,"run_id":null,"role":"user","attachments":[],"status":"completed","incomplete_details":null,"incomplete_at":null,"completed_at":null}"#, ..BASE },
    Kind { at: "/threads/{}/runs", object: "thread.run", prefix: "run_", noun: "Run", link: "run_id", ops: ALL - Op::Delete as u8, actions: &[("cancel", "cancelling"), ("submit_tool_outputs", "queued")], defaults: r#"{"assistant_id":"","status":"queued","model":"gpt-4o","instructions":"","tools":[],"required_action":null,"last_error":null,"expires_at":4102444800,"started_at":null,"cancelled_at":null,"failed_at":null,"completed_at":null,"incomplete_details":null,"usage":null,"temperature":1.0,"top_p":1.0,"max_prompt_tokens":null,"max_completion_tokens":null,"truncation_strategy":{"type":"auto","last_messages":null},"tool_choice":"auto","parallel_tool_calls":true,"response_format":"auto"}"#, ..BASE },
    Kind { at: "/threads/{}/runs/{}/steps", object: "thread.run.step", prefix: "step_", noun: "RunStep", ops: READ, defaults: r#"{"type":"message_creation","status":"completed","cancelled_at":null,"completed_at":null,"expired_at":null,"failed_at":null,"last_error":null,"usage":null}"#, ..BASE },
    Kind { at: "/chatkit/sessions", object: "chatkit.session", prefix: "cksess_", noun: "Session", ops: 0, actions: &[("cancel", "cancelled")], defaults: r#"{"status":"active","user":"","max_requests_per_1_minute":10,"expires_at":4102444800,"rate_limits":{"max_requests_per_1_minute":10},"chatkit_configuration":{"automatic_thread_titling":{"enabled":true},"file_upload":{"enabled":false},"history":{"enabled":true}}}"#, ..BASE },
    Kind { at: "/chatkit/threads", object: "chatkit.thread", prefix: "cthr_", noun: "Thread", link: "thread_id", ops: READ + Op::Delete as u8, deleted: Deleted::As("chatkit.thread.deleted"), ..BASE },
    Kind { at: "/chatkit/threads/{}/items", object: "chatkit.thread_item", prefix: "cthi_", noun: "ThreadItem", ops: Op::List as u8, ..BASE },
];
