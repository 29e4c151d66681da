//! A hub on the loopback interface: the Hub's protocol on one port, its content server on another, faults on demand.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::fixtures::sha256;

/// The commit that every revision of every repository leads to.
pub(crate) const COMMIT: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

/// What goes wrong with the next answer that carries a file's bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// Nothing more comes after so many bytes of the body, and the connection stays open.
    Stall(usize),
    /// The body's first byte is another one.
    WrongByte,
    /// The range is ignored: the whole file comes.
    NoRange,
    /// An answer with this status and no file.
    Status(u16),
    /// Status 429 and no file, and the wish to be left alone for so many seconds.
    Busy(u64),
}

/// A file and whether the Hub keeps it on its content server, under its SHA-256.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    pub(crate) large: bool,
}

/// A request as it arrived, and how many bytes of a body it was given.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) on_content_server: bool,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) from: Option<usize>,
    pub(crate) authorization: Option<String>,
    pub(crate) sent: usize,
}

/// What the hub holds and does.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Repository, then file.
    pub(crate) repositories: BTreeMap<String, BTreeMap<String, Stored>>,
    /// A repository's former name and its name.
    pub(crate) renamed: BTreeMap<String, String>,
    /// The token without which nothing is given.
    pub(crate) token: Option<String>,
    /// Repositories that no token opens.
    pub(crate) gated: Vec<String>,
    /// Faults of the next answers that carry a file, one each.
    pub(crate) faults: VecDeque<Fault>,
    /// The header that answers about files lack.
    pub(crate) lacks: Option<&'static str>,
    requests: Vec<Request>,
}

/// The hub; it lives as long as the test process.
#[derive(Clone)]
pub(crate) struct Server {
    hub: SocketAddr,
    content: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (hub, content) = (listen(), listen());
        let server = Server {
            hub: hub.local_addr().expect("an address"),
            content: content.local_addr().expect("an address"),
            state: Arc::default(),
        };
        for (listener, on_content_server) in [(hub, false), (content, true)] {
            let server = server.clone();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let server = server.clone();
                    // A client that hangs up in the middle is part of the tests.
                    thread::spawn(move || drop(server.answer(&stream, on_content_server)));
                }
            });
        }
        server
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.hub)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no handler panics")
    }

    pub(crate) fn add(&self, repository: &str, file: &str, bytes: &[u8], large: bool) -> &Self {
        let stored = Stored { bytes: bytes.to_vec(), large };
        self.state().repositories.entry(repository.to_owned()).or_default().insert(file.to_owned(), stored);
        self
    }

    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// The requests that asked for the bytes of files on the content server.
    pub(crate) fn transfers(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.on_content_server && request.method == "GET").collect()
    }

    fn answer(&self, stream: &TcpStream, on_content_server: bool) -> io::Result<()> {
        let mut request = read_request(stream, on_content_server)?;
        let index = {
            let mut state = self.state();
            state.requests.push(request.clone());
            state.requests.len() - 1
        };
        let answer = if on_content_server { self.content(&request) } else { self.hub(&request) };
        request.sent = answer.send(stream, &request.method, |sent| self.state().requests[index].sent = sent)?;
        stream.shutdown(Shutdown::Both)
    }

    /// The hub's own port: `/api/models/REPO/revision/REV` and `/REPO/resolve/REV/FILE`.
    fn hub(&self, request: &Request) -> Answer {
        let state = self.state();
        if state.token.as_ref().is_some_and(|token| request.authorization != Some(format!("Bearer {token}"))) {
            return Answer::error(401, "", "Invalid credentials in Authorization header");
        }
        let path = request.path.trim_start_matches('/');
        for (old, new) in &state.renamed {
            if path.contains(old.as_str()) {
                let location = format!("/{}", path.replace(old.as_str(), new));
                return Answer::new(307).header("Location", &location);
            }
        }
        if path.starts_with("circle/") {
            return Answer::new(302).header("Location", &request.path);
        }
        if let Some(rest) = path.strip_prefix("api/models/") {
            let Some((repository, revision)) = rest.split_once("/revision/") else { return Answer::new(404) };
            return match state.lookup(repository, revision) {
                Err(answer) => answer,
                Ok(files) => Answer::new(200).body(listing(files)),
            };
        }
        let Some((repository, rest)) = path.split_once("/resolve/") else { return Answer::new(404) };
        let Some((revision, file)) = rest.split_once('/') else { return Answer::new(404) };
        let (escaped, file) = (file, &unescaped(file));
        let stored = match state.lookup(repository, revision) {
            Err(answer) => return answer,
            Ok(files) => match files.get(file) {
                None => return Answer::error(404, "EntryNotFound", "Entry not found"),
                Some(stored) => stored.clone(),
            },
        };
        let lacks = state.lacks;
        drop(state);
        let sum = sha256(&stored.bytes);
        let answer = if stored.large {
            Answer::new(302)
                .header("Location", &format!("http://{}/{repository}/{escaped}", self.content))
                .header("X-Linked-Etag", &format!("\"{sum}\""))
                .header("X-Linked-Size", &stored.bytes.len().to_string())
        } else {
            self.bytes(request, &stored.bytes).header("ETag", &format!("W/\"{}\"", &sum[..40]))
        };
        answer.header("X-Repo-Commit", COMMIT).without(lacks)
    }

    /// The content server's port: `/REPO/FILE`, for `GET` alone, and for nobody who brings a token.
    fn content(&self, request: &Request) -> Answer {
        if request.method != "GET" || request.authorization.is_some() {
            return Answer::new(403);
        }
        let state = self.state();
        let holds = |(repository, files): (&String, &BTreeMap<String, Stored>)| {
            let file = request.path.strip_prefix(&format!("/{repository}/"))?;
            files.get(&unescaped(file)).map(|stored| stored.bytes.clone())
        };
        let bytes = state.repositories.iter().find_map(holds);
        drop(state);
        bytes.map_or(Answer::new(404), |bytes| self.bytes(request, &bytes).header("ETag", "\"of-the-content-server\""))
    }

    fn bytes(&self, request: &Request, bytes: &[u8]) -> Answer {
        let fault = if request.method == "GET" { self.state().faults.pop_front() } else { None };
        match fault {
            Some(Fault::Status(status)) => return Answer::new(status),
            Some(Fault::Busy(seconds)) => return Answer::new(429).header("Retry-After", &seconds.to_string()),
            _ => {}
        }
        let from = request.from.filter(|_| !matches!(fault, Some(Fault::NoRange)));
        let mut answer = match from {
            Some(from) if from >= bytes.len() => return Answer::new(416),
            Some(from) => Answer::new(206)
                .header("Content-Range", &format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()))
                .body(bytes[from..].to_vec()),
            None => Answer::new(200).body(bytes.to_vec()),
        };
        if let (Some(Fault::WrongByte), Some(first)) = (fault, answer.body.first_mut()) {
            *first ^= 1;
        }
        answer.fault = fault;
        answer
    }
}

