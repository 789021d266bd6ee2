//! The commits of a course, one a phase, written by `git fast-import`: the same input makes the same commits.

use std::fmt::Write;

use super::objects::ObjectFiles;
use super::outcome::{Fault, Outcome, fault};
use super::plan::Plan;
use super::scratch::Scratch;
use crate::migration::Course;
use crate::report::commit_message;

/// Writes the commits into the scratch repository, so many seconds younger than the plan; the id of the last one. Source: `git help fast-import`.
///
/// # Errors
/// Git refuses, or a file that changes is no regular one.
pub fn commits(
    scratch: &Scratch,
    files: &ObjectFiles,
    plan: &Plan,
    course: &Course,
    younger: u64,
) -> Result<String, Fault> {
    let mut stream = String::from("feature done\n");
    let who = format!("{} {} +0000", plan.author, plan.date + younger);
    let mut from = Some(&scratch.base);
    for leg in course.legs.iter().filter(|leg| leg.is_sound()) {
        let Some(Ok(proof)) = &leg.proof else { continue };
        let _ = write!(stream, "commit refs/ci-migrate/made\nmark :1\nauthor {who}\ncommitter {who}\n");
        data(&mut stream, &commit_message(&leg.plan, proof));
        if let Some(base) = from.take() {
            let _ = writeln!(stream, "from {base}");
        }
        for file in &leg.plan.files {
            let Some((mode, path)) = files.real(&file.path).filter(|(mode, _)| mode.starts_with("100")) else {
                return Err(Fault::new(Outcome::Invalid, format!("{} is no regular file", file.path)));
            };
            let _ = writeln!(stream, "M {mode} inline {}", quoted(&path));
            data(&mut stream, &file.text);
        }
    }
    stream.push_str("get-mark :1\ndone\n");
    let config = [("fastimport.unpackLimit", "0")];
    let ran = scratch.git(&config, &["fast-import", "--quiet", "--date-format=raw"], stream.as_bytes())?;
    let id = String::from_utf8_lossy(&ran.out).trim().to_owned();
    match ran.ok && !id.is_empty() {
        true => Ok(id),
        false => Err(fault(&ran.said)),
    }
}

fn data(stream: &mut String, text: &str) {
    let _ = write!(stream, "data {}\n{text}\n", text.len());
}

fn quoted(path: &str) -> String {
    let path = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{path}\"")
}
