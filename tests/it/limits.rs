//! Lists at, around and beyond the limits: no dependent is left out because a limit was reached.

use serde_json::{Value, json};
use simulator::{Secret, Simulator, world::available};

use crate::support::{
    Outcome, Setup, asked, dependencies, numbered, rewrite_used_by, serve, serve_with, walked,
};

/// The kinds that can be paged: the list's name in the API, `dependent_type`, the beginning of the builders' ids.
const PAGED: [(&str, &str, &str); 3] =
    [("tools", "tool", "tool"), ("agents", "agent", "agent"), ("phone_numbers", "phone_number", "phnum")];

/// One secret, `sec`, with `count` dependents of one kind.
fn secret_with(kind: &str, count: usize) -> Secret {
    let secret = Secret::new("sec", "key");
    match kind {
        "tools" => secret.with_tools(count),
        "agents" => secret.with_agents(count),
        "phone_numbers" => secret.with_phone_numbers(count),
        "mcp_servers" => secret.with_mcp_servers(count),
        _ => (1..=count).fold(secret, |secret, number| secret.with_other(&format!("other_{number:04}"))),
    }
}

/// Audits a secret with `count` dependents of each kind in turn: the audit is complete, each dependent is there
/// exactly once, and it took `raised` requests at the higher limit and `pages` of the list of dependents.
async fn with_exactly(count: usize, raised: usize, pages: usize) {
    for (list, kind, prefix) in PAGED {
        let simulator = serve(vec![secret_with(list, count)]).await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!(outcome.code(), 0, "{list}");
        let bundle = outcome.bundle();
        let mut ids = bundle.ids("sec", kind);
        ids.sort_unstable();
        assert_eq!(ids, numbered(prefix, count), "{list}");
        let secret = bundle.secret("sec");
        assert_eq!(secret[list], count.to_string());
        assert_eq!(secret["dependents_total"], count.to_string());
        assert_eq!((secret["verdict"].as_str(), secret["complete"].as_str()), ("in_use", "true"));
        assert_eq!(walked(&simulator, "20"), 1, "{list}");
        assert_eq!(walked(&simulator, "100"), raised, "{list}");
        for (other, _, _) in PAGED {
            let expected = if other == list { pages } else { 0 };
            assert_eq!(asked(&simulator, &dependencies("sec", other)), expected, "{other} of {list}");
        }
    }
}

#[tokio::test]
async fn as_many_as_the_first_limit_need_no_further_request() {
    with_exactly(20, 0, 0).await;
}

#[tokio::test]
async fn one_more_than_the_first_limit_needs_the_higher_one() {
    with_exactly(21, 1, 0).await;
}

#[tokio::test]
async fn as_many_as_the_higher_limit_need_no_paging() {
    with_exactly(100, 1, 0).await;
}

#[tokio::test]
async fn a_list_cut_at_both_limits_is_paged_to_its_end() {
    with_exactly(101, 1, 2).await;
}

#[tokio::test]
async fn two_full_pages_of_dependents_are_two_requests() {
    with_exactly(200, 1, 2).await;
}

#[tokio::test]
async fn one_more_than_two_pages_of_dependents_is_a_third() {
    with_exactly(201, 1, 3).await;
}

#[tokio::test]
async fn what_was_previewed_and_what_was_paged_are_united() {
    let simulator = serve(vec![secret_with("agents", 101)]).await;
    let bundle = Setup::of(&simulator).run().await.bundle();
    let sources = |id: &str| {
        let agents = bundle.dependents_of("sec", "agent");
        agents.into_iter().find(|row| row["dependent_id"] == id).unwrap()["source"].clone()
    };
    assert_eq!(sources("agent_0001"), "used_by;dependencies");
    assert_eq!(sources("agent_0101"), "dependencies", "beyond every preview");
    let figures = &bundle.workspace()["figures"];
    assert_eq!((&figures["higher_limit_pages"], &figures["dependency_pages"]), (&json!(1), &json!(2)));
    assert_eq!(figures["lists_completed_by_paging"], 1);
}

