//! Where requests go: which addresses are taken, whom TLS trusts, and what goes by way of a proxy.

use std::{
    process::Output,
    sync::{Arc, Mutex},
};

use simulator::{Reply, Secret, Simulator, World};
use tokio::io::AsyncReadExt;
use tokio_rustls::rustls::version;

use crate::{
    raw::{RawServer, read_head},
    support::{Setup, code, finish, serve, serve_with, text},
    tls::{Authority, in_front_of, in_front_of_with},
};

pub(crate) const KEY: &str = "sk_simulated_key";

/// An address of this machine that does not count as loopback, so that proxies are for it too.
pub(crate) const NOT_LOOPBACK: &str = "0.0.0.0";

pub(crate) fn secrets() -> Vec<Secret> {
    vec![Secret::new("sec", "key").with_agents(150)]
}

#[tokio::test]
async fn an_address_that_would_give_the_key_away_is_code_2_and_nothing_is_sent() {
    let simulator = serve(secrets()).await;
    let port = simulator.base_url().port().unwrap();
    for (address, word) in [
        (format!("http://{NOT_LOOPBACK}:{port}"), "in clear"),
        ("http://api.elevenlabs.io".to_owned(), "in clear"),
        ("http://127.0.0.1.example.com".to_owned(), "in clear"),
        ("http://localhost.example.com".to_owned(), "in clear"),
        ("http://[::ffff:10.0.0.1]".to_owned(), "in clear"),
        (format!("http://canary@127.0.0.1:{port}"), "user name or password"),
        (format!("http://canary:canary@127.0.0.1:{port}"), "user name or password"),
        (format!("http://:canary@127.0.0.1:{port}"), "user name or password"),
        ("https://127.0.0.1@api.elevenlabs.io".to_owned(), "user name or password"),
        (format!("ftp://127.0.0.1:{port}"), "neither https:// nor http://"),
    ] {
        let setup = Setup::new().workspace_at("main", &address, KEY);
        let output = finish(setup.audit()).await;
        let stderr = text(&output.stderr);
        assert_eq!(code(&output), 2, "{address}: {stderr}");
        assert!(stderr.contains(word) && stderr.contains("workspace \"main\""), "{address}: {stderr}");
        assert!(!stderr.contains("canary"), "{stderr}");
    }
    assert!(simulator.requests().is_empty());
}

#[tokio::test]
async fn plain_http_to_another_machine_is_possible_where_a_setting_allows_it() {
    let simulator = serve(secrets()).await;
    let address = format!("http://{NOT_LOOPBACK}:{}", simulator.base_url().port().unwrap());
    let setup = Setup::new().workspace_at("main", &address, KEY).http("allow_plain_http = true");
    assert_eq!(code(&finish(setup.audit()).await), 0);
}

#[tokio::test]
async fn an_audit_works_behind_a_path_that_stands_before_the_service() {
    // What stands before hands on what it is asked, without its own path.
    let service = Arc::new(serve(secrets()).await);
    let behind = Arc::clone(&service);
    let gateway = RawServer::start(move |mut stream| {
        let service = behind.base_url().socket_addrs(|| None).unwrap()[0];
        async move {
            let head = read_head(&mut stream).await?;
            let head = head.replacen("GET /gateway/eleven/v1/", "GET /v1/", 1);
            let head = head.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1);
            let mut service = tokio::net::TcpStream::connect(service).await?;
            tokio::io::AsyncWriteExt::write_all(&mut service, head.as_bytes()).await?;
            tokio::io::copy(&mut service, &mut stream).await.map(drop)
        }
    })
    .await;
    for path in ["gateway/eleven", "gateway/eleven/"] {
        let address = format!("{}{path}", gateway.address());
        let outcome = Setup::new().workspace_at("main", &address, KEY).run().await;
        assert_eq!(outcome.code(), 0, "{outcome:?}");
        assert_eq!(outcome.bundle().secret("sec")["agents"], "150");
    }
}

/// Runs the binary against this address, with these variables.
pub(crate) async fn audit_at(
    address: &str,
    variables: &[(&str, &str)],
    authority: Option<&Authority>,
) -> Output {
    let setup = Setup::new().workspace_at("main", address, KEY).http("attempts = 3");
    let mut binary = setup.audit();
    binary.envs(variables.iter().copied());
    if let Some(authority) = authority {
        binary.env("SSL_CERT_FILE", authority.write_to(&setup));
    }
    finish(binary).await
}

