//! The Hub's HTTP protocol: what a file is, what a repository lists, and a file's bytes from an offset on.
//!
//! `hf-hub` supplies the cache's paths, the addresses and the wire types. Its client does not serve here: it has no
//! timeouts (a machine without network would hang instead of turning to the package mirror), no offline mode, checks
//! no sums, and neither keeps nor resumes what it has across processes. Requests therefore go through `ureq` directly.
//!
//! Redirects are followed here rather than in the agent: the Hub's own answer, not the content server's, carries a
//! file's commit and checksum, and the token must reach the Hub alone.

use std::io::{self, Read};
use std::time::Duration;

use hf_hub::api::RepoInfo;
use hf_hub::{Repo, RepoType};
use ureq::http::{HeaderMap, Response, header};
use ureq::{Agent, Body, Timeout};

use super::address::{escaped, joined, origin};
use super::cache::is_safe_name;
use super::digest::is_sha256;
use super::error::HubError;
use super::fault::ProtocolFault;
use super::settings::HubSettings;

/// The Hub redirects once to a renamed repository and once to its content server; some mirrors add one more.
const MAX_REDIRECTS: usize = 6;

/// A listing of ten thousand files takes about one MiB.
const MAX_LISTING: u64 = 32 << 20;

/// What the Hub says about a file before giving it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    /// The commit that the revision led to.
    pub(super) commit: String,
    /// Names the bytes: the SHA-256 of a large file, the git object id of a small one.
    pub(super) etag: String,
    /// The size in bytes.
    pub(super) size: Option<u64>,
}

impl Metadata {
    /// The SHA-256 that the Hub promises: it has one for large files only.
    pub(super) fn sha256(&self) -> Option<&str> {
        is_sha256(&self.etag).then_some(&*self.etag)
    }
}

/// A repository at a revision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Location<'a> {
    pub(super) repo: &'a str,
    pub(super) revision: &'a str,
}

impl Location<'_> {
    fn as_repo(self) -> Repo {
        Repo::with_revision(self.repo.to_owned(), RepoType::Model, self.revision.to_owned())
    }

    /// The address of one of its files, or of the repository's page.
    pub(super) fn url(self, endpoint: &str, file: Option<&str>) -> String {
        match file {
            Some(file) => {
                let revision = self.as_repo().url_revision();
                format!("{endpoint}/{}/resolve/{revision}/{}", self.repo, escaped(file))
            }
            None => format!("{endpoint}/{}", self.repo),
        }
    }
}

/// Bytes of a file on their way.
pub(super) struct Transfer {
    /// Where in the file they start: the offset that was asked for, or 0 if the server knows no ranges.
    pub(super) start: u64,
    /// The length of the whole file, if the server says.
    pub(super) total: Option<u64>,
    body: Box<dyn Read>,
}

impl Read for Transfer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}

/// Talks to one Hub.
pub(super) struct Client {
    agent: Agent,
    endpoint: String,
    token: Option<String>,
}

#[derive(Clone, Copy)]
enum Method {
    Get { from: u64 },
    Head,
}

