//! Which secrets the demo has, and how much uses each: the odd ones one by one, the rest in a round.

use super::{
    names::Area::{self, *},
    vendors::VENDORS,
};

/// Held by a branch of an agent.
pub(super) const ON_A_BRANCH: &str = "crm-spring-campaign";
/// Held by a branch that is archived and can be brought back.
pub(super) const ON_AN_ARCHIVED_BRANCH: &str = "easter-promotion-voucher-key";
/// Read by the code of a tool.
pub(super) const IN_CODE: &str = "vat-validation-licence-key";

/// These, of which `used_by` says nothing.
const ELSEWHERE: [&str; 3] = [ON_A_BRANCH, ON_AN_ARCHIVED_BRANCH, IN_CODE];

/// A secret to be made, with how many users of each kind it gets.
#[derive(Clone, Debug)]
pub(super) struct Intention {
    pub(super) name: String,
    pub(super) vendor: &'static str,
    pub(super) area: Area,
    pub(super) uses: Uses,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses {
    /// Tools that hold the secret.
    pub(super) tools: usize,
    /// Agents that hold it in their own configuration.
    pub(super) direct_agents: usize,
    /// Agents that use one or more of those tools.
    pub(super) transitive_agents: usize,
    pub(super) phone_numbers: usize,
    pub(super) provider: &'static str,
    pub(super) mcp_servers: usize,
    /// The webhook at the start of a conversation holds it.
    pub(super) webhook: bool,
    /// What the key may not see.
    pub(super) unknown_tools: usize,
    pub(super) unknown_agents: usize,
    pub(super) unknown_mcp_servers: usize,
}

/// What nothing uses, and what only an environment variable, a speech engine (see `settings`), a branch or a code tool
/// uses (see `elsewhere`).
const NOTHING: Uses = Uses {
    tools: 0,
    direct_agents: 0,
    transitive_agents: 0,
    phone_numbers: 0,
    provider: "",
    mcp_servers: 0,
    webhook: false,
    unknown_tools: 0,
    unknown_agents: 0,
    unknown_mcp_servers: 0,
};
const A_TOOL: Uses = Uses { tools: 1, transitive_agents: 1, ..NOTHING };

/// Name, vendor, area, uses. The language models stand first, so that each finds agents without another one.
const NOTABLE: &[(&str, &str, Area, Uses)] = &[
    // More agents than the highest limit shows: only the dependencies endpoint comes to its end.
    (
        "openai-api-key-production",
        "openai",
        Language,
        Uses { tools: 3, direct_agents: 118, transitive_agents: 16, unknown_agents: 3, ..NOTHING },
    ),
    ("azure-openai-key-eu", "azure-openai", Language, Uses { tools: 1, direct_agents: 46, ..NOTHING }),
    ("anthropic-api-key-production", "anthropic", Language, Uses { tools: 2, direct_agents: 28, ..NOTHING }),
    // Lists that the first limit cuts and the higher one shows whole.
    ("conversation-events-token", "events", Data, Uses { direct_agents: 64, ..NOTHING }),
    ("zendesk-api-token-eu", "zendesk", Tickets, Uses { tools: 34, transitive_agents: 12, ..NOTHING }),
    (
        "salesforce-connected-app-secret",
        "salesforce",
        Sales,
        Uses { tools: 57, transitive_agents: 22, unknown_tools: 2, ..NOTHING },
    ),
    (
        "stripe-live-key",
        "stripe",
        Payments,
        Uses { tools: 24, transitive_agents: 9, unknown_agents: 1, ..NOTHING },
    ),
    ("hubspot-private-app-token", "hubspot", Sales, Uses { tools: 21, transitive_agents: 6, ..NOTHING }),
    // Exactly as many as the first limit: whole, and its flag says so.
    ("calendly-access-token", "calendly", Calendar, Uses { tools: 20, transitive_agents: 5, ..NOTHING }),
    // Cut without any flag.
    ("mcp-gateway-token", "Gateway", Office, Uses { mcp_servers: 23, ..NOTHING }),
    (
        "mcp-knowledge-base-token",
        "Knowledge base",
        Office,
        Uses { mcp_servers: 4, unknown_mcp_servers: 2, ..NOTHING },
    ),
    (
        "twilio-auth-token",
        "twilio",
        Telephony,
        Uses { tools: 4, transitive_agents: 3, phone_numbers: 48, provider: "twilio", ..NOTHING },
    ),
    (
        "sip-trunk-password-london",
        "sip-trunk",
        Telephony,
        Uses { phone_numbers: 23, provider: "sip_trunk", ..NOTHING },
    ),
    (
        "sip-trunk-password-london-backup",
        "sip-trunk",
        Telephony,
        Uses { phone_numbers: 6, provider: "sip_trunk", ..NOTHING },
    ),
    ("exotel-api-token", "exotel", Telephony, Uses { phone_numbers: 9, provider: "exotel", ..NOTHING }),
    ("crm-webhook-bearer", "crm", Sales, Uses { webhook: true, direct_agents: 3, ..NOTHING }),
    ("ledger-export-token-staging", "ledger", Payments, A_TOOL),
    // All their users are hidden from the key, and are users all the same.
    ("github-app-private-key", "github", Office, Uses { unknown_tools: 3, ..NOTHING }),
    ("partner-sandbox-token", "partner", Sales, Uses { unknown_agents: 1, ..NOTHING }),
    // Names that a careless report breaks on.
    ("payments|refunds-token", "refunds", Payments, Uses { tools: 2, transitive_agents: 1, ..NOTHING }),
    ("=billing-export-2025", "billing", Payments, A_TOOL),
    ("O'Malley-partner-key", "omalley", Sales, A_TOOL),
    ("café-pos-token", "cafe-pos", Shop, A_TOOL),
    ("🚀 launch-week-webhook", "launch-week", Messages, A_TOOL),
    ("予約システム-api-key", "yoyaku", Calendar, Uses { tools: 2, direct_agents: 1, ..NOTHING }),
    // Held by an environment variable and by a speech engine alone.
    ("ledger-export-token", "ledger", Payments, NOTHING),
    ("voice-gateway-bearer", "voice-gateway", Telephony, NOTHING),
    // Used by nothing.
    ("aws-polly-secret-legacy", "aws", Language, NOTHING),
    ("hackathon-whisper-key", "openai", Language, NOTHING),
    ("intercom-api-key-2023", "intercom", Tickets, NOTHING),
    ("mailchimp-transactional-key", "mailchimp", Messages, NOTHING),
    ("stripe-live-key-old", "stripe", Payments, NOTHING),
    ("tmp-demo-key-delete-me", "demo", Office, NOTHING),
    ("zapier-poc-token", "zapier", Office, NOTHING),
];

/// What the secrets without a story get, in turn.
const ROUND: [Uses; 11] = [
    A_TOOL,
    Uses { tools: 2, transitive_agents: 1, ..NOTHING },
    Uses { tools: 1, ..NOTHING },
    Uses { direct_agents: 2, ..NOTHING },
    Uses { tools: 3, transitive_agents: 2, ..NOTHING },
    A_TOOL,
    Uses { tools: 1, mcp_servers: 1, ..NOTHING },
    Uses { tools: 2, transitive_agents: 2, direct_agents: 1, ..NOTHING },
    Uses { direct_agents: 1, ..NOTHING },
    Uses { tools: 2, transitive_agents: 1, unknown_agents: 1, ..NOTHING },
    Uses { tools: 4, transitive_agents: 3, ..NOTHING },
];

pub(super) fn all() -> Vec<Intention> {
    let notable = NOTABLE.iter().map(|&(name, vendor, area, uses)| Intention {
        name: name.to_owned(),
        vendor,
        area,
        uses,
    });
    let credentials = VENDORS.iter().flat_map(|(vendor, area, credentials)| {
        credentials.iter().map(move |credential| (format!("{vendor}-{credential}"), *vendor, *area))
    });
    let ordinary = credentials.zip(ROUND.iter().cycle()).map(|((name, vendor, area), &uses)| {
        let uses = if ELSEWHERE.contains(&name.as_str()) { NOTHING } else { uses };
        Intention { name, vendor, area, uses }
    });
    notable.chain(ordinary).collect()
}