impl State {
    fn lookup(&self, repository: &str, revision: &str) -> Result<&BTreeMap<String, Stored>, Answer> {
        if self.gated.iter().any(|gated| gated == repository) {
            return Err(Answer::error(403, "GatedRepo", "Access to this model is restricted"));
        }
        let absent = Answer::error(404, "RepoNotFound", "Repository not found");
        let files = self.repositories.get(repository).ok_or(absent)?;
        if ["main", "v1", "refs%2Fpr%2F1", COMMIT].contains(&revision) {
            Ok(files)
        } else {
            Err(Answer::error(404, "RevisionNotFound", "Invalid rev id"))
        }
    }
}

fn listing(files: &BTreeMap<String, Stored>) -> Vec<u8> {
    let siblings: Vec<_> = files.keys().map(|name| serde_json::json!({ "rfilename": name })).collect();
    serde_json::json!({ "id": "ignored", "sha": COMMIT, "siblings": siblings }).to_string().into_bytes()
}

/// The one escape that the names in these tests need.
fn unescaped(file: &str) -> String {
    file.replace("%20", " ")
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    fault: Option<Fault>,
}

impl Answer {
    fn new(status: u16) -> Self {
        Answer { status, headers: Vec::new(), body: Vec::new(), fault: None }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        Answer::new(status).header("X-Error-Code", code).header("X-Error-Message", message)
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: Option<&str>) -> Self {
        self.headers.retain(|(header, _)| Some(header.as_str()) != name);
        self
    }

    fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    fn send(&self, mut stream: &TcpStream, method: &str, report: impl FnOnce(usize)) -> io::Result<usize> {
        let mut head = format!("HTTP/1.1 {} Status\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        stream.write_all(head.as_bytes())?;
        if method == "HEAD" {
            return Ok(0);
        }
        let length = match self.fault {
            Some(Fault::Cut(length) | Fault::Stall(length)) => length.min(self.body.len()),
            _ => self.body.len(),
        };
        report(length);
        stream.write_all(&self.body[..length])?;
        if let Some(Fault::Stall(_)) = self.fault {
            thread::sleep(Duration::from_secs(20));
        }
        Ok(length)
    }
}

fn read_request(stream: &TcpStream, on_content_server: bool) -> io::Result<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or(Err(io::ErrorKind::UnexpectedEof.into()))?;
    let mut words = first.split(' ').map(str::to_owned);
    let mut request = Request {
        on_content_server,
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        from: None,
        authorization: None,
        sent: 0,
    };
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => request.authorization = Some(value.to_owned()),
            "range" => {
                request.from = value.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')?.parse().ok());
            }
            _ => {}
        }
    }
    Ok(request)
}
