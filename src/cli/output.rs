//! How a command answers: lines for people, one JSON document for scripts.

use std::{
    fmt::Display,
    io::{ErrorKind, Write, stdout},
};

use serde::Serialize;

#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub json: bool,
}

impl Output {
    /// Either the document or the lines.
    pub fn answer(self, document: &impl Serialize, lines: impl FnOnce() -> String) {
        if self.json {
            say(serde_json::to_string_pretty(document).unwrap_or_default());
        } else {
            say(lines().trim_end());
        }
    }
}

/// Says a line, or several. A reader that has gone (`posada … | head`) wants no more, and the command still does its work to the end.
pub fn say(line: impl Display) {
    let mut out = stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("posada: the answer cannot be written: {error}");
    }
}

/// Columns as wide as their widest cell.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let width = |column: usize| rows.iter().chain([&head]).filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect::<Vec<_>>().join("  ");
        format!("{}\n", cells.trim_end())
    };
    [&head].into_iter().chain(rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_stand_below_each_other() {
        let text = super::table(&["slug", "name"], &[vec!["a".into(), "Ä".into()], vec!["longer".into(), "B".into()]]);
        assert_eq!(text, "slug    name\na       Ä\nlonger  B\n");
    }
}
