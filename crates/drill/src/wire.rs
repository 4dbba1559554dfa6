//! A connection as a load generator wants it: one request, one reply, as little work as can be, for it works on the same
//! cores as what it measures.

use std::fmt::Write as _;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::credential::Credential;

/// A connection to the server that is kept open between requests.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// The status of the reply.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: &'a [u8],
    /// Whether it says when to come again.
    pub(crate) has_retry_after: bool,
}

impl Answer<'_> {
    /// The text of a field of a flat JSON body.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let body = std::str::from_utf8(self.body).ok()?;
        let (_, rest) = body.split_once(&format!("\"{name}\":\""))?;
        rest.split('"').next()
    }
}

impl Connection {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::new() }
    }

    /// Posts a body and reads the reply, as [`Connection::send`].
    pub(crate) async fn post(&mut self, path: &str, credential: &Credential, body: &str) -> Result<Answer<'_>, Error> {
        self.send("POST", path, credential, body).await
    }

    /// Sends a request with a body, which may be empty, and reads the reply. After an error the connection is made anew by the
    /// next request.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        credential: &Credential,
        body: &str,
    ) -> Result<Answer<'_>, Error> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: warifu\r\ncontent-type: application/json\r\n");
        for (name, value) in credential.headers(method, path, body) {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let _ = write!(request, "content-length: {}\r\n\r\n{body}", body.len());
        match self.exchange(request.as_bytes()).await {
            Ok((head, end)) => {
                let status = status(self.buffer.get(..head).unwrap_or_default())?;
                let has_retry_after = header(self.buffer.get(..head).unwrap_or_default(), "retry-after").is_some();
                Ok(Answer { status, body: self.buffer.get(head..end).unwrap_or_default(), has_retry_after })
            }
            Err(error) => {
                self.stream = None;
                Err(error)
            }
        }
    }

    /// Sends a request and reads until the reply is whole. Tells where its body begins and ends.
    async fn exchange(&mut self, request: &[u8]) -> Result<(usize, usize), Error> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                none.insert(stream)
            }
        };
        stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let Some(head) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let body = head.saturating_add(4);
            let length = header(self.buffer.get(..head).unwrap_or_default(), "content-length");
            let length: usize = length.and_then(|text| text.parse().ok()).ok_or(ErrorKind::InvalidData)?;
            let end = body.saturating_add(length);
            if self.buffer.len() >= end {
                return Ok((body, end));
            }
        }
    }
}

fn status(head: &[u8]) -> Result<u16, Error> {
    let text = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    text.and_then(|digits| digits.parse().ok()).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// The value of a header whose name is given in lower case.
fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (key, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_taken_apart() {
        let head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 12\r\nretry-after: 1\r\n";
        assert_eq!(status(head).ok(), Some(503));
        assert_eq!(header(head, "content-length"), Some("12"));
        assert_eq!(header(head, "retry-after"), Some("1"));
        assert_eq!(header(head, "trace-id"), None);
        let answer = Answer { status: 201, body: br#"{"code":"9000","state":"captured"}"#, has_retry_after: false };
        assert_eq!(answer.field("state"), Some("captured"));
        assert_eq!(answer.field("amount"), None);
    }
}