impl Client {
    /// A client for the settings' endpoint. Opens no connection.
    pub(super) fn new(settings: &HubSettings) -> Self {
        let patience = settings.patience;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("docent/", env!("CARGO_PKG_VERSION")))
            // Sizes and sums are those of the stored bytes, not of a compressed form.
            .accept_encoding("identity")
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.stall))
            .timeout_per_read(Some(patience.stall))
            .build();
        Client { agent: config.into(), endpoint: settings.endpoint.clone(), token: settings.token.clone() }
    }

    /// What the Hub says about `file`.
    pub(super) fn metadata(&self, location: Location<'_>, file: &str) -> Result<Metadata, HubError> {
        let url = location.url(&self.endpoint, Some(file));
        let mut answer = Description::default();
        let response = self.send(Method::Head, &url, |headers| {
            answer.absorb(headers);
            answer.is_whole()
        })?;
        if !answer.is_whole() {
            self.accept(&url, &response, Subject { location, file: Some(file) })?;
            answer.absorb(response.headers());
        }
        answer.metadata(&url)
    }

    /// The commit of `location` and the names of all its files.
    pub(super) fn listing(&self, location: Location<'_>) -> Result<RepoInfo, HubError> {
        let url = format!("{}/api/{}", self.endpoint, location.as_repo().api_url());
        let response = self.send(Method::Get { from: 0 }, &url, |_| false)?;
        self.accept(&url, &response, Subject { location, file: None })?;
        let body = response.into_body().into_with_config().limit(MAX_LISTING).reader();
        let unreadable = || HubError::Protocol { url: url.clone(), fault: ProtocolFault::Listing };
        let info: RepoInfo = serde_json::from_reader(body).map_err(|error| match error.io_error_kind() {
            Some(kind) => HubError::Cut { url: url.clone(), received: 0, source: kind.into() },
            None => unreadable(),
        })?;
        if is_safe_name(&info.sha) { Ok(info) } else { Err(unreadable()) }
    }

    /// The bytes of `file` from offset `from` on; `None` if there are none from there on.
    pub(super) fn open(&self, location: Location<'_>, file: &str, from: u64) -> Result<Option<Transfer>, HubError> {
        let url = location.url(&self.endpoint, Some(file));
        let response = self.send(Method::Get { from }, &url, |_| false)?;
        if response.status() == 416 {
            return Ok(None);
        }
        self.accept(&url, &response, Subject { location, file: Some(file) })?;
        let (start, total) = match response.status().as_u16() {
            206 => content_range(response.headers())
                .filter(|(start, _)| *start == from)
                .ok_or(HubError::Protocol { url, fault: ProtocolFault::Header("Content-Range") })?,
            _ => (0, number(response.headers(), "content-length")),
        };
        let body = Box::new(response.into_body().into_with_config().limit(u64::MAX).reader());
        Ok(Some(Transfer { start, total, body }))
    }

    /// Sends a request and follows redirects. `is_enough` sees the headers of every answer that redirects, and may end
    /// the chase there.
    fn send(
        &self,
        method: Method,
        url: &str,
        mut is_enough: impl FnMut(&HeaderMap) -> bool,
    ) -> Result<Response<Body>, HubError> {
        let circle = || HubError::Protocol { url: url.to_owned(), fault: ProtocolFault::Redirect };
        let mut address = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_once(method, &address)?;
            if !response.status().is_redirection() || is_enough(response.headers()) {
                return Ok(response);
            }
            let target = response.headers().get(header::LOCATION).and_then(|target| target.to_str().ok());
            address = target.and_then(|target| joined(&address, target)).ok_or_else(circle)?;
        }
        Err(circle())
    }

    fn send_once(&self, method: Method, address: &str) -> Result<Response<Body>, HubError> {
        let mut request = match method {
            Method::Head => self.agent.head(address),
            Method::Get { from: 0 } => self.agent.get(address),
            Method::Get { from } => self.agent.get(address).header(header::RANGE, format!("bytes={from}-")),
        };
        if let Some(token) = self.token_for(address) {
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(HubError::MalformedToken);
            }
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request.call().map_err(|error| failed(address, error))
    }

    /// The token, if `address` is of the Hub itself: same scheme, host and port.
    fn token_for(&self, address: &str) -> Option<&str> {
        let token = self.token.as_deref()?;
        (origin(address)? == origin(&self.endpoint)?).then_some(token)
    }

    /// Turns a status that is no success into the error that it stands for.
    fn accept(&self, url: &str, response: &Response<Body>, subject: Subject<'_>) -> Result<(), HubError> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let code = text(response.headers(), "x-error-code").unwrap_or_default();
        let message = text(response.headers(), "x-error-message").map(readable);
        let Location { repo, revision } = subject.location;
        let (repo, revision) = (repo.to_owned(), revision.to_owned());
        Err(match (status.as_u16(), code) {
            (_, "RepoNotFound") => HubError::NoRepository { repo },
            (_, "RevisionNotFound") => HubError::NoRevision { repo, revision },
            (status @ (401 | 403), _) => {
                HubError::Refused { url: url.to_owned(), status, token_sent: self.token.is_some(), message }
            }
            (404, _) => match subject.file {
                Some(file) => HubError::NoFile { repo, revision, file: file.to_owned() },
                None if revision == "main" => HubError::NoRepository { repo },
                None => HubError::NoRevision { repo, revision },
            },
            (status, _) => {
                let retry_after = number(response.headers(), "retry-after").map(Duration::from_secs);
                HubError::Status { url: url.to_owned(), status, message, retry_after }
            }
        })
    }
}

