//! The witness's own log: a line before a command is sent, a line when its answer came. It lies outside of the server and
//! outlives it; being flushed to the disk it does not need, for the machine goes on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::speaker::Reply;
use super::step::Step;

/// An answer that settles a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// What is known of one command.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) step: Step,
    pub(super) answer: Option<Answer>,
    /// It was looked for when nothing was under way, and was not there.
    pub(super) is_absent: bool,
    /// It was looked at by a check before.
    pub(super) is_checked: bool,
}

/// The log of one database's life.
#[derive(Debug)]
pub struct Log(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    entries: BTreeMap<String, Entry>,
    violations: Vec<String>,
}

impl Log {
    /// Opens the log at `path` and goes on where it ends; makes a new one if there is none.
    ///
    /// # Errors
    /// If the file cannot be read or written, or holds a line that is none of a log.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut entries = BTreeMap::new();
        if path.exists() {
            for line in std::fs::read_to_string(path)?.lines() {
                read_line(&mut entries, line)
                    .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("no line of a log: {line}")))?;
            }
        }
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self(Mutex::new(Inner { file, entries, violations: Vec::new() })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps that a command is about to be sent.
    pub(super) fn sent(&self, step: &Step) -> io::Result<()> {
        let mut inner = self.inner();
        if inner.entries.contains_key(&step.id) {
            return Ok(());
        }
        inner.write(&json!({ "sent": step.to_json() }))?;
        let entry = Entry { step: step.clone(), answer: None, is_absent: false, is_checked: false };
        inner.entries.insert(step.id.clone(), entry);
        Ok(())
    }

    /// Keeps an answer that settles a command. One that differs from an earlier one is a violation.
    pub(super) fn answered(&self, id: &str, reply: &Reply) -> io::Result<()> {
        let answer = Answer { status: reply.status, body: reply.body.clone() };
        let mut inner = self.inner();
        let known = inner.entries.get_mut(id).and_then(|entry| entry.answer.replace(answer.clone()));
        match known {
            None => inner.write(&json!({ "answer": { "id": id, "status": answer.status, "body": answer.body } })),
            Some(known) if known == answer => Ok(()),
            Some(known) => {
                let text = format!(
                    "{id} was answered {} {}, and then {} {}",
                    known.status, known.body, answer.status, answer.body
                );
                inner.violations.push(text);
                Ok(())
            }
        }
    }

    /// Keeps that a command is not there.
    pub(super) fn absent(&self, id: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.write(&json!({ "absent": id }))?;
        if let Some(entry) = inner.entries.get_mut(id) {
            entry.is_absent = true;
        }
        Ok(())
    }

    /// Keeps that all until here was checked.
    pub(super) fn checked(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.write(&json!({ "checked": true }))?;
        inner.entries.values_mut().for_each(|entry| entry.is_checked = true);
        Ok(())
    }

    pub(super) fn violate(&self, text: String) {
        self.inner().violations.push(text);
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.inner().violations.clone()
    }

    pub(super) fn entries(&self) -> BTreeMap<String, Entry> {
        self.inner().entries.clone()
    }
}

impl Inner {
    fn write(&mut self, line: &Value) -> io::Result<()> {
        // One call a line, so that a witness that is killed leaves whole lines.
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

fn read_line(entries: &mut BTreeMap<String, Entry>, line: &str) -> Option<()> {
    let value: Value = serde_json::from_str(line).ok()?;
    if let Some(sent) = value.get("sent") {
        let step = Step::from_json(sent)?;
        entries.insert(step.id.clone(), Entry { step, answer: None, is_absent: false, is_checked: false });
    } else if let Some(answer) = value.get("answer") {
        let entry = entries.get_mut(answer.get("id")?.as_str()?)?;
        let status = u16::try_from(answer.get("status")?.as_u64()?).ok()?;
        entry.answer = Some(Answer { status, body: answer.get("body")?.as_str()?.to_owned() });
        entry.is_absent = false;
    } else if let Some(absent) = value.get("absent") {
        entries.get_mut(absent.as_str()?)?.is_absent = true;
    } else {
        value.get("checked")?;
        entries.values_mut().for_each(|entry| entry.is_checked = true);
    }
    Some(())
}
