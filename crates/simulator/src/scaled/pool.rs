//! The tools, agents and telephone numbers of a scaled workspace, and which of them a secret has.

use std::collections::{BTreeSet, HashSet};

use crate::{
    demo::{
        ids,
        names::{self, Area},
        vendors::VENDORS,
    },
    dependent::Dependent,
    hash,
    world::{UsedBy, available, phone_number, transitive, unknown},
};

/// For a vendor that isn't there.
pub(super) const AREA: Area = Area::Office;

const PROVIDERS: [&str; 3] = ["twilio", "sip_trunk", "exotel"];

/// A workspace has no more agents than this, but where one secret alone needs more.
const MOST_AGENTS: usize = 5_000;
const MOST_PHONE_NUMBERS: usize = 2_000;
/// Larger than any pool and prime, so that steps of this length come to every place before one comes again.
const STEP: usize = 1_000_003;
/// How many agents use one tool.
const USERS_OF_A_TOOL: usize = 2;
/// Through how many tools of a secret an agent uses it at the most.
const MOST_TOOLS_BETWEEN: usize = 3;

pub(super) struct Pools {
    pub(super) tools: Vec<Resource>,
    pub(super) agents: Vec<Resource>,
    phone_numbers: Vec<Dependent>,
}

pub(super) struct Resource {
    pub(super) id: String,
    pub(super) name: String,
    shown: Dependent,
    /// The key may not see it.
    pub(super) hidden: bool,
}

/// Of a hundred dependents, how many are tools and how many are telephone numbers. The rest are agents.
struct Mix {
    tools: usize,
    phone_numbers: usize,
    /// Whether agents use the secret through its tools as well as directly.
    through_tools: bool,
}

/// What credentials are for: an API that tools call, a language model, a telephone provider, and several things at once.
const MIXES: [Mix; 4] = [
    Mix { tools: 45, phone_numbers: 5, through_tools: true },
    Mix { tools: 15, phone_numbers: 0, through_tools: false },
    Mix { tools: 20, phone_numbers: 30, through_tools: false },
    Mix { tools: 60, phone_numbers: 0, through_tools: true },
];

impl Pools {
    /// Big enough for a secret with `biggest` dependents. Ids are counted from `first`.
    pub(super) fn new(secrets: usize, biggest: usize, first: usize) -> Pools {
        let agents = (secrets / 2).min(MOST_AGENTS).max(biggest).max(8);
        let phone_numbers = (secrets / 8).min(MOST_PHONE_NUMBERS).max(biggest / 3).max(4);
        let pool = |kind: &str, count: usize, name: fn(usize) -> String| {
            (0..count).map(|number| resource(kind, first, number, name(number))).collect()
        };
        Pools {
            tools: pool("tool", agents + agents / 2, tool_name),
            agents: pool("agent", agents, agent_name),
            phone_numbers: (0..phone_numbers).map(|number| phone(first, number)).collect(),
        }
    }

    /// Adds `count` dependents, never one twice.
    pub(super) fn fill(&self, rank: usize, count: usize, used_by: &mut UsedBy) {
        let Some(mix) = MIXES.get(draw("mix", rank) % MIXES.len()) else { return };
        let phone_numbers = (count * mix.phone_numbers / 100).min(self.phone_numbers.len());
        let tools = (count * mix.tools / 100).min(self.tools.len());
        let agents = count - phone_numbers - tools;

        let first = draw("phone number", rank);
        let dialled = places(self.phone_numbers.len(), first).take(phone_numbers);
        used_by.phone_numbers.extend(dialled.filter_map(|place| self.phone_numbers.get(place).cloned()));

        let called: Vec<usize> = places(self.tools.len(), draw("tool", rank)).take(tools).collect();
        used_by.tools.extend(called.iter().filter_map(|place| Some(self.tools.get(*place)?.shown.clone())));

        let most_through = if mix.through_tools { agents / 2 } else { 0 };
        let taken = self.add_agents_through(rank, &called, most_through, used_by);
        let rest = agents - taken.len();
        let direct = places(self.agents.len(), draw("agent", rank)).filter(|place| !taken.contains(place));
        let direct = direct.take(rest).filter_map(|place| Some(self.agents.get(place)?.shown.clone()));
        used_by.agents.extend(direct);
    }

