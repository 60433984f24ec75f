//! Where references to secrets stand in each document: the public OpenAPI document, cut down to what leads there. Of places
//! that only the rest of the vendor's documentation names, the keys are known wherever they stand.
//!
//! A key of a map is a name that somebody chose, such as that of a header. So it says nothing of what stands under it, even
//! where it is `secret_id`.

/// What the document says of a value.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Anything. Objects in it may be locators; their keys are looked up in [`known_anywhere`].
    Any,
    /// An object of which these fields are known. Any other may be added.
    Object(&'static [Field]),
    /// A list of such elements.
    List(&'static Shape),
    /// An object whose keys are names.
    Map(&'static Shape),
    /// A text, or an object that points to one: a secret, an environment variable, a dynamic variable, an auth connection.
    TextOrLocator,
    /// An object that points to a text.
    Locator,
    /// An object that may be a locator, or another.
    LocatorOrObject,
}

/// One field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Whether it has to be there.
    pub(super) is_required: bool,
    /// Whether it may be null.
    pub(super) is_nullable: bool,
}

const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, is_required: true, is_nullable: false }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, is_required: false, is_nullable: false }
}

const fn nullable(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, is_required: false, is_nullable: true }
}

const HEADERS: Shape = Shape::Map(&Shape::TextOrLocator);

/// `ConversationInitiationClientDataWebhook`
const WEBHOOK: Shape = Shape::Object(&[required("url", Shape::Any), required("request_headers", HEADERS)]);

const API_SCHEMA: Shape = Shape::Object(&[required("url", Shape::Any), optional("request_headers", HEADERS)]);

const CUSTOM_LLM: Shape =
    Shape::Object(&[nullable("api_key", Shape::Locator), optional("request_headers", HEADERS)]);

/// `EnvironmentVariableResponse`
pub(crate) const ENVIRONMENT_VARIABLE: &[Field] = &[required("values", Shape::Map(&Shape::TextOrLocator))];

/// An element of `GET /v1/convai/mcp-servers`.
pub(crate) const MCP_SERVER: &[Field] = &[required(
    "config",
    Shape::Object(&[
        required("url", Shape::TextOrLocator),
        required("name", Shape::Any),
        nullable("secret_token", Shape::LocatorOrObject),
        optional("request_headers", HEADERS),
        optional("request_meta", Shape::Map(&Shape::Any)),
    ]),
)];

/// An element of `GET /v1/convai/tools`.
pub(crate) const TOOL: &[Field] = &[required(
    "tool_config",
    Shape::Object(&[required("name", Shape::Any), optional("api_schema", API_SCHEMA)]),
)];

/// `GET /v1/speech-engine/{speech_engine_id}`
pub(crate) const SPEECH_ENGINE: &[Field] = &[required(
    "speech_engine",
    Shape::Object(&[required("ws_url", Shape::Any), optional("request_headers", HEADERS)]),
)];

/// `GetConvAISettingsResponseModel`, of which nothing is required.
pub(crate) const SETTINGS: &[Field] = &[
    nullable("conversation_initiation_client_data_webhook", WEBHOOK),
    optional("webhooks", Shape::Object(&[optional("events", Shape::List(&Shape::Any))])),
];

/// `GET /v1/convai/agents/{agent_id}`
pub(crate) const AGENT: &[Field] = &[
    required(
        "conversation_config",
        Shape::Object(&[optional(
            "agent",
            Shape::Object(&[optional(
                "prompt",
                Shape::Object(&[
                    nullable("custom_llm", CUSTOM_LLM),
                    optional(
                        "tools",
                        Shape::List(&Shape::Object(&[
                            required("name", Shape::Any),
                            optional("api_schema", API_SCHEMA),
                        ])),
                    ),
                ]),
            )]),
        )]),
    ),
    optional("platform_settings", Shape::Object(&[])),
    optional("workflow", Shape::Object(&[optional("nodes", Shape::Map(&Shape::Any))])),
];

/// What only names what is listed: nothing in it is known to hold a reference.
pub(crate) const SUMMARY: &[Field] = &[];

/// What these keys hold wherever they stand. In a place that the document doesn't show it is told by its key, and not held
/// against the place where it has another shape.
pub(super) fn known_anywhere(key: &str) -> Option<&'static Shape> {
    match key {
        "request_headers" => Some(&HEADERS),
        "custom_llm" => Some(&CUSTOM_LLM),
        "api_schema" => Some(&API_SCHEMA),
        "conversation_initiation_client_data_webhook" => Some(&WEBHOOK),
        "request_meta"
        | "values"
        | "properties"
        | "input_overrides"
        | "dynamic_variable_placeholders"
        | "nodes"
        | "edges"
        | "procedures"
        | "headers"
        | "query_params"
        | "path_params"
        | "attributes_to_headers" => Some(&Shape::Map(&Shape::Any)),
        _ => None,
    }
}
