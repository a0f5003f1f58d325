//! Columns of text for people.

/// Lines of cells in columns; the first `left` columns are aligned left, the others right.
pub fn aligned<const N: usize>(lines: &[[String; N]], left: usize) -> String {
    let lines: Vec<Vec<String>> = lines.iter().map(|line| line.to_vec()).collect();
    aligned_rows(&lines, left)
}

/// The same for lines whose length is only known when they are made.
pub fn aligned_rows(lines: &[Vec<String>], left: usize) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (at, cell) in line.iter().enumerate() {
            let width = widths[at];
            row.push_str("  ");
            match at < left {
                true => row.push_str(&format!("{cell:<width$}")),
                false => row.push_str(&format!("{cell:>width$}")),
            }
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// Text of a file or of the chain as a terminal may show it: without control characters.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
