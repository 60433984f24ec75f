//! The words of the demo: what tools, agents, MCP servers and telephone numbers are called.

/// What a credential is for; its tools are named after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    Language,
    Tickets,
    Sales,
    Calendar,
    Payments,
    Messages,
    Shop,
    Data,
    Office,
    Telephony,
}

use Area::*;

const VERBS: [&str; 10] =
    ["look_up", "create", "update", "list", "cancel", "confirm", "export", "tag", "reopen", "close"];

const SUBJECTS: [&str; 12] = [
    "Support Line",
    "Sales Qualification",
    "Appointment Booking",
    "Order Status",
    "Returns Desk",
    "Billing Questions",
    "Payment Reminders",
    "Satisfaction Survey",
    "Field Service Dispatch",
    "Reception",
    "Technical Triage",
    "Contract Renewals",
];

const MARKETS: [&str; 18] = [
    "DE", "AT", "CH", "UK", "IE", "FR", "ES", "IT", "NL", "BE", "SE", "PL", "US East", "US West", "CA", "AU",
    "JP", "BR",
];

const CITIES: [&str; 12] = [
    "Berlin", "London", "Paris", "Madrid", "Milan", "Utrecht", "Malmö", "Kraków", "Boston", "Denver",
    "Toronto", "Osaka",
];

/// One agent for each subject in each market.
pub(crate) const AGENTS: usize = SUBJECTS.len() * MARKETS.len();

fn objects(area: Area) -> [&'static str; 6] {
    match area {
        Language => ["summary", "transcript", "intent", "translation", "embedding", "sentiment"],
        Tickets => ["ticket", "customer", "comment", "macro", "escalation", "rating"],
        Sales => ["contact", "account", "opportunity", "lead", "call_note", "quote"],
        Calendar => ["appointment", "slot", "technician", "visit", "waiting_list", "reminder"],
        Payments => ["invoice", "payment", "refund", "subscription", "mandate", "payout"],
        Messages => ["message", "thread", "template", "recipient", "campaign", "delivery"],
        Shop => ["order", "shipment", "return", "product", "stock_level", "voucher"],
        Data => ["record", "report", "event", "audience", "dashboard", "alert"],
        Office => ["employee", "document", "signature", "task", "address", "approval"],
        Telephony => ["call", "recording", "number", "transfer", "voicemail", "queue"],
    }
}

/// A different name for each of the first hundred and twenty tools of a vendor.
pub(crate) fn tool(vendor: &str, area: Area, number: usize) -> String {
    let objects = objects(area);
    // One step aside for each object, so that a vendor with few tools doesn't only look things up.
    let (object, round) = (number % objects.len(), number / objects.len());
    let verb = VERBS.get((object + round) % VERBS.len()).copied().unwrap_or_default();
    let object = objects.get(object).copied().unwrap_or_default();
    let again = if round < VERBS.len() { "" } else { "_v2" };
    format!("{}_{verb}_{object}{again}", vendor.replace('-', "_"))
}

pub(crate) fn agent(number: usize) -> String {
    let subject = SUBJECTS.get(number % SUBJECTS.len()).copied().unwrap_or_default();
    let market = MARKETS.get(number / SUBJECTS.len() % MARKETS.len()).copied().unwrap_or_default();
    format!("{subject} {market}")
}

pub(crate) fn mcp_server(vendor: &str, number: usize) -> String {
    let city = CITIES.get(number % CITIES.len()).copied().unwrap_or_default();
    if number < CITIES.len() {
        format!("{vendor} {city}")
    } else {
        format!("{vendor} {city} {}", number / CITIES.len() + 1)
    }
}

/// The label and the number of a telephone line. All are kept for fiction: 555-01xx in North America,
/// 020 7946 0xxx in London.
pub(crate) fn line(provider: &str, number: usize) -> (String, String) {
    const TWILIO: [(&str, &str); 5] = [
        ("New York", "212"),
        ("Denver", "303"),
        ("San Francisco", "415"),
        ("Boston", "617"),
        ("Seattle", "206"),
    ];
    const LONDON: [&str; 4] = ["Reception", "Support", "Dispatch", "Sales"];
    match provider {
        "twilio" => {
            let (city, area) = TWILIO.get(number % TWILIO.len()).copied().unwrap_or_default();
            let line = number / TWILIO.len() % 100;
            (format!("{city} {line:02}"), format!("+1{area}55501{line:02}"))
        }
        _ => {
            let team = LONDON.get(number % LONDON.len()).copied().unwrap_or_default();
            let line = number % 1_000;
            (format!("London {team} {line:03}"), format!("+442079460{line:03}"))
        }
    }
}