/// What a request was about.
#[derive(Clone, Copy)]
struct Subject<'a> {
    location: Location<'a>,
    file: Option<&'a str>,
}

/// What headers tell about a file. The Hub's answer, recognized by its commit, decides over the content server's; if it
/// tells all, the content server is not asked (its signed addresses may be for `GET` alone).
#[derive(Default)]
struct Description {
    commit: Option<String>,
    etag: Option<String>,
    linked_size: Option<u64>,
    length: Option<u64>,
}

impl Description {
    fn absorb(&mut self, headers: &HeaderMap) {
        self.length = number(headers, "content-length");
        if self.commit.is_none() {
            self.commit = text(headers, "x-repo-commit").map(str::to_owned);
            self.etag = text(headers, "x-linked-etag").or(text(headers, "etag")).map(|etag| unquoted(etag).to_owned());
            self.linked_size = number(headers, "x-linked-size");
        }
    }

    fn is_whole(&self) -> bool {
        self.commit.is_some() && self.etag.is_some() && self.linked_size.is_some()
    }

    fn metadata(self, url: &str) -> Result<Metadata, HubError> {
        let lacks = |header| HubError::Protocol { url: url.to_owned(), fault: ProtocolFault::Header(header) };
        Ok(Metadata {
            commit: self.commit.filter(|commit| is_safe_name(commit)).ok_or_else(|| lacks("X-Repo-Commit"))?,
            etag: self.etag.filter(|etag| is_safe_name(etag)).ok_or_else(|| lacks("ETag"))?,
            size: self.linked_size.or(self.length),
        })
    }
}

/// Tells a host that cannot be reached from a conversation that broke off.
fn failed(address: &str, error: ureq::Error) -> HubError {
    let url = address.to_owned();
    match error {
        ureq::Error::Io(source) if broke_off(source.kind()) => HubError::Cut { url, received: 0, source },
        ureq::Error::Timeout(Timeout::PerRead | Timeout::RecvResponse | Timeout::RecvBody | Timeout::SendRequest) => {
            HubError::Cut { url, received: 0, source: io::ErrorKind::TimedOut.into() }
        }
        source => HubError::Unreachable { url, source: Box::new(source) },
    }
}

fn broke_off(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

/// Start and total of `bytes START-END/TOTAL`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) = text(headers, "content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

/// An ETag without its quotes and its mark of weakness.
fn unquoted(etag: &str) -> &str {
    etag.trim_start_matches("W/").trim_matches('"')
}

/// A server's message, cut to what fits into a line.
fn readable(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_the_hub_alone() {
        let mut settings = HubSettings::new("cache");
        settings.endpoint = "https://hub.example/base".to_owned();
        settings.token = Some("secret".to_owned());
        let client = Client::new(&settings);
        let cases = [
            ("https://hub.example/a", true),
            ("https://HUB.example:443/a", true),
            ("http://hub.example/a", false),
            ("https://hub.example:8443/a", false),
            ("https://cdn.hub.example/a", false),
            ("https://hub.example.evil/a", false),
            ("https://hub.example@evil.example/a", false),
        ];
        for (address, expected) in cases {
            assert_eq!(client.token_for(address).is_some(), expected, "{address}");
        }
    }

    #[test]
    fn addresses_are_escaped() {
        let location = Location { repo: "org/name", revision: "refs/pr/1" };
        let url = location.url("https://hub.example", Some("sub/a b%#?.gguf"));
        assert_eq!(url, "https://hub.example/org/name/resolve/refs%2Fpr%2F1/sub/a%20b%25%23%3F.gguf");
    }

    #[test]
    fn ranges_are_read() {
        let cases =
            [("bytes 5-9/10", Some((5, Some(10)))), ("bytes 5-9/*", Some((5, None))), ("5-9/10", None), ("", None)];
        for (value, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("content-range", value.parse().expect("a header value"));
            assert_eq!(content_range(&headers), expected, "{value:?}");
        }
    }
}
