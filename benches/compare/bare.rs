//! The bare loop: what any audit of one workspace costs at the least.
//!
//! It sends the requests that our program sends, one after the other, parses each answer in one go into derived types
//! that borrow from it, and writes the rows of `dependents.csv` as they come. It doubts nothing, sorts nothing, tries
//! nothing twice, remembers nothing and explains nothing. That is what our program is measured against.
//!
//! `bare BASE_URL FILE`, the key in `ELEVENLABS_API_KEY`.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    error::Error,
    io::Write,
};

use reqwest::{Client, Url};
use serde::{Deserialize, de::DeserializeOwned};

type Outcome<T> = Result<T, Box<dyn Error>>;

const HEADER: [&str; 15] = [
    "workspace",
    "secret_id",
    "secret_name",
    "verdict",
    "dependent_type",
    "dependent_id",
    "dependent_name",
    "visibility",
    "access_level",
    "relation",
    "via",
    "provider",
    "phone_number",
    "created_at",
    "source",
];
/// The limits of our program's two walks.
const LIMITS: [usize; 2] = [20, 100];

/// Text that is borrowed where JSON has nothing escaped in it, also within lists and options.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct SecretPage<'a> {
    #[serde(borrow)]
    secrets: Vec<Secret<'a>>,
    #[serde(borrow)]
    next_cursor: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Secret<'a> {
    #[serde(borrow)]
    secret_id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    used_by: UsedBy<'a>,
}

