//! What changes in a file, as lines with `-` and `+`.

/// Lines around a change that are shown.
const AROUND: usize = 2;

pub(super) fn of(name: &str, before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let mut text = format!("--- {name}\n+++ {name}\n");
    let rows = rows(&old, &new);
    for (at, (sign, line)) in rows.iter().enumerate() {
        let near = &rows[at.saturating_sub(AROUND)..(at + AROUND + 1).min(rows.len())];
        if near.iter().any(|(sign, _)| *sign != ' ') {
            text.push_str(&format!("{sign}{line}\n"));
        }
    }
    text
}

/// By the longest common sequence of lines; what is common at both ends is not compared.
fn rows<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[same..], &new[same..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    let width = b.len() + 1;
    let mut longest = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let mut rows: Vec<(char, &str)> = old[..same].iter().map(|line| (' ', *line)).collect();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            rows.push((' ', a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len()
            || (i < a.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            rows.push(('-', a[i]));
            i += 1;
        } else {
            rows.push(('+', b[j]));
            j += 1;
        }
    }
    rows.extend(old[old.len() - tail..].iter().map(|line| (' ', *line)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_goes_and_what_comes() {
        let text = of("f", "1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\nnew\n5\n6\n7\n");
        assert_eq!(text, "--- f\n+++ f\n 2\n 3\n-4\n+new\n 5\n 6\n");
        assert_eq!(of("f", "", "a\n"), "--- f\n+++ f\n+a\n");
        assert_eq!(of("f", "a\n", "a\n"), "--- f\n+++ f\n");
    }
}
