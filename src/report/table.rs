//! Tables without borders.

use comfy_table::{CellAlignment, ContentArrangement, presets};

use super::visible::visible;

/// Below this there is no room for several columns.
const NARROWEST: usize = 40;

/// Rows under headings, in columns that are as wide as what is in them, or narrower where the terminal is.
#[derive(Clone, Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with these headings.
    pub fn new<'h>(headings: impl IntoIterator<Item = &'h str>) -> Table {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_header(headings.into_iter().map(cell));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Table(table)
    }

    /// Adds a row.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) {
        self.0.add_row(cells.into_iter().map(cell));
    }

    /// Sets the numbers of a column to the right.
    pub fn right(&mut self, column: usize) {
        if let Some(column) = self.0.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }

    /// The table, at most so many columns wide (cells go on in the next line), or as wide as it is; each line ends with a line break.
    pub fn render(&self, width: Option<usize>) -> String {
        let mut table = self.0.clone();
        if let Some(width) = width {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(u16::try_from(width.max(NARROWEST)).unwrap_or(u16::MAX));
        }
        table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

fn cell(text: &str) -> String {
    visible(text).replace('\t', " ")
}
