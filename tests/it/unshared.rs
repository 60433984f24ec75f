//! What the last complete audit saw and no list shows any more: gone, or no longer shared with the key.

use serde_json::json;
use simulator::{Reply, Request, Secret, Simulator, World};

use crate::{
    nights::{Nights, night, run_at},
    places::{AGENTS, SPEECH_ENGINES, agent, busy, by_itself, speech_engine, variable, world_of},
    support::{Outcome, asked},
};

/// `kiosk` and `sales` are used by what shows nowhere once it is not shared any more; `free` by nothing.
fn shared() -> World {
    World {
        speech_engines: vec![speech_engine("seng_1", "Kiosk", "kiosk")],
        agents: vec![agent("agent_1", "Sales", "sales")],
        ..world_of(&["kiosk", "sales", "free", "lent"])
    }
}

async fn following(nights: &Nights, number: i64, simulator: &Simulator) -> Outcome {
    run_at(&nights.setup(simulator), &night(number)).await
}

fn view(outcome: &Outcome) -> (String, Vec<String>) {
    let view = outcome.bundle().workspace()["view"].clone();
    let signs = view["signs"].as_array().unwrap().iter().map(|sign| sign.as_str().unwrap().to_owned());
    (view["extent"].as_str().unwrap().to_owned(), signs.collect())
}

#[tokio::test]
async fn what_was_seen_last_night_and_is_refused_now_proves_a_partial_view() {
    for (id, path) in [
        ("seng_1", format!("{SPEECH_ENGINES}/seng_1")),
        ("agent_1", format!("{AGENTS}/agent_1")),
        ("lent", by_itself("lent")),
    ] {
        let nights = Nights::new();
        nights.audit(1, shared()).await;
        let world = World { hidden: [id.to_owned()].into(), ..shared() };
        let outcome = nights.audit(2, world.clone()).await;
        let (extent, signs) = view(&outcome);
        assert_eq!((outcome.code(), extent.as_str()), (3, "partial"), "{id}");
        assert_eq!(
            signs,
            [format!("GET {path} is refused; something names it, or the last complete audit saw it")]
        );
        assert_eq!(outcome.bundle().verdict("free"), "undetermined", "{id}");

        // Nothing tells on a first night, and an admin sees everything.
        let first_night = Nights::new();
        let first = first_night.audit(2, world.clone()).await;
        assert_eq!((first.code(), view(&first).0.as_str()), (0, "not known"), "{id}");
        let admin = World { seat_type: "workspace_admin".to_owned(), ..world };
        assert_eq!(view(&nights.audit(3, admin).await).0, "full", "{id}");
    }
}

#[tokio::test]
async fn what_is_gone_costs_one_request_each_and_is_no_sign() {
    let nights = Nights::new();
    nights.audit(1, shared()).await;
    let simulator = Simulator::start(world_of(&["kiosk", "sales", "free"])).await.unwrap();
    let outcome = following(&nights, 2, &simulator).await;
    assert_eq!((outcome.code(), view(&outcome)), (0, ("not known".to_owned(), vec![])));
    for path in [format!("{SPEECH_ENGINES}/seng_1"), format!("{AGENTS}/agent_1"), by_itself("lent")] {
        assert_eq!(asked(&simulator, &path), 1, "{path}");
    }
    assert_eq!(asked(&simulator, &format!("{AGENTS}/agent_1/branches")), 0);
}

#[tokio::test]
async fn what_is_still_shown_by_its_id_is_read() {
    let nights = Nights::new();
    nights.audit(1, shared()).await;
    // Neither list nor dependents show them any more, and yet they are there.
    let world = World { unlisted_secrets: vec![Secret::new("lent", "lent")], ..shared() };
    let world = World { secrets: world_of(&["kiosk", "sales", "free"]).secrets, ..world };
    let simulator = Simulator::start_with(world, |request, reply| match request.path.as_str() {
        AGENTS => Reply::json(200, &json!({"agents": [], "has_more": false})),
        SPEECH_ENGINES => Reply::json(200, &json!({"speech_engines": [], "has_more": false})),
        _ => reply,
    })
    .await
    .unwrap();
    let outcome = following(&nights, 2, &simulator).await;
    let verdicts = ["kiosk", "sales", "free", "lent"].map(|id| outcome.bundle().verdict(id).to_owned());
    // What lists lack and is there all the same shows that they are not all that there is.
    assert_eq!(view(&outcome).1.len(), 2, "{:?}", view(&outcome));
    let expected = ["in_use", "in_use", "undetermined", "undetermined"].map(str::to_owned);
    assert_eq!((outcome.code(), verdicts), (3, expected));
}

#[tokio::test]
async fn what_cannot_be_told_leaves_the_audit_incomplete() {
    for (path, verdict) in [
        (format!("{SPEECH_ENGINES}/seng_1"), "undetermined"),
        (format!("{AGENTS}/agent_1"), "undetermined"),
        // A secret holds no other.
        (by_itself("lent"), "unused"),
    ] {
        let nights = Nights::new();
        nights.audit(1, shared()).await;
        let failing = path.clone();
        let intercept = move |request: &Request, reply| if request.path == failing { busy() } else { reply };
        let simulator =
            Simulator::start_with(world_of(&["kiosk", "sales", "free"]), intercept).await.unwrap();
        let outcome = following(&nights, 2, &simulator).await;
        assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, verdict), "{path}");
    }
}

#[tokio::test]
async fn where_nothing_is_about_to_be_called_unused_or_the_key_sees_everything_nothing_is_asked() {
    let used = World {
        environment_variables: vec![variable("var_1", "KIOSK", &[("production", "kiosk")])],
        ..world_of(&["kiosk"])
    };
    let admin =
        World { seat_type: "workspace_admin".to_owned(), ..world_of(&["kiosk", "sales", "free", "lent"]) };
    for world in [used, admin] {
        let nights = Nights::new();
        nights.audit(1, shared()).await;
        let simulator = Simulator::start(world).await.unwrap();
        following(&nights, 2, &simulator).await;
        for path in [format!("{SPEECH_ENGINES}/seng_1"), format!("{AGENTS}/agent_1")] {
            assert_eq!(asked(&simulator, &path), 0, "{path}");
        }
    }
}
