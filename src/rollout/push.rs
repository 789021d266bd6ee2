//! The push: create only, and a merge request by push options.

use super::host::Hosts;
use super::journal::Past;
use super::make::Ready;
use super::outcome::{Fault, Outcome, fault};
use super::scratch::Scratch;
use super::target::Target;

/// What one push option may hold; the rest of a packet is its length and git's own. Source: `git help protocol-common`, "pkt-line".
const LONGEST: usize = 65_000;

const CUT: &str = "\\n\\n*The report is longer than a push option may be; `ci-migrate report` shows all of it.*";

/// The merge request that is asked for.
#[derive(Clone, Debug, Default)]
pub struct MergeRequest {
    pub title: String,
    pub target: Option<String>,
    pub labels: Vec<String>,
    pub draft: bool,
}

/// How a push went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    pub merge_request: Option<String>,
    /// Something that should be known, or nothing.
    pub note: String,
}

impl MergeRequest {
    /// The push options, a line each. Source: GitLab, "Push options": a line feed in a description is the two characters `\n`.
    fn options(&self, description: &str) -> Vec<String> {
        let option = |name: &str, value: &str| format!("merge_request.{name}={}", one_line(value));
        let mut options = vec!["merge_request.create".to_owned(), option("title", &self.title)];
        options.extend(self.target.as_ref().map(|target| option("target", target)));
        options.extend(self.labels.iter().map(|label| option("label", label)));
        options.extend(self.draft.then(|| "merge_request.draft".to_owned()));
        options.push(format!("merge_request.description={}", shortened(description)));
        options
    }
}

/// Pushes the commits of a repository to its branch. What was there before is only replaced if it is what was seen.
///
/// # Errors
/// See [`Fault`].
pub fn push(
    ready: &Ready,
    target: &Target,
    branch: &str,
    request: Option<&MergeRequest>,
    hosts: &Hosts,
) -> Result<Pushed, Fault> {
    let host = target.host.as_deref();
    // A plain folder takes no options, and a server may not.
    let wanted = request.filter(|_| !target.is_path());
    let options = wanted.filter(|_| !hosts.is_without_options(host)).map(|request| request.options(&ready.description));
    let lease = ready.scratch.found.as_deref().unwrap_or_default();
    let refspec = format!("{}:refs/heads/{branch}", ready.commit);
    match send(&ready.scratch, branch, lease, &refspec, options.as_deref().unwrap_or_default())? {
        Sent::Done(said) => {
            let merge_request = merge_request(&said);
            let is_missing = request.is_some() && merge_request.is_none();
            let note = if is_missing { no_request(&options, &said) } else { String::new() };
            Ok(Pushed { merge_request, note })
        }
        Sent::NoOptions => {
            hosts.without_options(host);
            match send(&ready.scratch, branch, lease, &refspec, &[])? {
                Sent::Done(_) => Ok(Pushed { merge_request: None, note: no_request(&None, "") }),
                Sent::NoOptions => Err(Fault::new(Outcome::Failed, "the server takes no push options")),
            }
        }
    }
}

/// What became of a branch that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenBack {
    /// It is not there, or what it was to replace still is.
    Gone,
    Deleted,
    /// What it had replaced is there again.
    Restored,
}

/// Deletes a branch if it is still at a commit that was meant for it, or puts back what it had replaced.
///
/// # Errors
/// See [`Fault`]; [`Outcome::Conflict`] if it holds something else, or the server has lost what was replaced.
pub fn take_back(target: &Target, branch: &str, past: &Past, net: &super::Net) -> Result<TakenBack, Fault> {
    let Some(scratch) = Scratch::of_branch(target, branch, net)? else { return Ok(TakenBack::Gone) };
    let replaced = past.replaced.as_deref();
    match scratch.found.clone().as_deref() {
        None => Ok(TakenBack::Gone),
        // The push did not come to pass.
        Some(found) if replaced == Some(found) => Ok(TakenBack::Gone),
        Some(found) if !past.is_ours(found) => {
            Err(Fault::new(Outcome::Conflict, format!("the branch {branch} was changed since, and stays")))
        }
        Some(found) => match replaced {
            None => send(&scratch, branch, found, &format!(":refs/heads/{branch}"), &[]).map(|_| TakenBack::Deleted),
            Some(old) => {
                let scratch = scratch.with_lost(old).map_err(|fault| match fault.is_passing {
                    true => fault,
                    false => Fault::new(
                        Outcome::Conflict,
                        format!(
                            "the branch stays, since what it had replaced ({old}) cannot be had: {}",
                            fault.message
                        ),
                    ),
                })?;
                send(&scratch, branch, found, &format!("{old}:refs/heads/{branch}"), &[]).map(|_| TakenBack::Restored)
            }
        },
    }
}