#[derive(Deserialize)]
struct UsedBy<'a> {
    #[serde(borrow)]
    tools: Vec<Dependent<'a>>,
    #[serde(default)]
    tools_has_more: bool,
    #[serde(borrow)]
    agents: Vec<Dependent<'a>>,
    #[serde(default)]
    agents_has_more: bool,
    #[serde(borrow, default)]
    phone_numbers: Vec<Dependent<'a>>,
    #[serde(default)]
    phone_numbers_has_more: bool,
    #[serde(borrow, default)]
    mcp_servers: Vec<Dependent<'a>>,
    #[serde(borrow)]
    others: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct DependenciesPage<'a> {
    #[serde(borrow)]
    dependencies: Vec<Dependent<'a>>,
    #[serde(borrow)]
    next_cursor: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Dependent<'a> {
    #[serde(borrow, rename = "type")]
    visibility: Option<Text<'a>>,
    #[serde(borrow, alias = "phone_number_id")]
    id: Text<'a>,
    #[serde(borrow, alias = "label")]
    name: Option<Text<'a>>,
    created_at_unix_secs: Option<i64>,
    #[serde(borrow)]
    access_level: Option<Text<'a>>,
    #[serde(borrow, default)]
    referenced_resource_ids: Vec<Text<'a>>,
    #[serde(borrow)]
    phone_number: Option<Text<'a>>,
    #[serde(borrow)]
    provider: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct VariablePage {
    environment_variables: Vec<Variable>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Variable {
    id: String,
    label: String,
    values: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct EnginePage {
    speech_engines: Vec<EngineSummary>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct EngineSummary {
    speech_engine_id: String,
    name: String,
}

#[derive(Deserialize)]
struct Engine {
    speech_engine: Headers,
}

#[derive(Deserialize)]
struct Headers {
    request_headers: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Servers {
    mcp_servers: Vec<Server>,
}

#[derive(Deserialize)]
struct Server {
    id: String,
    config: ServerConfig,
}

#[derive(Deserialize)]
struct ServerConfig {
    url: Value,
    secret_token: Option<Value>,
    request_headers: BTreeMap<String, Value>,
    request_meta: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Settings {
    conversation_initiation_client_data_webhook: Option<Headers>,
}

/// A place that holds a secret, or something else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Secret { secret_id: String },
    Other(serde::de::IgnoredAny),
}

/// A row that a document gives.
struct Held {
    kind: &'static str,
    id: String,
    name: String,
    via: String,
    source: &'static str,
}

/// What the documents hold: rows by secret, and pairs of MCP server and secret, which have rows already.
#[derive(Default)]
struct Scans {
    rows: HashMap<String, Vec<Held>>,
    servers: HashMap<String, Vec<String>>,
}

struct Loop<W: Write> {
    http: Client,
    base_url: Url,
    key: String,
    sheet: csv::Writer<W>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base_url, file] = arguments.as_slice() else { return Err("usage: bare BASE_URL FILE".into()) };
    let mut sheet = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(std::io::BufWriter::new(fs_err::File::create(file)?));
    sheet.write_record(HEADER)?;
    let http = Client::builder().no_proxy().build()?;
    let key = std::env::var("ELEVENLABS_API_KEY")?;
    let mut bare = Loop { http, base_url: base_url.parse()?, key, sheet };
    let scans = bare.scan().await?;
    let mut cursor = None;
    loop {
        let body = bare.secrets(LIMITS[0], cursor.as_deref()).await?;
        let page: SecretPage<'_> = serde_json::from_slice(&body)?;
        if page.secrets.iter().any(|secret| secret.used_by.is_cut(LIMITS[0])) {
            let body = bare.secrets(LIMITS[1], cursor.as_deref()).await?;
            let page: SecretPage<'_> = serde_json::from_slice(&body)?;
            bare.write_page(&page, &scans).await?;
        } else {
            bare.write_page(&page, &scans).await?;
        }
        match page.next_cursor {
            Some(next) => cursor = Some(next.0.into_owned()),
            None => break,
        }
    }
    bare.sheet.flush()?;
    Ok(())
}

impl UsedBy<'_> {
    fn is_cut(&self, limit: usize) -> bool {
        self.tools_has_more
            || self.agents_has_more
            || self.phone_numbers_has_more
            || self.mcp_servers.len() >= limit
            || self.others.len() >= limit
    }
}

impl<W: Write> Loop<W> {
    async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Outcome<Vec<u8>> {
        let request = self.http.get(self.base_url.join(path)?).header("xi-api-key", &self.key);
        Ok(request.query(parameters).send().await?.error_for_status()?.bytes().await?.into())
    }

    async fn read<T: DeserializeOwned>(&self, path: &str, parameters: &[(&str, &str)]) -> Outcome<T> {
        Ok(serde_json::from_slice(&self.get(path, parameters).await?)?)
    }

    async fn secrets(&self, limit: usize, cursor: Option<&str>) -> Outcome<Vec<u8>> {
        let limit = limit.to_string();
        let parameters = [("page_size", "100"), ("dependency_limit", &limit)];
        let parameters: Vec<_> = parameters.into_iter().chain(cursor.map(|at| ("cursor", at))).collect();
        self.get("v1/convai/secrets", &parameters).await
    }

    async fn scan(&self) -> Outcome<Scans> {
        let mut scans = Scans::default();
        let mut cursor: Option<String> = None;
        loop {
            let parameters = [("type", "secret"), ("page_size", "100")];
            let parameters: Vec<_> =
                parameters.into_iter().chain(cursor.as_deref().map(|at| ("cursor", at))).collect();
            let page: VariablePage = self.read("v1/convai/environment-variables", &parameters).await?;
            for Variable { id, label, values } in page.environment_variables {
                scans.hold("environment_variable", "environment_variables", &id, &label, values, true);
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        loop {
            let parameters: Vec<_> = [("page_size", "100")]
                .into_iter()
                .chain(cursor.as_deref().map(|at| ("cursor", at)))
                .collect();
            let page: EnginePage = self.read("v1/speech-engine", &parameters).await?;
            for EngineSummary { speech_engine_id: id, name } in page.speech_engines {
                let engine: Engine = self.read(&format!("v1/speech-engine/{id}"), &[]).await?;
                let headers = engine.speech_engine.request_headers;
                scans.hold("speech_engine", "speech_engines", &id, &name, headers, false);
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let servers: Servers = self.read("v1/convai/mcp-servers", &[]).await?;
        for Server { id, config } in servers.mcp_servers {
            let places = [Some(config.url), config.secret_token].into_iter().flatten();
            let places = places.chain(config.request_headers.into_values());
            for place in places.chain(config.request_meta.into_values()) {
                if let Value::Secret { secret_id } = place {
                    scans.servers.entry(id.clone()).or_default().push(secret_id);
                }
            }
        }
        let settings: Settings = self.read("v1/convai/settings", &[]).await?;
        let webhook = settings.conversation_initiation_client_data_webhook;
        for (header, value) in webhook.into_iter().flat_map(|webhook| webhook.request_headers) {
            let id = format!("conversation_initiation_client_data_webhook.request_headers.{header}");
            scans.hold("setting", "settings", &id, "", BTreeMap::from([(header, value)]), false);
        }
        Ok(scans)
    }

    async fn write_page(&mut self, page: &SecretPage<'_>, scans: &Scans) -> Outcome<()> {
        for secret in &page.secrets {
            let (id, used_by) = (&*secret.secret_id.0, &secret.used_by);
            let mut rows = self.write_list(secret, "tool", &used_by.tools, used_by.tools_has_more).await?;
            rows += self.write_list(secret, "agent", &used_by.agents, used_by.agents_has_more).await?;
            let more_numbers = used_by.phone_numbers_has_more;
            rows += self.write_list(secret, "phone_number", &used_by.phone_numbers, more_numbers).await?;
            for server in &used_by.mcp_servers {
                let found =
                    scans.servers.get(&*server.id.0).is_some_and(|held| held.iter().any(|one| one == id));
                let source = if found { "used_by;mcp_servers" } else { "used_by" };
                self.write_dependent(secret, "mcp_server", server, source)?;
            }
            for other in &used_by.others {
                let id = &other.0;
                self.write(secret, ["other", id, "", "available", "", "direct", "", "", "", "", "used_by"])?;
            }
            let held = scans.rows.get(id).map_or(&[][..], Vec::as_slice);
            for Held { kind, id, name, via, source } in held {
                self.write(secret, [kind, id, name, "available", "", "direct", via, "", "", "", source])?;
            }
            rows += used_by.mcp_servers.len() + used_by.others.len() + held.len();
            if rows == 0 {
                let again = self.get(&format!("v1/convai/secrets/{id}"), &[]).await?;
                let again: Secret<'_> = serde_json::from_slice(&again)?;
                let verdict = if again.used_by.is_cut(1) { "in_use" } else { "unused" };
                let (name, nothing) = (&*secret.name.0, [""; HEADER.len() - 4]);
                self.sheet.write_record(["default", id, name, verdict].into_iter().chain(nothing))?;
            }
        }
        Ok(())
    }

    /// Writes a list as it stands, or paged to its end where it is cut. How many rows.
    async fn write_list(
        &mut self,
        secret: &Secret<'_>,
        kind: &str,
        list: &[Dependent<'_>],
        cut: bool,
    ) -> Outcome<usize> {
        if !cut {
            for dependent in list {
                self.write_dependent(secret, kind, dependent, "used_by")?;
            }
            return Ok(list.len());
        }
        let path = format!("v1/convai/secrets/{}/dependencies/{kind}s", secret.secret_id.0);
        let (mut rows, mut cursor) = (0, None::<String>);
        loop {
            let parameters: Vec<_> = [("page_size", "100")]
                .into_iter()
                .chain(cursor.as_deref().map(|at| ("cursor", at)))
                .collect();
            let body = self.get(&path, &parameters).await?;
            let page: DependenciesPage<'_> = serde_json::from_slice(&body)?;
            for dependent in &page.dependencies {
                let source = if rows < LIMITS[1] { "used_by;dependencies" } else { "dependencies" };
                self.write_dependent(secret, kind, dependent, source)?;
                rows += 1;
            }
            match page.next_cursor {
                Some(next) => cursor = Some(next.0.into_owned()),
                None => return Ok(rows),
            }
        }
    }

    fn write_dependent(
        &mut self,
        secret: &Secret<'_>,
        kind: &str,
        dependent: &Dependent<'_>,
        source: &str,
    ) -> Outcome<()> {
        fn text<'t>(text: &'t Option<Text<'_>>) -> &'t str {
            text.as_ref().map_or("", |text| &text.0)
        }
        let via: Vec<&str> = dependent.referenced_resource_ids.iter().map(|via| &*via.0).collect();
        let relation = if via.is_empty() { "direct" } else { "transitive" };
        let visibility = dependent.visibility.as_ref().map_or("available", |text| &text.0);
        let created = dependent.created_at_unix_secs.and_then(|at| chrono::DateTime::from_timestamp(at, 0));
        let created = created.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        let created = created.unwrap_or_default();
        let row = [
            kind,
            &dependent.id.0,
            text(&dependent.name),
            visibility,
            text(&dependent.access_level),
            relation,
            &via.join(";"),
            text(&dependent.provider),
            text(&dependent.phone_number),
            &created,
            source,
        ];
        self.write(secret, row)
    }

    fn write(&mut self, secret: &Secret<'_>, row: [&str; 11]) -> Outcome<()> {
        let secret = ["default", &*secret.secret_id.0, &*secret.name.0, "in_use"];
        Ok(self.sheet.write_record(secret.into_iter().chain(row))?)
    }
}

impl Scans {
    fn hold(
        &mut self,
        kind: &'static str,
        source: &'static str,
        id: &str,
        name: &str,
        values: BTreeMap<String, Value>,
        named: bool,
    ) {
        for (place, value) in values {
            if let Value::Secret { secret_id } = value {
                let (id, name, via) =
                    (id.to_owned(), name.to_owned(), if named { place } else { String::new() });
                self.rows.entry(secret_id).or_default().push(Held { kind, id, name, via, source });
            }
        }
    }
}
