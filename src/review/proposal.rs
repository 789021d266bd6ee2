//! One phase, considered by a person until it is applied, skipped, or all is left.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::effective::effective_diff;
use super::question::{Answer, ask};
use super::terminal::Terminal;
use crate::migration::{Phase, Plan, Proof, Refusal, Scene, after, prove};
use crate::pipeline::Change;

/// What is proposed at a time: a plan and its proof.
pub struct Proposal {
    pub plan: Plan,
    pub proof: Proof,
}

/// What became of a phase.
pub enum Verdict {
    Apply(Box<Proposal>),
    Skip,
    Quit,
}

/// Why a proposal is none.
enum Refused {
    Reason(String),
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Refused {
        Refused::Io(error)
    }
}

/// Asks about a proposal until there is a verdict. `show` shows a proposal, each time that there is another one.
///
/// # Errors
/// [`io::ErrorKind::Interrupted`] for Ctrl-C; or the terminal is gone.
pub fn review(
    terminal: &mut dyn Terminal,
    scene: &Scene<'_>,
    whole: Proposal,
    show: &mut dyn FnMut(&Proposal) -> io::Result<()>,
) -> io::Result<Verdict> {
    let phase = whole.plan.phase.clone();
    let jobs: Vec<String> = whole.plan.changed.iter().map(|job| job.job.clone()).collect();
    let mut review = Review { scene, phase, jobs, drafts: BTreeMap::new(), now: whole };
    show(&review.now)?;
    loop {
        let answer = ask(terminal, &review.question(), &review.offered())?;
        let done = match answer {
            Answer::Apply => return Ok(Verdict::Apply(Box::new(review.now))),
            Answer::Skip => return Ok(Verdict::Skip),
            Answer::Quit => return Ok(Verdict::Quit),
            Answer::Jobs => review.pick(terminal),
            Answer::Edit => review.edit(terminal),
            Answer::Effective => review.effective(terminal),
        };
        match done {
            Ok(true) => show(&review.now)?,
            Ok(false) => {}
            Err(Refused::Reason(reason)) => {
                terminal.say(&format!("Refused: {reason}\nThe proposal is as it was.\n"))?
            }
            Err(Refused::Io(error)) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(Refused::Io(error)) => terminal.say(&format!("{error}\n"))?,
        }
    }
}

struct Review<'a, 'p> {
    scene: &'a Scene<'p>,
    phase: Phase,
    /// All jobs that the phase would change.
    jobs: Vec<String>,
    /// Texts from the editor that were refused, to be opened again.
    drafts: BTreeMap<String, String>,
    now: Proposal,
}

impl Review<'_, '_> {
    fn question(&self) -> String {
        let number = self.phase.number;
        match self.now.proof.differ.len() {
            0 => format!("Apply phase {number}?"),
            1 => format!("Apply phase {number} to 1 job?"),
            count => format!("Apply phase {number} to {count} jobs?"),
        }
    }

    fn offered(&self) -> Vec<Answer> {
        let mut offered = vec![Answer::Apply, Answer::Skip];
        if self.phase.is_of_jobs() && self.jobs.len() > 1 {
            offered.push(Answer::Jobs);
        }
        offered.push(Answer::Edit);
        if !self.now.proof.differ.is_empty() {
            offered.push(Answer::Effective);
        }
        offered.push(Answer::Quit);
        offered
    }

    /// Whether there is another proposal.
    fn pick(&mut self, terminal: &mut dyn Terminal) -> Result<bool, Refused> {
        let Some(picked) = terminal.pick("Jobs (Space picks, Enter goes on, Esc goes back)", &self.jobs)? else {
            return Ok(false);
        };
        let picked: BTreeSet<String> = picked.iter().filter_map(|&number| self.jobs.get(number).cloned()).collect();
        if picked.is_empty() {
            terminal.say("No job was picked; the proposal is as it was.\n")?;
            return Ok(false);
        }
        let only = Some(picked).filter(|picked| picked.len() < self.jobs.len());
        let plan = Plan::new_for(self.scene, &self.phase, only.as_ref());
        if plan.is_empty() {
            return Err(Refused::Reason("these jobs cannot be changed without the others".to_owned()));
        }
        self.propose(plan)?;
        self.drafts.clear();
        Ok(true)
    }

    fn edit(&mut self, terminal: &mut dyn Terminal) -> Result<bool, Refused> {
        let paths: Vec<String> = self.now.plan.files.iter().map(|file| file.path.clone()).collect();
        let chosen = if paths.len() > 1 {
            terminal.choose("Which file (Enter opens it, Esc goes back)", &paths)?
        } else {
            Some(0)
        };
        let Some(file) = chosen.and_then(|number| self.now.plan.files.get(number)) else { return Ok(false) };
        let path = file.path.clone();
        let draft = self.drafts.get(&path).map_or(file.text(), String::as_str);
        let Some(edited) = terminal.edit(&path, draft)? else {
            terminal.say("Nothing was edited.\n")?;
            return Ok(false);
        };
        // Kept, so that a refusal costs no work.
        self.drafts.insert(path.clone(), edited.clone());
        let mut plan = Plan::new_for(self.scene, &self.phase, self.now.plan.only.as_ref());
        let texts = self.now.plan.files.iter().map(|file| (file.path.clone(), file.text().to_owned()));
        for (path, text) in texts.filter(|(other, _)| *other != path).chain([(path.clone(), edited)]) {
            let read = plan.put(self.scene, &path, text);
            read.map_err(|error| Refused::Reason(format!("{path}: {}", error.message)))?;
        }
        self.propose(plan)?;
        self.drafts.remove(&path);
        Ok(true)
    }

    fn effective(&mut self, terminal: &mut dyn Terminal) -> Result<bool, Refused> {
        let differ = self.now.proof.differ.iter().filter_map(|differ| Some((differ.job.clone()?, differ.change)));
        let differ: Vec<(String, Change)> = differ.collect();
        let names: Vec<String> = differ.iter().map(|(name, _)| name.clone()).collect();
        let chosen = if names.len() > 1 {
            terminal.choose("Which job (Enter shows it, Esc goes back)", &names)?
        } else {
            Some(0)
        };
        let Some((job, change)) = chosen.and_then(|number| differ.get(number)) else { return Ok(false) };
        if *change == Change::Removed {
            terminal.say(&format!("{job} goes, as declared.\n"))?;
            return Ok(false);
        }
        let after = after(self.scene, &self.now.plan).map_err(|error| Refused::Reason(error.to_string()))?;
        let lead = format!("What GitLab makes of {job}, before and after:\n");
        terminal.show(&lead, &effective_diff(self.scene.pipeline, &after, job))?;
        Ok(false)
    }

    fn propose(&mut self, plan: Plan) -> Result<(), Refused> {
        let proof = prove(self.scene, &plan).map_err(|refusal| Refused::Reason(words(&refusal)))?;
        self.now = Proposal { plan, proof };
        Ok(())
    }
}

fn words(refusal: &Refusal) -> String {
    match &refusal.job {
        Some(job) => format!("the proof failed at `{job}`: {}", refusal.message),
        None => format!("the proof failed: {}", refusal.message),
    }
}
