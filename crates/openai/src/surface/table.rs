//! The class table: every data-plane path, classed once. A path without a row is not served.
//!
//! Paths stand as behind `/v1`. Source: OpenAI's API reference (OpenAPI document 2.3.0).

use domain::ObjectKind::{
    Assistant, Batch, ChatCompletion, ChatkitSession, ChatkitThread, Container, Conversation, Eval,
    File, FineTunedModel, FineTuningJob, RealtimeCall, Response, Skill, Thread, Upload,
    VectorStore, Video, VideoCharacter, Voice, VoiceConsent,
};
use domain::Scope;

use super::{BodyKind, Meter, Operation, limit};

use http::Method;

/// All operations, grouped as OpenAI's reference groups them.
pub static OPERATIONS: &[Operation] = &[
    // Chat completions
    Operation::new("listChatCompletions", Method::GET, "/chat/completions", Scope::read("chat"))
        .body(BodyKind::None, limit::SMALL)
        .lists(ChatCompletion),
    Operation::new(
        "createChatCompletion",
        Method::POST,
        "/chat/completions",
        Scope::request("chat"),
    )
    .body(BodyKind::Json, limit::JSON)
    .makes(ChatCompletion, "id")
    .meter(Meter::Chat)
    .streams(),
    Operation::new(
        "getChatCompletion",
        Method::GET,
        "/chat/completions/{completion_id}",
        Scope::read("chat"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(ChatCompletion),
    Operation::new(
        "updateChatCompletion",
        Method::POST,
        "/chat/completions/{completion_id}",
        Scope::write("chat"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(ChatCompletion),
    Operation::new(
        "deleteChatCompletion",
        Method::DELETE,
        "/chat/completions/{completion_id}",
        Scope::write("chat"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(ChatCompletion)
    .deletes(),
    Operation::new(
        "getChatCompletionMessages",
        Method::GET,
        "/chat/completions/{completion_id}/messages",
        Scope::read("chat"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(ChatCompletion),
    // Responses
    Operation::new("createResponse", Method::POST, "/responses", Scope::write("responses"))
        .body(BodyKind::Json, limit::JSON)
        .makes(Response, "id")
        .meter(Meter::Responses)
        .streams(),
    Operation::new(
        "getResponse",
        Method::GET,
        "/responses/{response_id}",
        Scope::read("responses"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Response)
    .streams(),
    Operation::new(
        "deleteResponse",
        Method::DELETE,
        "/responses/{response_id}",
        Scope::write("responses"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Response)
    .deletes(),
    Operation::new(
        "cancelResponse",
        Method::POST,
        "/responses/{response_id}/cancel",
        Scope::write("responses"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Response),
    Operation::new(
        "listInputItems",
        Method::GET,
        "/responses/{response_id}/input_items",
        Scope::read("responses"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Response),
    Operation::new(
        "Getinputtokencounts",
        Method::POST,
        "/responses/input_tokens",
        Scope::write("responses"),
    )
    .body(BodyKind::Json, limit::JSON),
    Operation::new(
        "Compactconversation",
        Method::POST,
        "/responses/compact",
        Scope::write("responses"),
    )
    .body(BodyKind::Json, limit::JSON)
    .meter(Meter::Responses),
    // Conversations
    Operation::new(
        "createConversationItems",
        Method::POST,
        "/conversations/{conversation_id}/items",
        Scope::write("conversations"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Conversation),
    Operation::new(
        "listConversationItems",
        Method::GET,
        "/conversations/{conversation_id}/items",
        Scope::read("conversations"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Conversation),
    Operation::new(
        "getConversationItem",
        Method::GET,
        "/conversations/{conversation_id}/items/{item_id}",
        Scope::read("conversations"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Conversation),
    Operation::new(
        "deleteConversationItem",
        Method::DELETE,
        "/conversations/{conversation_id}/items/{item_id}",
        Scope::write("conversations"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Conversation),
    Operation::new(
        "createConversation",
        Method::POST,
        "/conversations",
        Scope::write("conversations"),
    )
    .body(BodyKind::Json, limit::JSON)
    .makes(Conversation, "id"),
    Operation::new(
        "getConversation",
        Method::GET,
        "/conversations/{conversation_id}",
        Scope::read("conversations"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Conversation),
    Operation::new(
        "deleteConversation",
        Method::DELETE,
        "/conversations/{conversation_id}",
        Scope::write("conversations"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Conversation)
    .deletes(),
    Operation::new(
        "updateConversation",
        Method::POST,
        "/conversations/{conversation_id}",
        Scope::write("conversations"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Conversation),
    // Completions
    Operation::new("createCompletion", Method::POST, "/completions", Scope::request("completions"))
        .body(BodyKind::Json, limit::JSON)
        .meter(Meter::Completion)
        .streams(),
    // Embeddings
    Operation::new("createEmbedding", Method::POST, "/embeddings", Scope::request("embeddings"))
        .body(BodyKind::Json, limit::JSON)
        .meter(Meter::Embeddings),
    // Moderations
    Operation::new("createModeration", Method::POST, "/moderations", Scope::request("moderations"))
        .body(BodyKind::Json, limit::JSON)
        .meter(Meter::Moderations),
    // Models
    Operation::new("listModels", Method::GET, "/models", Scope::read("model"))
        .body(BodyKind::None, limit::SMALL)
        .local(),
    Operation::new("retrieveModel", Method::GET, "/models/{model}", Scope::read("model"))
        .body(BodyKind::None, limit::SMALL)
        .local(),
    Operation::new("deleteModel", Method::DELETE, "/models/{model}", Scope::write("model"))
        .body(BodyKind::None, limit::SMALL)
        .names(FineTunedModel)
        .deletes(),
    // Images
    Operation::new("createImageEdit", Method::POST, "/images/edits", Scope::request("images"))
        .body(BodyKind::SpooledFormOrJson, limit::FILE)
        .meter(Meter::Images)
        .streams(),
    Operation::new("createImage", Method::POST, "/images/generations", Scope::request("images"))
        .body(BodyKind::Json, limit::JSON)
        .meter(Meter::Images)
        .streams(),
    Operation::new(
        "createImageVariation",
        Method::POST,
        "/images/variations",
        Scope::request("images"),
    )
    .body(BodyKind::SpooledForm, limit::FILE)
    .meter(Meter::Images),
    // Audio
    Operation::new("createSpeech", Method::POST, "/audio/speech", Scope::request("audio"))
        .body(BodyKind::Json, limit::JSON)
        .meter(Meter::Speech)
        .streams(),
    Operation::new(
        "createTranscription",
        Method::POST,
        "/audio/transcriptions",
        Scope::request("audio"),
    )
    .body(BodyKind::SpooledForm, limit::AUDIO)
    .meter(Meter::Transcription)
    .streams(),
    Operation::new(
        "createTranslation",
        Method::POST,
        "/audio/translations",
        Scope::request("audio"),
    )
    .body(BodyKind::SpooledForm, limit::AUDIO)
    .meter(Meter::Transcription),
    Operation::new(
        "createVoiceConsent",
        Method::POST,
        "/audio/voice_consents",
        Scope::write("audio"),
    )
    .body(BodyKind::SpooledForm, limit::AUDIO)
    .makes(VoiceConsent, "id"),
    Operation::new("listVoiceConsents", Method::GET, "/audio/voice_consents", Scope::read("audio"))
        .body(BodyKind::None, limit::SMALL)
        .lists(VoiceConsent),
    Operation::new(
        "getVoiceConsent",
        Method::GET,
        "/audio/voice_consents/{consent_id}",
        Scope::read("audio"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VoiceConsent),
    Operation::new(
        "updateVoiceConsent",
        Method::POST,
        "/audio/voice_consents/{consent_id}",
        Scope::write("audio"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(VoiceConsent),
    Operation::new(
        "deleteVoiceConsent",
        Method::DELETE,
        "/audio/voice_consents/{consent_id}",
        Scope::write("audio"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VoiceConsent)
    .deletes(),
    Operation::new("createVoice", Method::POST, "/audio/voices", Scope::write("audio"))
        .body(BodyKind::SpooledForm, limit::AUDIO)
        .makes(Voice, "id"),
    // Videos
    Operation::new("createVideo", Method::POST, "/videos", Scope::write("videos"))
        .body(BodyKind::SpooledFormOrJson, limit::FILE)
        .makes(Video, "id")
        .meter(Meter::Video),
    Operation::new("ListVideos", Method::GET, "/videos", Scope::read("videos"))
        .body(BodyKind::None, limit::SMALL)
        .lists(Video),
    Operation::new(
        "CreateVideoCharacter",
        Method::POST,
        "/videos/characters",
        Scope::write("videos"),
    )
    .body(BodyKind::SpooledForm, limit::FILE)
    .makes(VideoCharacter, "id"),
    Operation::new(
        "GetVideoCharacter",
        Method::GET,
        "/videos/characters/{character_id}",
        Scope::read("videos"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VideoCharacter),
    Operation::new("CreateVideoEdit", Method::POST, "/videos/edits", Scope::write("videos"))
        .body(BodyKind::SpooledFormOrJson, limit::FILE)
        .makes(Video, "id")
        .meter(Meter::Video),
    Operation::new("CreateVideoExtend", Method::POST, "/videos/extensions", Scope::write("videos"))
        .body(BodyKind::SpooledFormOrJson, limit::FILE)
        .makes(Video, "id")
        .meter(Meter::Video),
    Operation::new("GetVideo", Method::GET, "/videos/{video_id}", Scope::read("videos"))
        .body(BodyKind::None, limit::SMALL)
        .names(Video),
    Operation::new("DeleteVideo", Method::DELETE, "/videos/{video_id}", Scope::write("videos"))
        .body(BodyKind::None, limit::SMALL)
        .names(Video)
        .deletes(),
    Operation::new(
        "RetrieveVideoContent",
        Method::GET,
        "/videos/{video_id}/content",
        Scope::read("videos"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Video),
    Operation::new(
        "CreateVideoRemix",
        Method::POST,
        "/videos/{video_id}/remix",
        Scope::write("videos"),
    )
    .body(BodyKind::SpooledFormOrJson, limit::FILE)
    .names(Video)
    .makes(Video, "id")
    .meter(Meter::Video),
    // Files
    Operation::new("listFiles", Method::GET, "/files", Scope::read("files"))
        .body(BodyKind::None, limit::SMALL)
        .lists(File),
    Operation::new("createFile", Method::POST, "/files", Scope::write("files"))
        .body(BodyKind::Form, limit::FILE)
        .makes(File, "id"),
    Operation::new("deleteFile", Method::DELETE, "/files/{file_id}", Scope::write("files"))
        .body(BodyKind::None, limit::SMALL)
        .names(File)
        .deletes(),
    Operation::new("retrieveFile", Method::GET, "/files/{file_id}", Scope::read("files"))
        .body(BodyKind::None, limit::SMALL)
        .names(File),
    Operation::new("downloadFile", Method::GET, "/files/{file_id}/content", Scope::read("files"))
        .body(BodyKind::None, limit::SMALL)
        .names(File),
    // Uploads
    Operation::new("createUpload", Method::POST, "/uploads", Scope::write("files"))
        .body(BodyKind::Json, limit::JSON)
        .makes(Upload, "id"),
    Operation::new(
        "cancelUpload",
        Method::POST,
        "/uploads/{upload_id}/cancel",
        Scope::write("files"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Upload),
    Operation::new(
        "completeUpload",
        Method::POST,
        "/uploads/{upload_id}/complete",
        Scope::write("files"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Upload)
    .makes(File, "file.id"),
    Operation::new(
        "addUploadPart",
        Method::POST,
        "/uploads/{upload_id}/parts",
        Scope::write("files"),
    )
    .body(BodyKind::Form, limit::PART)
    .names(Upload),
    // Batches
    Operation::new("createBatch", Method::POST, "/batches", Scope::write("batches"))
        .body(BodyKind::Json, limit::JSON)
        .makes(Batch, "id")
        .meter(Meter::Job),
    Operation::new("listBatches", Method::GET, "/batches", Scope::read("batches"))
        .body(BodyKind::None, limit::SMALL)
        .lists(Batch),
    Operation::new("retrieveBatch", Method::GET, "/batches/{batch_id}", Scope::read("batches"))
        .body(BodyKind::None, limit::SMALL)
        .names(Batch),
    Operation::new(
        "cancelBatch",
        Method::POST,
        "/batches/{batch_id}/cancel",
        Scope::write("batches"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Batch),
    // Vector stores
    Operation::new("listVectorStores", Method::GET, "/vector_stores", Scope::read("vector_stores"))
        .body(BodyKind::None, limit::SMALL)
        .lists(VectorStore),
    Operation::new(
        "createVectorStore",
        Method::POST,
        "/vector_stores",
        Scope::write("vector_stores"),
    )
    .body(BodyKind::Json, limit::JSON)
    .makes(VectorStore, "id"),
    Operation::new(
        "getVectorStore",
        Method::GET,
        "/vector_stores/{vector_store_id}",
        Scope::read("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore),
    Operation::new(
        "modifyVectorStore",
        Method::POST,
        "/vector_stores/{vector_store_id}",
        Scope::write("vector_stores"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(VectorStore),
    Operation::new(
        "deleteVectorStore",
        Method::DELETE,
        "/vector_stores/{vector_store_id}",
        Scope::write("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore)
    .deletes(),
    Operation::new(
        "createVectorStoreFileBatch",
        Method::POST,
        "/vector_stores/{vector_store_id}/file_batches",
        Scope::write("vector_stores"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(VectorStore),
    Operation::new(
        "getVectorStoreFileBatch",
        Method::GET,
        "/vector_stores/{vector_store_id}/file_batches/{batch_id}",
        Scope::read("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore),
    Operation::new(
        "cancelVectorStoreFileBatch",
        Method::POST,
        "/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel",
        Scope::write("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore),
    Operation::new(
        "listFilesInVectorStoreBatch",
        Method::GET,
        "/vector_stores/{vector_store_id}/file_batches/{batch_id}/files",
        Scope::read("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore),
    Operation::new(
        "listVectorStoreFiles",
        Method::GET,
        "/vector_stores/{vector_store_id}/files",
        Scope::read("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore),
    Operation::new(
        "createVectorStoreFile",
        Method::POST,
        "/vector_stores/{vector_store_id}/files",
        Scope::write("vector_stores"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(VectorStore),
    Operation::new(
        "getVectorStoreFile",
        Method::GET,
        "/vector_stores/{vector_store_id}/files/{file_id}",
        Scope::read("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore),
    Operation::new(
        "deleteVectorStoreFile",
        Method::DELETE,
        "/vector_stores/{vector_store_id}/files/{file_id}",
        Scope::write("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore),
    Operation::new(
        "updateVectorStoreFileAttributes",
        Method::POST,
        "/vector_stores/{vector_store_id}/files/{file_id}",
        Scope::write("vector_stores"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(VectorStore),
    Operation::new(
        "retrieveVectorStoreFileContent",
        Method::GET,
        "/vector_stores/{vector_store_id}/files/{file_id}/content",
        Scope::read("vector_stores"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(VectorStore),
    Operation::new(
        "searchVectorStore",
        Method::POST,
        "/vector_stores/{vector_store_id}/search",
        Scope::read("vector_stores"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(VectorStore),
    // Fine-tuning
    Operation::new(
        "runGrader",
        Method::POST,
        "/fine_tuning/alpha/graders/run",
        Scope::write("fine_tuning"),
    )
    .body(BodyKind::Json, limit::JSON)
    .meter(Meter::Job),
    Operation::new(
        "validateGrader",
        Method::POST,
        "/fine_tuning/alpha/graders/validate",
        Scope::write("fine_tuning"),
    )
    .body(BodyKind::Json, limit::JSON),
    Operation::new(
        "listFineTuningCheckpointPermissions",
        Method::GET,
        "/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions",
        Scope::read("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(FineTunedModel),
    Operation::new(
        "createFineTuningCheckpointPermission",
        Method::POST,
        "/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions",
        Scope::write("fine_tuning"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(FineTunedModel),
    Operation::new(
        "deleteFineTuningCheckpointPermission",
        Method::DELETE,
        "/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions/{permission_id}",
        Scope::write("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(FineTunedModel),
    Operation::new(
        "createFineTuningJob",
        Method::POST,
        "/fine_tuning/jobs",
        Scope::write("fine_tuning"),
    )
    .body(BodyKind::Json, limit::JSON)
    .makes(FineTuningJob, "id")
    .meter(Meter::Job),
    Operation::new(
        "listPaginatedFineTuningJobs",
        Method::GET,
        "/fine_tuning/jobs",
        Scope::read("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .lists(FineTuningJob),
    Operation::new(
        "retrieveFineTuningJob",
        Method::GET,
        "/fine_tuning/jobs/{fine_tuning_job_id}",
        Scope::read("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(FineTuningJob),
    Operation::new(
        "cancelFineTuningJob",
        Method::POST,
        "/fine_tuning/jobs/{fine_tuning_job_id}/cancel",
        Scope::write("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(FineTuningJob),
    Operation::new(
        "listFineTuningJobCheckpoints",
        Method::GET,
        "/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints",
        Scope::read("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(FineTuningJob),
    Operation::new(
        "listFineTuningEvents",
        Method::GET,
        "/fine_tuning/jobs/{fine_tuning_job_id}/events",
        Scope::read("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(FineTuningJob),
    Operation::new(
        "pauseFineTuningJob",
        Method::POST,
        "/fine_tuning/jobs/{fine_tuning_job_id}/pause",
        Scope::write("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(FineTuningJob),
    Operation::new(
        "resumeFineTuningJob",
        Method::POST,
        "/fine_tuning/jobs/{fine_tuning_job_id}/resume",
        Scope::write("fine_tuning"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(FineTuningJob),
    // Evals
    Operation::new("listEvals", Method::GET, "/evals", Scope::read("evals"))
        .body(BodyKind::None, limit::SMALL)
        .lists(Eval),
    Operation::new("createEval", Method::POST, "/evals", Scope::write("evals"))
        .body(BodyKind::Json, limit::JSON)
        .makes(Eval, "id"),
    Operation::new("getEval", Method::GET, "/evals/{eval_id}", Scope::read("evals"))
        .body(BodyKind::None, limit::SMALL)
        .names(Eval),
    Operation::new("updateEval", Method::POST, "/evals/{eval_id}", Scope::write("evals"))
        .body(BodyKind::Json, limit::JSON)
        .names(Eval),
    Operation::new("deleteEval", Method::DELETE, "/evals/{eval_id}", Scope::write("evals"))
        .body(BodyKind::None, limit::SMALL)
        .names(Eval)
        .deletes(),
    Operation::new("getEvalRuns", Method::GET, "/evals/{eval_id}/runs", Scope::read("evals"))
        .body(BodyKind::None, limit::SMALL)
        .names(Eval),
    Operation::new("createEvalRun", Method::POST, "/evals/{eval_id}/runs", Scope::write("evals"))
        .body(BodyKind::Json, limit::JSON)
        .names(Eval)
        .meter(Meter::Job),
    Operation::new(
        "getEvalRun",
        Method::GET,
        "/evals/{eval_id}/runs/{run_id}",
        Scope::read("evals"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Eval),
    Operation::new(
        "cancelEvalRun",
        Method::POST,
        "/evals/{eval_id}/runs/{run_id}",
        Scope::write("evals"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Eval),
    Operation::new(
        "deleteEvalRun",
        Method::DELETE,
        "/evals/{eval_id}/runs/{run_id}",
        Scope::write("evals"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Eval),
    Operation::new(
        "getEvalRunOutputItems",
        Method::GET,
        "/evals/{eval_id}/runs/{run_id}/output_items",
        Scope::read("evals"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Eval),
    Operation::new(
        "getEvalRunOutputItem",
        Method::GET,
        "/evals/{eval_id}/runs/{run_id}/output_items/{output_item_id}",
        Scope::read("evals"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Eval),
    // Containers
    Operation::new("ListContainers", Method::GET, "/containers", Scope::read("containers"))
        .body(BodyKind::None, limit::SMALL)
        .lists(Container),
    Operation::new("CreateContainer", Method::POST, "/containers", Scope::write("containers"))
        .body(BodyKind::Json, limit::JSON)
        .makes(Container, "id"),
    Operation::new(
        "RetrieveContainer",
        Method::GET,
        "/containers/{container_id}",
        Scope::read("containers"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Container),
    Operation::new(
        "DeleteContainer",
        Method::DELETE,
        "/containers/{container_id}",
        Scope::write("containers"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Container)
    .deletes(),
    Operation::new(
        "CreateContainerFile",
        Method::POST,
        "/containers/{container_id}/files",
        Scope::write("containers"),
    )
    .body(BodyKind::SpooledFormOrJson, limit::FILE)
    .names(Container),
    Operation::new(
        "ListContainerFiles",
        Method::GET,
        "/containers/{container_id}/files",
        Scope::read("containers"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Container),
    Operation::new(
        "RetrieveContainerFile",
        Method::GET,
        "/containers/{container_id}/files/{file_id}",
        Scope::read("containers"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Container),
    Operation::new(
        "DeleteContainerFile",
        Method::DELETE,
        "/containers/{container_id}/files/{file_id}",
        Scope::write("containers"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Container),
    Operation::new(
        "RetrieveContainerFileContent",
        Method::GET,
        "/containers/{container_id}/files/{file_id}/content",
        Scope::read("containers"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Container),
    // Skills
    Operation::new("CreateSkill", Method::POST, "/skills", Scope::write("skills"))
        .body(BodyKind::SpooledFormOrJson, limit::FILE)
        .makes(Skill, "id"),
    Operation::new("ListSkills", Method::GET, "/skills", Scope::read("skills"))
        .body(BodyKind::None, limit::SMALL)
        .lists(Skill),
    Operation::new("DeleteSkill", Method::DELETE, "/skills/{skill_id}", Scope::write("skills"))
        .body(BodyKind::None, limit::SMALL)
        .names(Skill)
        .deletes(),
    Operation::new("GetSkill", Method::GET, "/skills/{skill_id}", Scope::read("skills"))
        .body(BodyKind::None, limit::SMALL)
        .names(Skill),
    Operation::new(
        "UpdateSkillDefaultVersion",
        Method::POST,
        "/skills/{skill_id}",
        Scope::write("skills"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Skill),
    Operation::new(
        "GetSkillContent",
        Method::GET,
        "/skills/{skill_id}/content",
        Scope::read("skills"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Skill),
    Operation::new(
        "CreateSkillVersion",
        Method::POST,
        "/skills/{skill_id}/versions",
        Scope::write("skills"),
    )
    .body(BodyKind::SpooledFormOrJson, limit::FILE)
    .names(Skill),
    Operation::new(
        "ListSkillVersions",
        Method::GET,
        "/skills/{skill_id}/versions",
        Scope::read("skills"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Skill),
    Operation::new(
        "GetSkillVersion",
        Method::GET,
        "/skills/{skill_id}/versions/{version}",
        Scope::read("skills"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Skill),
    Operation::new(
        "DeleteSkillVersion",
        Method::DELETE,
        "/skills/{skill_id}/versions/{version}",
        Scope::write("skills"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Skill),
    Operation::new(
        "GetSkillVersionContent",
        Method::GET,
        "/skills/{skill_id}/versions/{version}/content",
        Scope::read("skills"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Skill),
    // Realtime
    Operation::new(
        "create-realtime-call",
        Method::POST,
        "/realtime/calls",
        Scope::request("realtime"),
    )
    .body(BodyKind::SdpOrForm, limit::SMALL)
    .makes(RealtimeCall, "Location")
    .meter(Meter::Escapes),
    Operation::new(
        "accept-realtime-call",
        Method::POST,
        "/realtime/calls/{call_id}/accept",
        Scope::request("realtime"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(RealtimeCall)
    .meter(Meter::Escapes),
    Operation::new(
        "hangup-realtime-call",
        Method::POST,
        "/realtime/calls/{call_id}/hangup",
        Scope::request("realtime"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(RealtimeCall),
    Operation::new(
        "refer-realtime-call",
        Method::POST,
        "/realtime/calls/{call_id}/refer",
        Scope::request("realtime"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(RealtimeCall),
    Operation::new(
        "reject-realtime-call",
        Method::POST,
        "/realtime/calls/{call_id}/reject",
        Scope::request("realtime"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(RealtimeCall),
    Operation::new(
        "create-realtime-client-secret",
        Method::POST,
        "/realtime/client_secrets",
        Scope::request("realtime"),
    )
    .body(BodyKind::Json, limit::JSON)
    .meter(Meter::Escapes),
    Operation::new(
        "create-realtime-session",
        Method::POST,
        "/realtime/sessions",
        Scope::request("realtime"),
    )
    .body(BodyKind::Json, limit::JSON)
    .meter(Meter::Escapes),
    Operation::new(
        "create-realtime-transcription-session",
        Method::POST,
        "/realtime/transcription_sessions",
        Scope::request("realtime"),
    )
    .body(BodyKind::Json, limit::JSON)
    .meter(Meter::Escapes),
    Operation::new(
        "create-realtime-translation-client-secret",
        Method::POST,
        "/realtime/translations/client_secrets",
        Scope::request("realtime"),
    )
    .body(BodyKind::Json, limit::JSON)
    .meter(Meter::Escapes),
    // Assistants, threads, runs
    Operation::new("listAssistants", Method::GET, "/assistants", Scope::read("assistants"))
        .body(BodyKind::None, limit::SMALL)
        .lists(Assistant),
    Operation::new("createAssistant", Method::POST, "/assistants", Scope::write("assistants"))
        .body(BodyKind::Json, limit::JSON)
        .makes(Assistant, "id"),
    Operation::new(
        "getAssistant",
        Method::GET,
        "/assistants/{assistant_id}",
        Scope::read("assistants"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Assistant),
    Operation::new(
        "modifyAssistant",
        Method::POST,
        "/assistants/{assistant_id}",
        Scope::write("assistants"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Assistant),
    Operation::new(
        "deleteAssistant",
        Method::DELETE,
        "/assistants/{assistant_id}",
        Scope::write("assistants"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Assistant)
    .deletes(),
    Operation::new("createThread", Method::POST, "/threads", Scope::write("threads"))
        .body(BodyKind::Json, limit::JSON)
        .makes(Thread, "id"),
    Operation::new("createThreadAndRun", Method::POST, "/threads/runs", Scope::write("threads"))
        .body(BodyKind::Json, limit::JSON)
        .makes(Thread, "thread_id")
        .meter(Meter::Run)
        .streams(),
    Operation::new("getThread", Method::GET, "/threads/{thread_id}", Scope::read("threads"))
        .body(BodyKind::None, limit::SMALL)
        .names(Thread),
    Operation::new("modifyThread", Method::POST, "/threads/{thread_id}", Scope::write("threads"))
        .body(BodyKind::Json, limit::JSON)
        .names(Thread),
    Operation::new("deleteThread", Method::DELETE, "/threads/{thread_id}", Scope::write("threads"))
        .body(BodyKind::None, limit::SMALL)
        .names(Thread)
        .deletes(),
    Operation::new(
        "listMessages",
        Method::GET,
        "/threads/{thread_id}/messages",
        Scope::read("threads"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Thread),
    Operation::new(
        "createMessage",
        Method::POST,
        "/threads/{thread_id}/messages",
        Scope::write("threads"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Thread),
    Operation::new(
        "getMessage",
        Method::GET,
        "/threads/{thread_id}/messages/{message_id}",
        Scope::read("threads"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Thread),
    Operation::new(
        "modifyMessage",
        Method::POST,
        "/threads/{thread_id}/messages/{message_id}",
        Scope::write("threads"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Thread),
    Operation::new(
        "deleteMessage",
        Method::DELETE,
        "/threads/{thread_id}/messages/{message_id}",
        Scope::write("threads"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Thread),
    Operation::new("listRuns", Method::GET, "/threads/{thread_id}/runs", Scope::read("threads"))
        .body(BodyKind::None, limit::SMALL)
        .names(Thread),
    Operation::new("createRun", Method::POST, "/threads/{thread_id}/runs", Scope::write("threads"))
        .body(BodyKind::Json, limit::JSON)
        .names(Thread)
        .meter(Meter::Run)
        .streams(),
    Operation::new(
        "getRun",
        Method::GET,
        "/threads/{thread_id}/runs/{run_id}",
        Scope::read("threads"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Thread),
    Operation::new(
        "modifyRun",
        Method::POST,
        "/threads/{thread_id}/runs/{run_id}",
        Scope::write("threads"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Thread),
    Operation::new(
        "cancelRun",
        Method::POST,
        "/threads/{thread_id}/runs/{run_id}/cancel",
        Scope::write("threads"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Thread),
    Operation::new(
        "listRunSteps",
        Method::GET,
        "/threads/{thread_id}/runs/{run_id}/steps",
        Scope::read("threads"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Thread),
    Operation::new(
        "getRunStep",
        Method::GET,
        "/threads/{thread_id}/runs/{run_id}/steps/{step_id}",
        Scope::read("threads"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(Thread),
    Operation::new(
        "submitToolOuputsToRun",
        Method::POST,
        "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs",
        Scope::write("threads"),
    )
    .body(BodyKind::Json, limit::JSON)
    .names(Thread)
    .meter(Meter::Run)
    .streams(),
    // ChatKit
    Operation::new(
        "CancelChatSessionMethod",
        Method::POST,
        "/chatkit/sessions/{session_id}/cancel",
        Scope::write("chatkit"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(ChatkitSession),
    Operation::new(
        "CreateChatSessionMethod",
        Method::POST,
        "/chatkit/sessions",
        Scope::write("chatkit"),
    )
    .body(BodyKind::Json, limit::JSON)
    .makes(ChatkitSession, "id")
    .meter(Meter::Escapes),
    Operation::new(
        "ListThreadItemsMethod",
        Method::GET,
        "/chatkit/threads/{thread_id}/items",
        Scope::read("chatkit"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(ChatkitThread),
    Operation::new(
        "GetThreadMethod",
        Method::GET,
        "/chatkit/threads/{thread_id}",
        Scope::read("chatkit"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(ChatkitThread),
    Operation::new(
        "DeleteThreadMethod",
        Method::DELETE,
        "/chatkit/threads/{thread_id}",
        Scope::write("chatkit"),
    )
    .body(BodyKind::None, limit::SMALL)
    .names(ChatkitThread)
    .deletes(),
    Operation::new("ListThreadsMethod", Method::GET, "/chatkit/threads", Scope::read("chatkit"))
        .body(BodyKind::None, limit::SMALL)
        .lists(ChatkitThread),
    // Content provenance
    Operation::new(
        "Createcontentprovenancecheck",
        Method::POST,
        "/content_provenance_checks",
        Scope::request("content_provenance"),
    )
    .body(BodyKind::SpooledForm, limit::FILE),
];
