//! What goes by way of a proxy and what does not, and proxies that refuse.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};

use crate::{
    addresses::{KEY, NOT_LOOPBACK, audit_at, secrets},
    raw::{RawServer, read_head},
    support::{Setup, code, finish, serve, text},
    tls::{Authority, acceptor, in_front_of},
};

/// A proxy that notes the first line of what it is asked, and does not do it.
async fn proxy() -> (RawServer, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let server = RawServer::start(move |mut stream| {
        let noted = Arc::clone(&noted);
        async move {
            let head = read_head(&mut stream).await?;
            noted.lock().unwrap().push(head);
            Ok(())
        }
    })
    .await;
    (server, asked)
}

#[tokio::test]
async fn a_proxy_that_the_environment_names_is_asked_to_connect_and_sees_no_key() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let (server, asked) = proxy().await;
        let variables = [(variable, server.address()), ("HTTP_PROXY", "http://127.0.0.1:1".to_owned())];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        let output = audit_at("https://api.example.test", &variables, None).await;
        assert_eq!(code(&output), 5, "{variable}");
        let asked = asked.lock().unwrap();
        assert!(!asked.is_empty(), "{variable}: {}", text(&output.stderr));
        for head in asked.iter() {
            assert!(head.starts_with("CONNECT api.example.test:443 "), "{head}");
            assert!(!head.contains(KEY), "{head}");
        }
    }
}

/// A proxy that answers with this status, and to 200 opens a tunnel. It notes what it is asked.
pub(crate) async fn proxy_that_says(
    status: impl Fn(&str) -> u16 + Send + Sync + 'static,
    to: u16,
) -> (RawServer, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (noted, status) = (Arc::clone(&asked), Arc::new(status));
    let server = RawServer::start(move |mut stream| {
        let (noted, status) = (Arc::clone(&noted), Arc::clone(&status));
        async move {
            let head = read_head(&mut stream).await?;
            let status = status(&head);
            noted.lock().unwrap().push(head);
            stream.write_all(format!("HTTP/1.1 {status} Whatever\r\n\r\n").as_bytes()).await?;
            if status == 200 {
                let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
                copy_bidirectional(&mut stream, &mut server).await?;
            }
            Ok(())
        }
    })
    .await;
    (server, asked)
}

#[tokio::test]
async fn a_proxy_that_refuses_is_asked_once_in_a_run_and_the_reason_is_said() {
    for (status, remedy) in
        [(407, "check the user and the password"), (403, "have the address allowed there")]
    {
        let (proxy, asked) = proxy_that_says(move |_| status, 0).await;
        let address = format!("http://me:hunter2@127.0.0.1:{}", proxy.port());
        let setup = Setup::new().workspace_at("main", "https://api.example.test", KEY);
        // Another key and another workspace, and the same way there.
        let setup =
            setup.workspace_at("other", "https://api.example.test", "sk_another_key").http("attempts = 3");
        let mut audit = setup.audit();
        audit.env("HTTPS_PROXY", &address);
        let output = finish(audit).await;
        let said = text(&output.stderr);
        assert_eq!((code(&output), asked.lock().unwrap().len()), (5, 1), "{status}: {said}");
        let proxy = format!("the proxy http://127.0.0.1:{} refuses", proxy.port());
        for part in [proxy.as_str(), &format!("status {status}"), remedy] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("hunter2") && !said.contains("attempts"), "{said}");
    }
}

#[tokio::test]
async fn a_wrong_password_for_a_proxy_behind_tls_is_not_tried_again() {
    let authority = Authority::new();
    let acceptor = acceptor(authority.identity(&["127.0.0.1"], false), &[]);
    let proxy = RawServer::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await?;
            read_head(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 407 Whatever\r\n\r\n").await?;
            stream.shutdown().await
        }
    })
    .await;
    let address = format!("https://me:hunter2@127.0.0.1:{}", proxy.port());
    let variables = [("HTTPS_PROXY", address.as_str())];
    let output = audit_at("https://api.example.test", &variables, Some(&authority)).await;
    let said = text(&output.stderr);
    assert!(code(&output) == 5 && said.contains("refuses") && said.contains("status 407"), "{said}");
    assert!(!said.contains("attempts") && !said.contains("hunter2"), "{said}");
    assert!((1..=5).contains(&proxy.connections()), "each endpoint once: {said}");
}