#[tokio::test]
async fn a_list_that_the_higher_limit_completes_counts_as_completed_by_it() {
    let simulator = serve(vec![secret_with("agents", 21)]).await;
    let bundle = Setup::of(&simulator).run().await.bundle();
    let figures = &bundle.workspace()["figures"];
    assert_eq!(figures["lists_completed_by_higher_limit"], 1);
    assert_eq!(figures["lists_completed_by_paging"], 0);
}

#[tokio::test]
async fn only_the_lists_that_are_cut_are_paged() {
    let secrets = vec![
        Secret::new("sec_0", "first").with_agents(101).with_tools(30),
        Secret::new("sec_1", "second").with_phone_numbers(150),
        Secret::new("sec_2", "third").with_tools(3),
    ];
    let simulator = serve(secrets).await;
    let bundle = Setup::of(&simulator).run().await.bundle();
    let counts = |id: &str| ["tools", "agents", "phone_numbers"].map(|list| bundle.secret(id)[list].clone());
    assert_eq!(counts("sec_0"), ["30", "101", "0"]);
    assert_eq!(counts("sec_1"), ["0", "0", "150"]);
    assert_eq!(counts("sec_2"), ["3", "0", "0"]);
    let paged = |id: &str, list: &str| asked(&simulator, &dependencies(id, list));
    assert_eq!(
        [paged("sec_0", "agents"), paged("sec_0", "tools"), paged("sec_1", "phone_numbers")],
        [2, 0, 2]
    );
    assert_eq!(paged("sec_2", "tools"), 0);
}

/// Audits a secret with `count` dependents in a list that carries no flag.
async fn without_flag(list: &str, count: usize) -> (Outcome, Simulator) {
    let simulator = serve(vec![secret_with(list, count)]).await;
    (Setup::of(&simulator).run().await, simulator)
}

#[tokio::test]
async fn a_list_without_a_flag_that_is_shorter_than_the_limit_is_whole() {
    for list in ["mcp_servers", "others"] {
        let (outcome, simulator) = without_flag(list, 19).await;
        assert_eq!((outcome.code(), walked(&simulator, "100")), (0, 0), "{list}");
        assert_eq!(outcome.bundle().secret("sec")[list], "19");
    }
}

#[tokio::test]
async fn a_list_without_a_flag_as_long_as_the_first_limit_is_asked_for_again() {
    for (list, count) in [("mcp_servers", 20), ("mcp_servers", 99), ("others", 20), ("others", 21)] {
        let (outcome, simulator) = without_flag(list, count).await;
        assert_eq!((outcome.code(), walked(&simulator, "100")), (0, 1), "{list}");
        assert_eq!(outcome.bundle().secret("sec")[list], count.to_string());
    }
}

#[tokio::test]
async fn a_list_without_a_flag_as_long_as_the_higher_limit_is_not_whole() {
    for (list, count) in [("mcp_servers", 100), ("mcp_servers", 130), ("others", 100)] {
        let (outcome, _simulator) = without_flag(list, count).await;
        assert_eq!(outcome.code(), 3, "{list}");
        let bundle = outcome.bundle();
        assert!(!bundle.is_complete());
        let secret = bundle.secret("sec");
        assert_eq!((secret["verdict"].as_str(), secret["complete"].as_str()), ("in_use", "false"));
        assert_eq!(secret[list], "100");
        let gaps = bundle.gaps("sec");
        assert!(gaps.len() == 1 && gaps[0].starts_with(list) && gaps[0].contains("100"), "{gaps:?}");
    }
}

#[tokio::test]
async fn where_both_limits_are_the_same_no_page_is_asked_for_twice() {
    let simulator = serve(vec![secret_with("agents", 21)]).await;
    let mut setup = Setup::of(&simulator);
    setup.arguments.max_dependency_limit = Some(20);
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(outcome.bundle().secret("sec")["agents"], "21");
    assert_eq!(walked(&simulator, "20"), 1);
    assert_eq!(asked(&simulator, &dependencies("sec", "agents")), 1);
}