    /// Adds up to `most` agents that use these tools. Which they are.
    ///
    /// Hardly two uses go through the same tools: which of an agent's tools hold a secret differs from secret to secret.
    fn add_agents_through(
        &self,
        rank: usize,
        tools: &[usize],
        most: usize,
        used_by: &mut UsedBy,
    ) -> HashSet<usize> {
        let mut taken = HashSet::new();
        let count = self.agents.len();
        let users = tools.iter().flat_map(|tool| {
            (0..USERS_OF_A_TOOL).map(move |one| (*tool, (tool * USERS_OF_A_TOOL + one) * STEP % count))
        });
        for (tool, place) in users {
            if taken.len() == most {
                break;
            }
            let Some(agent) = self.agents.get(place).filter(|agent| !agent.hidden) else { continue };
            if !taken.insert(place) {
                continue;
            }
            let mut draw =
                usize::try_from(hash::mixed((rank * STEP + place) as u64) >> 32).unwrap_or_default();
            let mut through = BTreeSet::from([tool]);
            for _ in 0..MOST_TOOLS_BETWEEN - 1 {
                through.extend(tools.get(draw % tools.len()));
                draw /= tools.len();
            }
            let through = through.into_iter().filter_map(|tool| Some(&*self.tools.get(tool)?.id));
            used_by.agents.push(transitive(agent.shown.clone(), &through.collect::<Vec<_>>()));
        }
        taken
    }
}

/// All places of a pool of this size, each once, in an order that begins at `first` and looks like none.
fn places(size: usize, first: usize) -> impl Iterator<Item = usize> {
    (0..size).map(move |number| (first % size.max(1) + number * STEP) % size.max(1))
}

/// A number that follows from these and from nothing else.
fn draw(what: &str, number: usize) -> usize {
    // Less than 2^32, so that it is the same on every machine.
    usize::try_from(hash::of([what, &number.to_string()]) >> 32).unwrap_or_default()
}

fn resource(kind: &str, first: usize, number: usize, name: String) -> Resource {
    let id = ids::id(kind, first + number);
    let hidden = number % 50 == 17;
    let name = spiced(name, number);
    let shown = if hidden {
        unknown(&id)
    } else {
        let created = ids::created_at(kind, first + number);
        available(&id, &name, created, access_level(number))
    };
    Resource { id, name, shown, hidden }
}

pub(super) fn agent_name(number: usize) -> String {
    format!("{} {}", names::agent(number), number / 10)
}

fn tool_name(number: usize) -> String {
    let (vendor, area, _) = VENDORS.get(number % VENDORS.len()).copied().unwrap_or(("", AREA, &[]));
    let (round, again) = (number / VENDORS.len() % 120, number / VENDORS.len() / 120);
    let name = names::tool(vendor, area, round);
    if again == 0 { name } else { format!("{name}_{again}") }
}

/// From the numbers that are kept for fiction: 555-01xx, in eight hundred area codes.
fn phone(first: usize, number: usize) -> Dependent {
    let (area, line) = (200 + number / 100 % 800, number % 100);
    let provider = PROVIDERS.get(number % PROVIDERS.len()).copied().unwrap_or_default();
    let label = spiced(format!("Line {area} {line:02}"), number);
    phone_number(&ids::id("phnum", first + number), &label, &format!("+1{area}55501{line:02}"), provider)
}

/// The name; of one in twenty with something that needs escaping in JSON, CSV, HTML or Markdown, or isn't ASCII.
pub(super) fn spiced(name: String, number: usize) -> String {
    match number % 120 {
        7 => format!("{name} \"VIP\""),
        27 => format!("{name} (Rückruf, Zürich)"),
        47 => format!("={name}"),
        67 => format!("{name} | 東京 ☎️"),
        87 => format!("{name} <R&D>\\test"),
        107 => format!("{name},\n2nd line"),
        _ => name,
    }
}

/// What the key's user may do with the thing of this number.
fn access_level(number: usize) -> &'static str {
    const LEVELS: [&str; 5] = ["editor", "viewer", "admin", "editor", "commenter"];
    LEVELS.get(number % LEVELS.len()).copied().unwrap_or_default()
}