enum Sent {
    /// With what the server said.
    Done(String),
    NoOptions,
}

fn send(scratch: &Scratch, branch: &str, lease: &str, refspec: &str, options: &[String]) -> Result<Sent, Fault> {
    let lease = format!("--force-with-lease=refs/heads/{branch}:{lease}");
    let options: Vec<String> = options.iter().map(|option| format!("--push-option={option}")).collect();
    let mut arguments = vec!["push", "--porcelain", "--no-verify", "--no-signed", &lease];
    arguments.extend(options.iter().map(String::as_str));
    if scratch.is_local() {
        // The hooks of a folder are those of its owner's work, and not of a server.
        arguments.push("--receive-pack=git -c core.hooksPath=/dev/null receive-pack");
    }
    arguments.extend(["origin", refspec]);
    // What the user has in push.pushOption is meant for other pushes.
    let ran = scratch.git(&[("push.pushOption", "")], &arguments, b"")?;
    let out = String::from_utf8_lossy(&ran.out);
    let status = out.lines().find(|line| line.contains("\trefs/heads/") || line.contains(":refs/heads/"));
    match status.and_then(|line| line.chars().next()) {
        Some('!') => Err(declined(status.unwrap_or_default(), &ran.said, branch)),
        _ if ran.ok => Ok(Sent::Done(ran.said)),
        _ if ran.said.contains("does not support push options") => Ok(Sent::NoOptions),
        _ => Err(fault(&ran.said)),
    }
}

/// Source: `git help push`, "Output".
fn declined(status: &str, said: &str, branch: &str) -> Fault {
    let taken = ["stale info", "already exists", "non-fast-forward", "fetch first", "cannot lock ref"];
    if taken.iter().any(|words| status.contains(words)) {
        return Fault::new(Outcome::Conflict, format!("the branch {branch} was changed meanwhile, and stays"));
    }
    let summary = status.rsplit('\t').next().unwrap_or(status);
    let words: Vec<&str> = remote(said).filter(|line| !line.is_empty()).take(3).collect();
    let message = if words.is_empty() { summary.to_owned() } else { format!("{summary}: {}", words.join(" ")) };
    Fault::new(Outcome::Rejected, message)
}

/// The lines of the server.
fn remote(said: &str) -> impl Iterator<Item = &str> {
    said.lines().filter_map(|line| Some(line.strip_prefix("remote:")?.trim()))
}

/// The address of the merge request, which stands behind the line that names it. Source: GitLab, `Gitlab::Git::Push`'s post-receive
/// message.
fn merge_request(said: &str) -> Option<String> {
    let mut lines = remote(said).skip_while(|line| !line.starts_with("View merge request for"));
    lines.find(|line| line.starts_with("http")).map(str::to_owned)
}

fn no_request(options: &Option<Vec<String>>, said: &str) -> String {
    if options.is_none() {
        return "no merge request: the server takes no push options".to_owned();
    }
    let mut lines = remote(said).skip_while(|line| !line.starts_with("WARNINGS"));
    let why = lines.find(|line| !line.is_empty() && !line.starts_with("WARNINGS"));
    format!("no merge request: {}", why.unwrap_or("the server says nothing of one"))
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\r', '\0']).collect::<Vec<_>>().join(" ")
}

/// A text with its line feeds as GitLab wants them, no longer than an option may be.
fn shortened(text: &str) -> String {
    let mut text = text.trim_end().replace(['\r', '\0'], "").replace('\n', "\\n");
    if text.len() > LONGEST {
        let room = LONGEST - CUT.len();
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        // A cut within `\n` would leave half of it.
        let end = text[..end].rfind("\\n").unwrap_or(end);
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_cut_at_a_line() {
        let long = "é line of text\n".repeat(10_000);
        let cut = shortened(&long);
        assert!(cut.len() <= LONGEST && cut.ends_with(CUT), "{}", cut.len());
        assert!(!cut.contains('\n') && cut.starts_with("é line of text\\né line"));
        assert!(cut.strip_suffix(CUT).is_some_and(|head| head.ends_with("of text")));
        assert_eq!(shortened("a\nb\n"), "a\\nb");
    }

    #[test]
    fn the_servers_words_tell_of_the_merge_request() {
        let made = "remote: \nremote: View merge request for feat/x:   \nremote:   https://h/a/-/merge_requests/7   \n";
        assert_eq!(merge_request(made).as_deref(), Some("https://h/a/-/merge_requests/7"));
        let offered = "remote: To create a merge request for feat/x, visit:\nremote:   https://h/a/new\n";
        assert_eq!(merge_request(offered), None);
        let warned = "remote: WARNINGS:\nremote: \nremote: Error encountered with push options: no such target\n";
        assert!(no_request(&Some(Vec::new()), warned).contains("no such target"));
    }
}
