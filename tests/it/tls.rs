//! Servers behind TLS, with certificates that only a test trusts.

use std::{path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use simulator::Simulator;
use tokio::{io::copy_bidirectional, net::TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, SupportedProtocolVersion, crypto::ring, pki_types::PrivateKeyDer, version},
};

use crate::{raw::RawServer, support::Setup};

/// An authority that no machine trusts unless it is told to.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key.
pub(crate) struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(parameters, key), pem }
    }

    /// A certificate for these names or addresses.
    pub(crate) fn identity(&self, names: &[&str], is_expired: bool) -> Identity {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        if is_expired {
            parameters.not_before = date_time_ymd(2001, 1, 1);
            parameters.not_after = date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        Identity { certificate: parameters.signed_by(&key, &self.issuer).unwrap(), key }
    }

    /// Writes the authority's own certificate where `SSL_CERT_FILE` can point.
    pub(crate) fn write_to(&self, setup: &Setup) -> PathBuf {
        let path = setup.home().join("authority.pem");
        fs_err::write(&path, &self.pem).unwrap();
        path
    }
}

/// TLS in front of a simulator.
pub(crate) async fn in_front_of(simulator: &Simulator, identity: Identity) -> RawServer {
    in_front_of_with(simulator, identity, &[&version::TLS12, &version::TLS13]).await
}

/// The same with only these versions of it.
pub(crate) async fn in_front_of_with(
    simulator: &Simulator,
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> RawServer {
    let acceptor = acceptor_of(identity, versions, &[]);
    let simulator = simulator.base_url().socket_addrs(|| None).unwrap()[0];
    RawServer::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await?;
            let mut simulator = TcpStream::connect(simulator).await?;
            copy_bidirectional(&mut stream, &mut simulator).await.map(drop)
        }
    })
    .await
}

/// The server's side of TLS, offering these protocols in order of its preference.
pub(crate) fn acceptor(identity: Identity, protocols: &[&str]) -> TlsAcceptor {
    acceptor_of(identity, &[&version::TLS12, &version::TLS13], protocols)
}

fn acceptor_of(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}
