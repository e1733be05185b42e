//! Charts, drawn on the server: a scale of round numbers, and rectangles on a fixed plane.
//!
//! The plane is [`WIDTH`] × [`HEIGHT`] units and is stretched to the room there is; words stand in
//! the page beside it, so that they keep their size from the narrowest screen to the widest. What a
//! chart shows stands in a table as well (the same [`Stacked`]), for whoever cannot see it.

mod scale;

pub(crate) use scale::{Scale, Unit};

/// The plane's size; no unit of the screen.
pub(crate) const WIDTH: u32 = 1000;
pub(crate) const HEIGHT: u32 = 300;
/// Series with a colour of their own; what comes after is one more, "other".
pub(crate) const COLOURS: usize = 8;
/// Names under a chart at most; between them are gaps.
const NAMES: usize = 8;

/// One series over all the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// One a column; what is not known is nothing.
    pub(crate) values: Vec<i64>,
}

/// Columns in time, each a stack of the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stacked {
    pub(crate) title: String,
    pub(crate) unit: Unit,
    /// The columns' names, in order.
    pub(crate) columns: Vec<String>,
    /// The largest first.
    pub(crate) series: Vec<Series>,
}

/// A piece of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Which colour.
    pub(crate) colour: usize,
}

/// A column: what is drawn of it, and what a reader is told when pointing at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Where the pointer finds it, from top to bottom.
    pub(crate) x: u32,
    pub(crate) width: u32,
    pub(crate) told: String,
    pub(crate) pieces: Vec<Piece>,
}

/// A row of the table: a column's name, each series' figure, and their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) figures: Vec<String>,
    pub(crate) sum: String,
}

impl Stacked {
    /// A chart of these series, the largest below, and those past the last colour as one.
    pub(crate) fn new(
        title: impl Into<String>,
        unit: Unit,
        columns: Vec<String>,
        mut series: Vec<Series>,
    ) -> Self {
        series.retain(|series| series.values.iter().any(|value| *value != 0));
        series.sort_by(|a, b| b.sum().cmp(&a.sum()).then_with(|| a.name.cmp(&b.name)));
        if series.len() > COLOURS {
            let rest = series.split_off(COLOURS - 1);
            series.push(Series::of_all("other", &rest, columns.len()));
        }
        Self { title: title.into(), unit, columns, series }
    }

    /// Nothing to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    pub(crate) fn scale(&self) -> Scale {
        let most = (0..self.columns.len()).map(|column| self.sum(column)).max();
        Scale::up_to(most.unwrap_or(0), self.unit)
    }

    pub(crate) fn columns(&self) -> Vec<Column> {
        let (scale, count) = (self.scale(), self.columns.len().max(1));
        let edge = |column: usize| width_of(column, count);
        let draw = |column: usize| {
            let (x, width) = (edge(column), edge(column + 1) - edge(column));
            // A tenth of the width on each side, so that columns stand apart.
            let gap = width / 10;
            let pieces = self.pieces(column, x + gap, (width - 2 * gap).max(1), scale);
            Column { x, width, told: self.told(column), pieces }
        };
        (0..self.columns.len()).map(draw).collect()
    }

    /// All pieces of each colour as one path: a page with three months in it stays light.
    pub(crate) fn paths(&self) -> Vec<(usize, String)> {
        let mut paths: Vec<_> =
            (0..self.series.len()).map(|colour| (colour, String::new())).collect();
        for Piece { x, y, width, height, colour } in self.columns().iter().flat_map(|it| &it.pieces)
        {
            paths[*colour].1.push_str(&format!("M{x} {y}h{width}v{height}h-{width}z"));
        }
        paths
    }

    fn pieces(&self, column: usize, x: u32, width: u32, scale: Scale) -> Vec<Piece> {
        let mut below = 0_i64;
        let mut pieces = Vec::new();
        for (colour, series) in self.series.iter().enumerate() {
            let value = series.at(column).max(0);
            let from = scale.height_of(below);
            below = below.saturating_add(value);
            let to = scale.height_of(below);
            if to > from {
                pieces.push(Piece { x, y: HEIGHT - to, width, height: to - from, colour });
            }
        }
        pieces
    }

    /// What a column holds, in a line of text for each series that is in it.
    fn told(&self, column: usize) -> String {
        let mut text = format!("{}: {}", self.columns[column], self.unit.exact(self.sum(column)));
        for series in self.series.iter().filter(|series| series.at(column) != 0) {
            text.push_str(&format!("\n{}: {}", series.name, self.unit.exact(series.at(column))));
        }
        text
    }

    /// The names under the columns: some of them, evenly; the others are empty.
    pub(crate) fn ticks(&self) -> Vec<String> {
        let every = self.columns.len().div_ceil(NAMES).max(1);
        let named = |(at, name): (usize, &String)| match at % every {
            0 => short(name),
            _ => String::new(),
        };
        self.columns.iter().enumerate().map(named).collect()
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let row = |column: usize| Row {
            name: self.columns[column].clone(),
            figures: self.series.iter().map(|it| self.unit.exact(it.at(column))).collect(),
            sum: self.unit.exact(self.sum(column)),
        };
        (0..self.columns.len()).map(row).collect()
    }

    fn sum(&self, column: usize) -> i64 {
        self.series.iter().fold(0, |sum, series| sum.saturating_add(series.at(column).max(0)))
    }
}

