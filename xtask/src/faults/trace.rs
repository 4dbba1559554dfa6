//! What a server did to its files and told its callers, in order, read from the output of
//! `strace -f -y -xx -e trace=openat,pwrite64,ftruncate,fsync,fdatasync,unlink,sendto,write,writev`.

use std::collections::BTreeMap;
use std::path::Path;

/// The calls that have to be traced.
pub(super) const CALLS: &str =
    "trace=openat,pwrite64,ftruncate,fallocate,fsync,fdatasync,unlink,rename,write,writev,sendto,sendmsg";

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A file came to be there, if it was not.
    Create {
        name: String,
    },
    Write {
        name: String,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        name: String,
        length: usize,
    },
    Unlink {
        name: String,
    },
    /// A sync was asked for; what was written before is what it is about.
    SyncBegins {
        thread: u32,
        name: String,
    },
    /// It succeeded.
    SyncEnds {
        thread: u32,
        name: String,
    },
    /// A caller was told an outcome: done, refused, or found by an inquiry.
    Told {
        request: String,
    },
}

/// The name under which a sync of the folder itself appears.
pub(super) const FOLDER: &str = "";

/// Reads a trace. Of the files only the database and its log matter.
pub(super) fn read(text: &str, folder: &Path) -> Result<Vec<Event>, String> {
    let folder = folder.display().to_string();
    let mut events = Vec::new();
    let mut syncs: BTreeMap<u32, String> = BTreeMap::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Ok(thread) = thread.parse::<u32>() else { continue };
        let rest = rest.trim_start();
        if let Some(resumed) = rest.strip_prefix("<... ") {
            if let Some(name) = syncs.remove(&thread).filter(|_| resumed.ends_with("= 0")) {
                events.push(Event::SyncEnds { thread, name });
            }
            continue;
        }
        let Some((call, arguments)) = rest.split_once('(') else { continue };
        let failed = arguments.contains(") = -1 ");
        match call {
            "fsync" | "fdatasync" => {
                let Some(name) = described(arguments).and_then(|path| within(&path, &folder)) else { continue };
                events.push(Event::SyncBegins { thread, name: name.clone() });
                if arguments.ends_with("= 0") {
                    events.push(Event::SyncEnds { thread, name });
                } else if arguments.contains("<unfinished") {
                    syncs.insert(thread, name);
                }
            }
            _ if failed => {}
            "write" | "writev" | "sendto" | "sendmsg" => {
                events.extend(told(arguments).map(|request| Event::Told { request }));
            }
            "fallocate" | "rename" => return Err(format!("the replay does not know {call}: {line:.200}")),
            _ => events.extend(change(call, arguments, &folder)),
        }
    }
    Ok(events)
}

fn change(call: &str, arguments: &str, folder: &str) -> Option<Event> {
    match call {
        "openat" if arguments.contains("O_CREAT") => {
            let name = within(&quoted(arguments).into_iter().next()?, folder)?;
            Some(Event::Create { name })
        }
        "unlink" => Some(Event::Unlink { name: within(&quoted(arguments).into_iter().next()?, folder)? }),
        "pwrite64" => {
            let name = within(&described(arguments)?, folder)?;
            let data = bytes(arguments).into_iter().next()?;
            let offset = numbers_at_end(arguments).last().copied()?;
            Some(Event::Write { name, offset, data })
        }
        "ftruncate" => {
            let name = within(&described(arguments)?, folder)?;
            Some(Event::Truncate { name, length: numbers_at_end(arguments).last().copied()? })
        }
        _ => None,
    }
}

/// The arguments after the last string, without what the call returned.
fn numbers_at_end(arguments: &str) -> Vec<usize> {
    let tail = arguments.rsplit(['"', '>']).find(|tail| tail.contains(|c: char| c.is_ascii_digit()));
    // An unfinished call ends in `<unfinished ...>`.
    let tail = tail.unwrap_or_default().split([')', '<']).next().unwrap_or_default();
    tail.split(',').filter_map(|word| word.trim().parse().ok()).collect()
}

/// The path that `-y` shows beside a descriptor.
fn described(arguments: &str) -> Option<String> {
    let (_, rest) = arguments.split_once('<')?;
    let (path, _) = rest.split_once('>')?;
    Some(if path.starts_with("\\x") { String::from_utf8_lossy(&unescape(path)).into_owned() } else { path.to_owned() })
}

/// The name inside the folder; of the database's files only, and the folder itself.
fn within(path: &str, folder: &str) -> Option<String> {
    if path == folder {
        return Some(FOLDER.to_owned());
    }
    let name = path.rsplit('/').next()?;
    let is_ours = path == name || path.strip_prefix(folder).is_some_and(|rest| rest == format!("/{name}"));
    let is_kept = matches!(name, "warifu.db" | "warifu.db-wal" | "warifu.db-tail" | "warifu.db-tail-wal");
    (is_ours && is_kept).then(|| name.to_owned())
}

fn quoted(arguments: &str) -> Vec<String> {
    bytes(arguments).into_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Every string in the line. Within one there is no quote, for `-xx` writes each byte in hexadecimal.
fn bytes(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(unescape).collect()
}

fn unescape(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok()).collect()
}

/// The `request_id` in a reply that tells an outcome.
fn told(arguments: &str) -> Option<String> {
    if !arguments.contains("\\x48\\x54\\x54\\x50") {
        return None;
    }
    let reply = String::from_utf8_lossy(&bytes(arguments).concat()).into_owned();
    let status = reply.strip_prefix("HTTP/1.1 ")?.get(..3)?.to_owned();
    if !matches!(status.as_str(), "200" | "201" | "422") {
        return None;
    }
    let (_, rest) = reply.split_once("\"request_id\":\"")?;
    rest.split_once('"').map(|(request, _)| request.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_in_order() {
        let hex = |text: &str| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        let reply = hex("HTTP/1.1 201 Created\r\n\r\n{\"request_id\":\"a-1\"}");
        let text = format!(
            "7 openat(AT_FDCWD</d>, \"{}\", O_RDWR|O_CREAT, 0644) = 5</d/warifu.db-wal>\n\
             7 pwrite64(5</d/warifu.db-wal>, \"{}\", 2, 32) = 2\n\
             7 fsync(5</d/warifu.db-wal> <unfinished ...>\n\
             8 pwrite64(6</d/warifu.db>, \"{}\", 1, 8 <unfinished ...>\n\
             7 <... fsync resumed>)  = 0\n\
             8 <... pwrite64 resumed>) = 1\n\
             7 fsync(9</d>) = -1 EIO (Input/output error) (INJECTED)\n\
             7 ftruncate(6</d/warifu.db>, 4096) = 0\n\
             9 sendto(10<socket:[1]>, \"{reply}\", 60, MSG_NOSIGNAL, NULL, 0) = 60\n",
            hex("/d/warifu.db-wal"),
            hex("ab"),
            hex("c"),
        );
        let wal = || "warifu.db-wal".to_owned();
        let expected = vec![
            Event::Create { name: wal() },
            Event::Write { name: wal(), offset: 32, data: b"ab".to_vec() },
            Event::SyncBegins { thread: 7, name: wal() },
            Event::Write { name: "warifu.db".to_owned(), offset: 8, data: b"c".to_vec() },
            Event::SyncEnds { thread: 7, name: wal() },
            Event::SyncBegins { thread: 7, name: FOLDER.to_owned() },
            Event::Truncate { name: "warifu.db".to_owned(), length: 4096 },
            Event::Told { request: "a-1".to_owned() },
        ];
        assert_eq!(read(&text, Path::new("/d")), Ok(expected));
    }
}
