//! The repositories of a group of a GitLab, by its API.
//!
//! Source: GitLab, "Groups API: List all projects of a group", "REST API: Pagination", "Rate limits: Response headers".

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Error};

/// How often a request is met with another try.
const RETRIES: u32 = 4;

/// The longest that a server's `Retry-After` is waited for.
const LONGEST_WAIT: u64 = 300;

/// What one page may hold.
const PAGE_BYTES: u64 = 32 * 1024 * 1024;

/// A GitLab that is asked for the repositories of its groups.
pub struct GitLab {
    /// Without a slash at its end.
    url: String,
    agent: Agent,
    token: Option<String>,
}

/// Which repositories of a group are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    pub archived: bool,
    pub forks: bool,
    /// Addresses for ssh in place of https.
    pub ssh: bool,
}

/// The addresses of a group's repositories, by their paths, and how many were left out.
#[derive(Debug, Default)]
pub struct Listing {
    pub addresses: Vec<String>,
    pub archived: usize,
    pub forks: usize,
}

/// Why a group could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitLabError {
    pub message: String,
    pub remedy: String,
}

#[derive(Deserialize)]
struct Project {
    path_with_namespace: String,
    http_url_to_repo: Option<String>,
    ssh_url_to_repo: Option<String>,
    #[serde(default)]
    archived: bool,
    forked_from_project: Option<serde::de::IgnoredAny>,
}

struct Page {
    projects: Vec<Project>,
    next: Option<String>,
}

impl GitLab {
    /// A GitLab by its address, with a token that goes to it and nowhere else.
    ///
    /// # Errors
    /// The address is no `http` or `https` URL, or holds a login; the token is none.
    pub fn new(url: &str, token: Option<String>) -> Result<GitLab, GitLabError> {
        let url = url.trim().trim_end_matches('/');
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
        if rest.is_empty() || rest.contains(['@', '?', '#', ' ']) || rest.contains(char::is_control) {
            return Err(GitLabError {
                message: "the address of the GitLab is no http or https URL without a login".to_owned(),
                remedy: "say --gitlab-url https://gitlab.example".to_owned(),
            });
        }
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(GitLabError {
                message: "GITLAB_TOKEN holds characters that no token has".to_owned(),
                remedy: "set it to the token alone".to_owned(),
            });
        }
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // A redirect would take the token somewhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .user_agent(concat!("ci-migrate/", env!("CARGO_PKG_VERSION")));
        Ok(GitLab { url: url.to_owned(), agent: config.build().new_agent(), token })
    }

    /// The repositories of a group and of its subgroups.
    ///
    /// # Errors
    /// See [`GitLabError`]; 429 and 5xx only after several tries.
    pub fn group(&self, group: &str, which: Which) -> Result<Listing, GitLabError> {
        let id = utf8_percent_encode(group.trim_matches('/'), NON_ALPHANUMERIC);
        let way = format!("{}/api/v4/groups/{id}/projects", self.url);
        let archived = if which.archived { "" } else { "&archived=false" };
        let mut query = format!(
            "include_subgroups=true&with_shared=false&order_by=id&sort=asc&per_page=100&pagination=keyset{archived}"
        );
        let mut listing = Listing::default();
        let mut asked = BTreeSet::new();
        let mut found = Vec::new();
        while asked.insert(query.clone()) {
            let page = self.page(&format!("{way}?{query}"), group)?;
            for project in page.projects {
                match () {
                    // A GitLab that knows no such filter.
                    () if project.archived && !which.archived => listing.archived += 1,
                    () if project.forked_from_project.is_some() && !which.forks => listing.forks += 1,
                    () => {
                        let address = if which.ssh { project.ssh_url_to_repo } else { project.http_url_to_repo };
                        found.extend(address.map(|address| (project.path_with_namespace, address)));
                    }
                }
            }
            match page.next {
                Some(next) => query = next,
                None => break,
            }
        }
        found.sort();
        found.dedup();
        listing.addresses = found.into_iter().map(|(_, address)| address).collect();
        Ok(listing)
    }

    fn page(&self, url: &str, group: &str) -> Result<Page, GitLabError> {
        let mut tries = 0;
        loop {
            let (error, wait) = match self.ask(url) {
                Ok(Answer::Page(page)) => return Ok(page),
                Ok(Answer::Status(status, wait)) => (self.refused(status, group), wait),
                Err(error) => (self.unreached(&error), may_pass(&error).then_some(None)),
            };
            let Some(wait) = wait.filter(|_| tries < RETRIES) else {
                return Err(error);
            };
            tries += 1;
            thread::sleep(wait.map_or(Duration::from_millis(250 << tries), Duration::from_secs));
        }
    }

    fn ask(&self, url: &str) -> Result<Answer, Error> {
        let mut request = self.agent.get(url).header("Accept", "application/json");
        if let Some(token) = &self.token {
            request = request.header("PRIVATE-TOKEN", token);
        }
        let mut response = request.call()?;
        let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let status = response.status().as_u16();
        if status != 200 {
            let is_passing = status == 429 || status >= 500;
            let wait = header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
            return Ok(Answer::Status(status, is_passing.then(|| wait.map(|wait: u64| wait.min(LONGEST_WAIT)))));
        }
        let next = header("link").and_then(|links| next(&links));
        let text = response.body_mut().with_config().limit(PAGE_BYTES).read_to_string()?;
        Ok(match serde_json::from_str(&text) {
            Ok(projects) => Answer::Page(Page { projects, next }),
            Err(_) => Answer::Status(status, None),
        })
    }

    fn refused(&self, status: u16, group: &str) -> GitLabError {
        let url = &self.url;
        let token = "set GITLAB_TOKEN to a personal or group access token with the scope read_api";
        let (message, remedy) = match status {
            401 if self.token.is_some() => ("does not know the token in GITLAB_TOKEN".to_owned(), token),
            401 => ("wants a token".to_owned(), token),
            403 => (format!("does not let this token list the group {group}"), token),
            404 if self.token.is_some() => (
                format!("has no group {group}, or none that the token may see"),
                "name the whole path, such as platform/services, and see that the token's owner is a member",
            ),
            404 => (
                format!("has no group {group}, or none that everybody may see"),
                "name the whole path, such as platform/services; for a private group, set GITLAB_TOKEN",
            ),
            429 => ("asks for fewer requests".to_owned(), "wait some minutes, then run the same command again"),
            500.. => (format!("answers {status}"), "see whether it is up, then run the same command again"),
            _ => (
                format!("does not answer as a GitLab does (status {status})"),
                "say where it is with --gitlab-url, as a browser shows it after any redirect",
            ),
        };
        GitLabError { message: format!("{url} {message}"), remedy: remedy.to_owned() }
    }

    fn unreached(&self, error: &Error) -> GitLabError {
        // Words of our own: those of a library may hold what was sent.
        let (why, remedy) = match error {
            Error::HostNotFound => ("its name is not known", "see to --gitlab-url and to the network"),
            Error::Timeout(_) => ("it does not answer in time", "see to the network, then run the same command again"),
            Error::Tls(_) | Error::Rustls(_) => (
                "its certificate is not trusted here",
                "install its authority on this machine, or name the file with SSL_CERT_FILE",
            ),
            Error::BodyExceedsLimit(_) => ("its answer is too long", "say where the GitLab is with --gitlab-url"),
            _ => ("no connection, or one that broke", "see to --gitlab-url, a proxy and the network"),
        };
        GitLabError { message: format!("{} cannot be asked: {why}", self.url), remedy: remedy.to_owned() }
    }
}

