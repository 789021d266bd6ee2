//! `rollout --in-place`: the files of folders are edited where they are.

use super::args::Go;
use super::begin::Begun;
use super::{Done, Fail, Ui, rules, show};
use crate::rollout::{InPlace, Net, Report, Row, Rows, Stage, Work};

pub fn run(args: &Go, begun: Begun, ui: &mut Ui) -> Done {
    if args.dry_run.is_none() && !args.yes && (ui.is_json() || !ui.can_ask()) {
        return Err(Fail::no_terminal(ui, "DIR to see what would be done", "to edit the files without a question"));
    }
    let Begun { plan, phases, works, .. } = begun;
    let net = Net::new(args.deadline);
    let rules = rules(args, &plan, &phases, &net);
    let look =
        |work: &Work| InPlace::look(&rules, &work.target).map_err(|fault| Box::new(Row::fault(&work.target, fault)));
    let looked: Vec<Result<InPlace, Box<Row>>> = works.iter().map(look).collect();
    let mut rows = Rows::new().map_err(show::lost)?;
    let mut ready = 0;
    for looked in &looked {
        let row = looked.as_ref().map_or_else(|row| &**row, |in_place| &in_place.row);
        ready += usize::from(!row.phases.is_empty());
        rows.push(row).map_err(show::lost)?;
    }
    let planned = Report::new(&plan, Stage::Planned, rows, Vec::new());
    if let Some(folder) = &args.dry_run {
        show::write_all(&planned, folder)?;
        ui.note(&format!("Written to {}. Nothing else was written.", folder.display()));
        return end(args, &planned, ui);
    }
    if !args.yes {
        show::answer(&planned, ui)?;
        if ready > 0 && !ui.confirm(&format!("Edit the files of {ready} folders?"))? {
            ui.note("Nothing was written.");
            return Ok(0);
        }
    }
    let mut rows = Rows::new().map_err(show::lost)?;
    for looked in looked {
        let row = looked.map_or_else(|row| *row, |in_place| in_place.write(&plan.track));
        rows.push(&row).map_err(show::lost)?;
    }
    let report = Report::new(&plan, Stage::Done, rows, Vec::new());
    end(args, &report, ui)
}

fn end(args: &Go, report: &Report, ui: &mut Ui) -> Done {
    show::answer(report, ui)?;
    show::write(report, &args.report)?;
    Ok(if report.is_good() { 0 } else { 4 })
}
