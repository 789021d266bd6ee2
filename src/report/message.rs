//! What a commit of a phase says.

use crate::migration::{Plan, Proof};

/// The commit's message: the phase, why, its jobs, and what was proved.
pub fn commit_message(plan: &Plan, proof: &Proof) -> String {
    let phase = &plan.phase;
    let line = |job: &String| {
        let removed = if plan.removed.contains(job) { " (removed)" } else { "" };
        format!("- {job}{removed}\n")
    };
    let jobs: String = proof.differ.iter().filter_map(|differ| differ.job.as_ref()).map(line).collect();
    // A phase that moves things about changes no job in effect.
    let jobs = if jobs.is_empty() { jobs } else { format!("Jobs:\n{jobs}\n") };
    format!(
        "ci: {} (ci-migrate phase {}, {})\n\n{}\n\n{jobs}Proved: {}.\n",
        phase.title,
        phase.number,
        phase.id,
        phase.why,
        proof.summary()
    )
}
