//! TLS with pinned, self-signed certificates: the daemons' and the voters'.
//!
//! A pinned certificate is trusted because its bytes are the expected ones, not because of a name,
//! a date or an issuer: dcrd and dcrwallet serve a CA certificate as their own, which chain building
//! refuses. That the server owns the certificate's key is proved by the handshake's signature, which
//! the crypto provider checks. The provider is always explicit, never the process default.

mod expiry;
mod shown;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme,
};
use zeroize::Zeroizing;

use crate::new_file;
use crate::secret::Secret;

pub use expiry::{ending, expires_at, not_after};
pub use shown::end_of_shown;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("not one PEM certificate: {0}")]
    Certificate(String),
    #[error("not a PEM private key: {0}")]
    Key(String),
    #[error("certificate and key cannot be used: {0}")]
    Unusable(String),
    #[error("a certificate cannot be made: {0}")]
    Generate(String),
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
}

/// A client that trusts exactly the one certificate in `pinned_pem`; `alpn` such as `h2`, `http/1.1`.
pub fn client_config(pinned_pem: &str, alpn: &[&str]) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = provider();
    let verifier = PinnedCertificate {
        pinned: one_certificate(pinned_pem)?,
        provider: provider.clone(),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Unusable(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = protocols(alpn);
    Ok(Arc::new(config))
}

/// A server that shows `cert_pem` (its own certificate first, then what leads to a root, if any).
pub fn server_config(
    cert_pem: &str,
    key_pem: &Secret,
    alpn: &[&str],
) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(cert_pem)?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.expose().as_bytes())
        .map_err(|error| TlsError::Key(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Unusable(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| TlsError::Unusable(error.to_string()))?;
    config.alpn_protocols = protocols(alpn);
    Ok(Arc::new(config))
}

/// Whether a connection failed because the server showed another certificate than the pinned one.
pub fn is_wrong_certificate(error: &io::Error) -> bool {
    matches!(
        rustls_error(error),
        Some(rustls::Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure
        ))
    )
}

/// The rustls error inside an I/O error, if that is what it is.
pub fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>()
}

fn provider() -> Arc<CryptoProvider> {
    // Not ring: it cannot do the P-521 certificates of older dcrd.
    Arc::new(aws_lc_rs::default_provider())
}

fn protocols(alpn: &[&str]) -> Vec<Vec<u8>> {
    alpn.iter().map(|name| name.as_bytes().to_vec()).collect()
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::Certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(TlsError::Certificate("there is none".to_owned()));
    }
    Ok(chain)
}

fn one_certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    let mut chain = certificates(pem)?;
    match (chain.pop(), chain.len()) {
        (Some(only), 0) => {
            // Not used for trust: rejects what no handshake could ever succeed with.
            rustls::server::ParsedCertificate::try_from(&only)
                .map_err(|error| TlsError::Certificate(error.to_string()))?;
            Ok(only)
        }
        (_, more) => Err(TlsError::Certificate(format!("there are {}", more + 1))),
    }
}

/// Accepts one leaf, by its bytes.
#[derive(Debug)]
struct PinnedCertificate {
    pinned: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if end_entity.as_ref() == self.pinned.as_ref() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A certificate with its key, both PEM.
#[derive(Debug, Clone)]
pub struct KeyPair {
    pub cert_pem: String,
    pub key_pem: Secret,
}

/// A self-signed certificate for `hosts` (names or addresses), valid for ever: it ends when the
/// operator replaces it.
pub fn self_signed(hosts: &[String]) -> Result<KeyPair, TlsError> {
    self_signed_with(hosts, &rcgen::PKCS_ECDSA_P256_SHA256)
}

fn self_signed_with(
    hosts: &[String],
    algorithm: &'static rcgen::SignatureAlgorithm,
) -> Result<KeyPair, TlsError> {
    let failed = |error: rcgen::Error| TlsError::Generate(error.to_string());
    let key = rcgen::KeyPair::generate_for(algorithm).map_err(failed)?;
    let mut params = rcgen::CertificateParams::new(hosts.to_vec()).map_err(failed)?;
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "dcrstakepool voter");
    let cert = params.self_signed(&key).map_err(failed)?;
    Ok(KeyPair {
        cert_pem: cert.pem(),
        key_pem: Secret::new(key.serialize_pem()),
    })
}