enum Answer {
    Page(Page),
    /// None where another try would change nothing; otherwise the seconds that the server wants, if it says so.
    Status(u16, Option<Option<u64>>),
}

fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Timeout(_) | Error::Io(_) | Error::ConnectionFailed | Error::Protocol(_))
}

/// The query of the next page. Only the query: where the token goes is not for a server to say. Source: RFC 8288, "Link".
fn next(links: &str) -> Option<String> {
    let mut links = links.split('<').filter_map(|link| link.split_once('>'));
    let (url, _) = links.find(|(_, rest)| {
        let mut rest = rest.split([';', ',']).map(str::trim);
        rest.any(|part| part.eq_ignore_ascii_case("rel=\"next\"") || part.eq_ignore_ascii_case("rel=next"))
    })?;
    let (_, query) = url.split_once('?')?;
    Some(query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let links = "<https://h/p?page=1>; rel=\"prev\", <https://evil/p?page=3&a=b>; rel=\"next\", <https://h/p>; rel=\"first\"";
        assert_eq!(next(links).as_deref(), Some("page=3&a=b"));
        assert_eq!(next("<https://h/p?page=1>; rel=\"last\""), None);
        assert_eq!(next(""), None);
    }

    #[test]
    fn an_address_is_a_plain_url() {
        for url in ["", "gitlab.example", "ftp://h", "https://user:pass@h", "https://h/?a"] {
            let error = GitLab::new(url, None).err().unwrap_or_else(|| panic!("{url}"));
            assert!(!error.message.contains("pass"), "{error:?}");
        }
        assert!(GitLab::new("https://h/gitlab/", Some(" t\n".into())).is_ok());
        let error = GitLab::new("https://h", Some("a\nb".into())).err();
        assert!(error.is_some_and(|error| error.message.contains("GITLAB_TOKEN")));
    }
}