#[tokio::test]
async fn a_proxy_that_would_see_the_key_is_refused_unless_the_address_is_excepted() {
    let simulator = serve(secrets()).await;
    let (proxy, asked) = proxy().await;
    let address = format!("http://{NOT_LOOPBACK}:{}", simulator.base_url().port().unwrap());
    let setup = Setup::new().workspace_at("main", &address, KEY).http("allow_plain_http = true");
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        for value in
            [proxy.address(), format!("{} ", proxy.address()).replace("http://", "http://me:hunter2@")]
        {
            let mut audit = setup.audit();
            audit.env(variable, value);
            let output = finish(audit).await;
            let said = text(&output.stderr);
            assert!(code(&output) == 2 && said.contains(variable) && !said.contains("hunter2"), "{said}");
        }
        assert!(simulator.requests().is_empty());
    }
    for (variable, list) in [("NO_PROXY", "0.0.0.0/8"), ("no_proxy", NOT_LOOPBACK)] {
        let mut audit = setup.audit();
        audit.env("HTTP_PROXY", proxy.address()).env(variable, list);
        let output = finish(audit).await;
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn no_variable_beside_it_makes_requests_go_past_a_proxy() {
    for variables in [
        // The HTTP client by itself takes the first that is there, be it empty.
        &[("HTTPS_PROXY", ""), ("https_proxy", "PROXY")][..],
        &[("HTTPS_PROXY", ""), ("https_proxy", ""), ("ALL_PROXY", ""), ("all_proxy", "PROXY")],
        // And none where it takes itself for a program behind a web server.
        &[("HTTPS_PROXY", "PROXY"), ("REQUEST_METHOD", "GET")],
        &[("HTTPS_PROXY", "PROXY"), ("NO_PROXY", ""), ("no_proxy", "other.example")],
    ] {
        let (server, asked) = proxy().await;
        let address = server.address();
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, if *value == "PROXY" { address.as_str() } else { *value }))
            .collect();
        let output = audit_at("https://api.example.test", &variables, None).await;
        assert_eq!(code(&output), 5, "{variables:?}: {}", text(&output.stderr));
        assert!(!asked.lock().unwrap().is_empty(), "{variables:?}: {}", text(&output.stderr));
    }
}