impl Series {
    fn at(&self, column: usize) -> i64 {
        self.values.get(column).copied().unwrap_or(0)
    }

    fn sum(&self) -> i64 {
        self.values.iter().fold(0, |sum, value| sum.saturating_add(*value))
    }

    fn of_all(name: &str, all: &[Self], columns: usize) -> Self {
        let sum =
            |column: usize| all.iter().fold(0_i64, |sum, it| sum.saturating_add(it.at(column)));
        Self { name: name.to_owned(), values: (0..columns).map(sum).collect() }
    }
}

/// `Nov 23` of `2026-11-23`; other names as they are.
fn short(name: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = name.splitn(3, '-').map(str::parse::<usize>);
    let (Some(Ok(_)), Some(Ok(month)), Some(Ok(day))) = (parts.next(), parts.next(), parts.next())
    else {
        return name.to_owned();
    };
    let month = month.checked_sub(1).and_then(|month| MONTHS.get(month));
    month.map_or_else(|| name.to_owned(), |month| format!("{month} {day}"))
}

/// Where the column begins on the plane.
fn width_of(column: usize, count: usize) -> u32 {
    u32::try_from(column * WIDTH as usize / count).unwrap_or(WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(series: &[(&str, &[i64])]) -> Stacked {
        let columns = series.first().map_or(0, |(_, values)| values.len());
        let columns = (1..=columns).map(|day| format!("Nov {day}")).collect();
        let series = series
            .iter()
            .map(|(name, values)| Series { name: (*name).to_owned(), values: values.to_vec() })
            .collect();
        Stacked::new("Requests", Unit::Count, columns, series)
    }

    #[test]
    fn the_pieces_of_a_column_stand_on_each_other_and_reach_as_high_as_their_sum() {
        let chart = chart(&[("a", &[10, 0, 5]), ("b", &[30, 20, 5])]);
        assert_eq!(chart.series[0].name, "b", "the largest is below");
        let columns = chart.columns();
        let first = &columns[0].pieces;
        assert_eq!(first.len(), 2);
        assert_eq!(first[0].y + first[0].height, HEIGHT);
        assert_eq!(first[1].y + first[1].height, first[0].y);
        // 40 of 40 is the whole height.
        assert_eq!((chart.scale().top, first[1].y), (40, 0));
        assert_eq!(columns[1].pieces.len(), 1, "nothing is no piece");
        assert_eq!(columns[2].pieces.iter().map(|it| it.height).sum::<u32>(), HEIGHT / 4);
        let end = columns.last().map(|column| column.x + column.width);
        assert_eq!(end, Some(WIDTH));
        assert_eq!(columns[0].told, "Nov 1: 40\nb: 30\na: 10");
        let Piece { x, y, width, height, .. } = &first[1];
        let drawn = format!("M{x} {y}h{width}v{height}h-{width}z");
        assert!(chart.paths()[1].1.starts_with(&drawn), "{:?}", chart.paths());
    }

    #[test]
    fn the_table_says_what_the_chart_shows() {
        let chart = chart(&[("a", &[1, 2]), ("b", &[1_000, 0])]);
        let rows = chart.rows();
        assert_eq!(rows[0].figures, ["1,000", "1"]);
        assert_eq!((rows[1].sum.as_str(), rows[1].name.as_str()), ("2", "Nov 2"));
    }

    #[test]
    fn what_has_no_colour_of_its_own_is_summed_up() {
        let values: Vec<Vec<i64>> = (1..=12).map(|value| vec![value]).collect();
        let names: Vec<String> = (1..=12).map(|at| format!("m{at}")).collect();
        let all: Vec<_> =
            names.iter().zip(&values).map(|(name, it)| (name.as_str(), it.as_slice())).collect();
        let chart = chart(&all);
        assert_eq!(chart.series.len(), COLOURS);
        let other = chart.series.last().unwrap();
        assert_eq!((other.name.as_str(), other.values[0]), ("other", 1 + 2 + 3 + 4 + 5));
        assert_eq!(chart.sum(0), (1..=12).sum::<i64>());
    }

    #[test]
    fn nothing_is_empty_and_a_month_has_few_names() {
        assert!(chart(&[("a", &[0, 0])]).is_empty());
        let month = chart(&[("a", &[1; 31])]);
        let named = month.ticks().iter().filter(|name| !name.is_empty()).count();
        assert!((4..=NAMES).contains(&named), "{named}");
        assert_eq!(month.ticks().len(), 31);
        assert_eq!(
            (short("2026-11-03").as_str(), short("2026-13-3").as_str()),
            ("Nov 3", "2026-13-3")
        );
    }
}
