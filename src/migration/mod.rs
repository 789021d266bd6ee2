//! Tracks, phases and their order; the engine that turns a phase into a plan; and the proof beside it.

mod awaited;
mod bases;
mod check;
mod children;
mod compose;
mod course;
mod engine;
mod look;
mod one_text;
mod phase;
mod proof;
mod reported;
mod roles;
mod rules;
mod shared;
mod stages;
mod status;
mod step;
mod templates;

pub use check::{Check, Finding};
pub use course::{Course, Layered, Leg};
pub use engine::{FilePlan, JobPlan, Plan, Scene, after};
pub use phase::{Phase, PhaseError, Select, built_in, read, tracks};
pub use proof::{Proof, Refusal, prove};
pub use rules::{RULES, Rule, Severity, rule};
pub use status::{JobStatus, Outcome, PartialStatus, PhaseStatus, State, Status, TemplateStatus, state};
pub use templates::unused_templates;