#[tokio::test]
async fn a_proxy_that_cannot_be_read_is_code_2_and_neither_passed_over_nor_shown() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for value in [
            "http://me:hunter2@127.0.0.1:1 ",
            "http:/me:hunter2@127.0.0.1:1",
            "htp://me:hunter2@127.0.0.1:1",
            "http://me:hun hunter2@127.0.0.1:1",
            "http://me:1/hunter2@127.0.0.1:1",
            "me:hunter2@",
            "::::",
            " ",
        ] {
            let output = audit_at("https://api.example.test", &[(variable, value)], None).await;
            let said = text(&output.stderr);
            assert!(code(&output) == 2 && said.contains(variable), "{value:?}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_proxy_whose_own_trouble_passes_is_tried_again() {
    let (proxy, asked) = proxy_that_says(|_| 503, 0).await;
    let address = proxy.address();
    let output = audit_at("https://api.example.test", &[("HTTPS_PROXY", address.as_str())], None).await;
    assert_eq!(code(&output), 5);
    assert!(text(&output.stderr).contains("3 attempts"), "{}", text(&output.stderr));
    assert!(asked.lock().unwrap().len() >= 3);
}

#[tokio::test]
async fn an_audit_works_through_a_proxy_that_wants_a_password() {
    let simulator = serve(secrets()).await;
    let authority = Authority::new();
    let server = in_front_of(&simulator, authority.identity(&[NOT_LOOPBACK], false)).await;
    // me:hunter2
    let knows = |head: &str| head.to_lowercase().contains("proxy-authorization: basic bwu6ahvudgvymg==\r\n");
    let (proxy, asked) =
        proxy_that_says(move |head| if knows(head) { 200 } else { 407 }, server.port()).await;
    let address = format!("https://{NOT_LOOPBACK}:{}", server.port());
    for (password, expected) in [("hunter2", 0), ("hunter3", 5)] {
        let through = format!("http://me:{password}@127.0.0.1:{}", proxy.port());
        let output = audit_at(&address, &[("HTTPS_PROXY", through.as_str())], Some(&authority)).await;
        assert_eq!(code(&output), expected, "{}", text(&output.stderr));
    }
    let asked = asked.lock().unwrap();
    let wrong = asked.iter().filter(|head| !knows(head)).count();
    assert!(wrong == 1 && asked.len() > 2, "{asked:?}");
    assert!(asked.iter().all(|head| head.to_lowercase().contains("user-agent: elevenlabs-secrets-audit/")));
}

#[tokio::test]
async fn exceptions_from_the_proxy_are_read_as_curl_and_others_read_them() {
    let simulator = serve(secrets()).await;
    let authority = Authority::new();
    let server = in_front_of(&simulator, authority.identity(&[NOT_LOOPBACK], false)).await;
    let (proxy, asked) = proxy().await;
    let proxy = ("HTTPS_PROXY", proxy.address());
    let proxy = (proxy.0, proxy.1.as_str());
    let port = server.port();
    let here = format!("https://{NOT_LOOPBACK}:{port}");
    let with_port = format!("{NOT_LOOPBACK}:{port}");
    for list in [with_port.clone(), format!("localhost {NOT_LOOPBACK}"), "*".to_owned()] {
        for variable in ["NO_PROXY", "no_proxy"] {
            let output = audit_at(&here, &[proxy, (variable, &list)], Some(&authority)).await;
            assert_eq!(code(&output), 0, "{list}: {}", text(&output.stderr));
        }
    }
    // A name that leads nowhere: all that matters is whether the proxy is asked for it.
    let there = "https://api.example.test:8443";
    for list in ["*.example.test", "*.example.test:8443", "api.example.test:8443", "other *.test"] {
        assert_eq!(code(&audit_at(there, &[proxy, ("NO_PROXY", list)], None).await), 5);
    }
    assert!(asked.lock().unwrap().is_empty(), "{:?}", asked.lock().unwrap());
    for list in ["api.example.test:443", "*.ample.test", "pi.example.test:8443"] {
        asked.lock().unwrap().clear();
        assert_eq!(code(&audit_at(there, &[proxy, ("NO_PROXY", list)], None).await), 5);
        assert!(!asked.lock().unwrap().is_empty(), "{list}");
    }
}

#[tokio::test]
async fn an_address_that_the_environment_excepts_from_the_proxy_is_asked_directly() {
    let simulator = serve(secrets()).await;
    let authority = Authority::new();
    let server = in_front_of(&simulator, authority.identity(&[NOT_LOOPBACK], false)).await;
    let address = format!("https://{NOT_LOOPBACK}:{}", server.port());
    let (proxy, asked) = proxy().await;
    let https = ("HTTPS_PROXY", proxy.address());
    let https = (https.0, https.1.as_str());
    for variable in ["NO_PROXY", "no_proxy"] {
        let output = audit_at(&address, &[https, (variable, NOT_LOOPBACK)], Some(&authority)).await;
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    }
    assert!(asked.lock().unwrap().is_empty());
    // The same without the exception, to see that it was the exception.
    assert_eq!(code(&audit_at(&address, &[https], Some(&authority)).await), 5);
    assert!(!asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_meant_for_this_machine_never_goes_by_way_of_a_proxy() {
    let simulator = serve(secrets()).await;
    let (proxy, asked) = proxy().await;
    let port = simulator.base_url().port().unwrap();
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    for proxy in [proxy.address(), "http://127.0.0.1:1".to_owned(), "not an address".to_owned()] {
        let variables = names.map(|name| (name, proxy.as_str()));
        for host in ["127.0.0.1", "localhost"] {
            let output = audit_at(&format!("http://{host}:{port}"), &variables, None).await;
            assert_eq!(code(&output), 0, "{host} {proxy}: {}", text(&output.stderr));
        }
    }
    assert!(asked.lock().unwrap().is_empty());
}