#[tokio::test]
async fn a_certificate_that_is_not_to_be_trusted_ends_it_at_once_with_what_to_do() {
    let simulator = serve(secrets()).await;
    let authority = Authority::new();
    for (trusted, names, is_expired, word) in [
        (None, ["127.0.0.1"], false, "UnknownIssuer"),
        (Some(&Authority::new()), ["127.0.0.1"], false, "certificate"),
        (Some(&authority), ["api.elevenlabs.io"], false, "not valid for name"),
        (Some(&authority), ["127.0.0.1"], true, "expired"),
    ] {
        let server = in_front_of(&simulator, authority.identity(&names, is_expired)).await;
        let address = format!("https://127.0.0.1:{}", server.port());
        let output = audit_at(&address, &[], trusted).await;
        let stderr = text(&output.stderr);
        assert_eq!(code(&output), 5, "{word}: {stderr}");
        assert!(stderr.contains(word) && stderr.contains("SSL_CERT_FILE"), "{word}: {stderr}");
        assert!(stderr.contains("this machine's clock"), "{word}: {stderr}");
        // Five endpoints, each asked once; some not at all, where the list of secrets had failed by then.
        assert!((1..=5).contains(&server.connections()), "{word}: {stderr}");
        assert!(!stderr.contains("attempts"), "{word}: {stderr}");
    }
    assert!(simulator.requests().is_empty(), "no key is sent to who might be anybody");
}

#[tokio::test]
async fn an_authority_that_the_environment_names_is_trusted() {
    let simulator = serve(secrets()).await;
    let authority = Authority::new();
    let server = in_front_of(&simulator, authority.identity(&["127.0.0.1"], false)).await;
    let address = format!("https://127.0.0.1:{}", server.port());
    let output = audit_at(&address, &[], Some(&authority)).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
}

#[tokio::test]
async fn tls_1_2_is_enough() {
    let simulator = serve(secrets()).await;
    let authority = Authority::new();
    let identity = authority.identity(&["127.0.0.1"], false);
    let server = in_front_of_with(&simulator, identity, &[&version::TLS12]).await;
    let address = format!("https://127.0.0.1:{}", server.port());
    let output = audit_at(&address, &[], Some(&authority)).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
}

#[tokio::test]
async fn nothing_older_than_tls_1_2_is_offered() {
    let hello = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&hello);
    let server = RawServer::start(move |mut stream| {
        let noted = Arc::clone(&noted);
        async move {
            // A record: type, version, length; then what the client offers.
            let mut head = [0; 5];
            stream.read_exact(&mut head).await?;
            let mut offers = vec![0; u16::from_be_bytes([head[3], head[4]]).into()];
            stream.read_exact(&mut offers).await?;
            *noted.lock().unwrap() = offers;
            Ok(())
        }
    })
    .await;
    let setup = Setup::new().workspace_at("main", &format!("https://127.0.0.1:{}", server.port()), KEY);
    assert_eq!(setup.http("attempts = 1").run().await.code(), 5);
    let hello = hello.lock().unwrap();
    // The extension supported_versions (43): two of them, 1.3 and 1.2, in either order.
    let offered = |versions: [u8; 4]| {
        let extension = [&[0, 43, 0, 5, 4][..], &versions].concat();
        hello.windows(extension.len()).any(|bytes| bytes == extension)
    };
    assert!(offered([3, 4, 3, 3]) || offered([3, 3, 3, 4]), "{hello:?}");
}

#[tokio::test]
async fn certificate_variables_that_are_set_to_nothing_are_as_good_as_unset() {
    let simulator = serve(secrets()).await;
    let authority = Authority::new();
    let server = in_front_of(&simulator, authority.identity(&["127.0.0.1"], false)).await;
    let address = format!("https://127.0.0.1:{}", server.port());
    let said = async |variables: &[(&str, &str)]| {
        let output = audit_at(&address, variables, None).await;
        assert_eq!(code(&output), 5);
        // Behind the time and the name of the event.
        let why = text(&output.stderr).lines().find_map(|line| Some(line.split_once("GET ")?.1.to_owned()));
        why.unwrap_or_else(|| text(&output.stderr).to_owned())
    };
    // This server is known to none of the authorities of this machine; where there are any, that is what is said.
    let unset = said(&[]).await;
    for variables in [
        &[("SSL_CERT_FILE", "")][..],
        &[("SSL_CERT_DIR", "")],
        &[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "")],
    ] {
        assert_eq!(said(variables).await, unset, "{variables:?}");
    }
    assert!(unset.contains("UnknownIssuer") || unset.contains("TLS could not be set up"), "{unset}");
}

#[tokio::test]
async fn a_redirect_is_refused_with_where_it_points_at_no_great_length() {
    for (location, shown) in [
        (Some("https://elsewhere.example/x"), "a redirect to https://elsewhere.example/x;"),
        (Some("//elsewhere.example"), "a redirect to //elsewhere.example;"),
        (None, "a redirect to nowhere;"),
    ] {
        let simulator = Simulator::start_with(World::empty(), move |_, _| {
            let headers = location.map(|to| ("location".to_owned(), to.to_owned())).into_iter().collect();
            Reply::Answer { status: 308, headers, body: Vec::new() }
        });
        let simulator = simulator.await.unwrap();
        let outcome = Setup::of(&simulator).http("attempts = 1").run().await;
        assert_eq!(outcome.code(), 5);
        let message = outcome.message();
        assert!(message.contains(shown), "{message}");
    }
    let simulator = serve_with(Vec::new(), |_, _| {
        Reply::json(302, &serde_json::json!({}))
            .with_header("location", &format!("https://x.example/{}", "x".repeat(5000)))
    })
    .await;
    assert!(Setup::of(&simulator).run().await.message().len() < 1000);
}
