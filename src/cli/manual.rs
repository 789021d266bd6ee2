//! `ci-migrate completions` and `ci-migrate man`: made of the same definitions as the help texts.

use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;

use super::fail::Fail;
use super::ui::Ui;
use super::{Done, command};

/// Prints what a shell reads to complete our words.
pub fn completions(shell: Shell, ui: &mut Ui) -> Done {
    let mut command = command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    ui.answer(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// Prints the main page, or writes a page a command into a folder, which is made if it is not there.
pub fn man(out: Option<&Path>, ui: &mut Ui) -> Done {
    let Some(folder) = out else {
        let mut page = Vec::new();
        Man::new(command()).render(&mut page)?;
        ui.answer(&String::from_utf8_lossy(&page))?;
        return Ok(0);
    };
    let place = folder.display();
    let failed = |error: std::io::Error| Fail::input(format!("{place}: {error}"), "name a folder that may be written");
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(command(), folder).map_err(failed)?;
    ui.note(&format!("Written to {place}."));
    Ok(0)
}