#[tokio::test]
async fn where_both_limits_are_the_same_a_full_list_without_a_flag_is_not_whole() {
    let simulator = serve(vec![secret_with("mcp_servers", 20)]).await;
    let mut setup = Setup::of(&simulator);
    setup.arguments.max_dependency_limit = Some(20);
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 3);
    assert_eq!(outcome.bundle().secret("sec")["complete"], "false");
}

#[tokio::test]
async fn the_configured_limits_are_the_ones_that_are_asked_for() {
    let simulator = serve(vec![secret_with("agents", 60)]).await;
    let mut setup = Setup::of(&simulator).section("[audit]\ndependency_limit = 7\nmax_dependency_limit = 50");
    setup.arguments.dependency_limit = Some(5);
    let outcome = setup.run().await;
    assert_eq!(outcome.bundle().secret("sec")["agents"], "60");
    assert_eq!([walked(&simulator, "5"), walked(&simulator, "50"), walked(&simulator, "7")], [1, 1, 0]);
    let requests = simulator.requests();
    let paged = requests.iter().find(|request| request.path == dependencies("sec", "agents")).unwrap();
    assert_eq!(paged.query("page_size"), Some("100"));
}

/// Audits a secret with `count` agents whose flag is what `flag` makes of it (`None`: left out).
async fn with_flag(count: usize, flag: Option<Value>) -> (Outcome, Simulator) {
    let simulator = serve_with(vec![secret_with("agents", count)], move |request, reply| {
        rewrite_used_by(request, reply, "sec", |used_by| {
            let used_by = used_by.as_object_mut().unwrap();
            used_by.remove("agents_has_more");
            used_by.extend(flag.iter().map(|flag| ("agents_has_more".to_owned(), flag.clone())));
        })
    });
    let simulator = simulator.await;
    (Setup::of(&simulator).run().await, simulator)
}

#[tokio::test]
async fn a_flag_that_is_absent_means_more_only_on_a_list_as_long_as_the_limit() {
    for (count, raised, pages) in [(3, 0, 0), (19, 0, 0), (20, 1, 0), (99, 1, 0), (100, 1, 1), (101, 1, 2)] {
        let (outcome, simulator) = with_flag(count, None).await;
        assert_eq!(outcome.code(), 0, "{count}");
        assert_eq!(outcome.bundle().secret("sec")["agents"], count.to_string());
        assert_eq!(walked(&simulator, "100"), raised, "{count}");
        assert_eq!(asked(&simulator, &dependencies("sec", "agents")), pages, "{count}");
    }
}

#[tokio::test]
async fn a_flag_that_is_anything_but_false_means_more() {
    for flag in [json!(null), json!("no"), json!("false"), json!(0), json!([]), json!({}), json!(true)] {
        for count in [0, 3] {
            let (outcome, simulator) = with_flag(count, Some(flag.clone())).await;
            assert_eq!(outcome.code(), 0, "{flag}");
            assert_eq!(outcome.bundle().secret("sec")["agents"], count.to_string());
            assert_eq!(walked(&simulator, "100"), 1, "{flag}");
            assert_eq!(asked(&simulator, &dependencies("sec", "agents")), 1, "{flag}");
        }
    }
}

#[tokio::test]
async fn a_flag_that_is_false_ends_it_whatever_the_length() {
    for count in [0, 20, 40] {
        let simulator = serve_with(vec![secret_with("agents", 0)], move |request, reply| {
            rewrite_used_by(request, reply, "sec", |used_by| {
                let agents = numbered("agent", count);
                used_by["agents"] = agents.iter().map(|id| available(id, id, 0, "viewer")).collect();
            })
        });
        let simulator = simulator.await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!((outcome.code(), walked(&simulator, "100")), (0, 0));
        assert_eq!(outcome.bundle().secret("sec")["agents"], count.to_string());
    }
}