/// Reads certificate and key; makes and stores both, the key readable by its owner only, when
/// neither file is there. The flag says whether they are new.
pub fn load_or_make(
    cert: &Path,
    key: &Path,
    hosts: &[String],
) -> Result<(KeyPair, bool), TlsError> {
    if !cert.exists() && !key.exists() {
        let pair = self_signed(hosts)?;
        // The key first: a certificate without its key would block the next start.
        write_new(key, pair.key_pem.expose(), 0o600)?;
        write_new(cert, &pair.cert_pem, 0o644)?;
        return Ok((pair, true));
    }
    let cert_pem = read(cert)?;
    let key_pem = Secret::new(read(key)?.as_str());
    Ok((
        KeyPair {
            cert_pem: cert_pem.as_str().to_owned(),
            key_pem,
        },
        false,
    ))
}

fn read(path: &Path) -> Result<Zeroizing<String>, TlsError> {
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| file_error(path, &error))
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    new_file::write(path, text, mode).map_err(|error| file_error(path, &error))
}

fn file_error(path: &Path, error: &io::Error) -> TlsError {
    TlsError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    async fn handshake(server: &KeyPair, pinned_pem: &str) -> io::Result<String> {
        let acceptor = TlsAcceptor::from(
            server_config(&server.cert_pem, &server.key_pem, &["http/1.1"]).unwrap(),
        );
        let connector = TlsConnector::from(client_config(pinned_pem, &["http/1.1"]).unwrap());
        let (near, far) = tokio::io::duplex(64 * 1024);
        let serve = async {
            if let Ok(mut stream) = acceptor.accept(far).await {
                stream.write_all(b"hello").await.ok();
                stream.shutdown().await.ok();
            }
        };
        let name = ServerName::try_from("any.name.at.all").unwrap();
        let ask = async {
            let mut text = String::new();
            let mut stream = connector.connect(name, near).await?;
            stream.read_to_string(&mut text).await?;
            Ok(text)
        };
        tokio::join!(serve, ask).1
    }

    #[tokio::test]
    async fn every_kind_of_key_that_a_daemon_may_have_is_trusted_when_pinned() {
        for algorithm in [
            &rcgen::PKCS_ED25519,
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ECDSA_P521_SHA512,
        ] {
            let pair = self_signed_with(&["localhost".to_owned()], algorithm).unwrap();
            assert_eq!(handshake(&pair, &pair.cert_pem).await.unwrap(), "hello");
        }
    }

    #[tokio::test]
    async fn a_ca_certificate_as_leaf_is_trusted_when_pinned() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pair = KeyPair {
            cert_pem: params.self_signed(&key).unwrap().pem(),
            key_pem: Secret::new(key.serialize_pem()),
        };
        assert_eq!(handshake(&pair, &pair.cert_pem).await.unwrap(), "hello");
    }

    #[tokio::test]
    async fn another_certificate_of_the_same_name_is_refused() {
        let hosts = ["localhost".to_owned()];
        let (one, other) = (self_signed(&hosts).unwrap(), self_signed(&hosts).unwrap());
        let error = handshake(&one, &other.cert_pem).await.unwrap_err();
        assert!(is_wrong_certificate(&error), "{error}");
    }

    #[test]
    fn a_pin_is_exactly_one_certificate() {
        let pair = self_signed(&["localhost".to_owned()]).unwrap();
        let two = pair.cert_pem.repeat(2);
        for bad in ["", "nonsense", &two, pair.key_pem.expose()] {
            assert!(matches!(
                client_config(bad, &[]),
                Err(TlsError::Certificate(_))
            ));
        }
    }

    #[test]
    fn certificate_and_key_are_made_once_and_the_key_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = (dir.path().join("rpc.cert"), dir.path().join("rpc.key"));
        let hosts = ["127.0.0.1".to_owned(), "voter.example".to_owned()];
        let (made, new) = load_or_make(&cert, &key, &hosts).unwrap();
        let (read, again) = load_or_make(&cert, &key, &hosts).unwrap();
        assert!(new && !again);
        assert_eq!(made.cert_pem, read.cert_pem);
        assert!(made.key_pem.matches(read.key_pem.expose()));
        let permissions = fs::metadata(&key).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        fs::remove_file(&key).unwrap();
        assert!(matches!(
            load_or_make(&cert, &key, &hosts),
            Err(TlsError::File { .. })
        ));
    }
}
