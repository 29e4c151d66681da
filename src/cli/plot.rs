//! Horizontal bars with their spread, as SVG.

use std::{fmt::Write as _, path::Path};

use super::{CliError, staged::Staged};

/// One bar.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// The smallest and the largest measurement.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Pixels from one bar to the next, and of the drawing.
const ROW: usize = 36;
const WIDTH: f64 = 720.0;
/// Where bars begin, and how long the longest is.
const LEFT: f64 = 260.0;
const LONGEST: f64 = 340.0;

/// Writes the drawing; it gets its name when it is whole.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(path: &Path, unit: &str, bars: &[Bar]) -> Result<(), CliError> {
    Staged::new(path)?.publish_text(&draw(unit, bars))
}

/// The drawing.
pub(crate) fn draw(unit: &str, bars: &[Bar]) -> String {
    let height = ROW * (bars.len() + 1);
    let most = bars.iter().map(|bar| bar.high).fold(f64::MIN_POSITIVE, f64::max);
    let digits = if most < 1.0 { 4 } else { 1 };
    let x = |value: f64| LEFT + LONGEST * value / most;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" fill=\"#555\">{}</text>\n",
        escape(unit)
    );
    for (row, bar) in bars.iter().enumerate() {
        let middle = ROW * (row + 1) + ROW / 2;
        let (top, text) = (middle - 9, middle + 5);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"18\" fill=\"#4878a8\"/>\n\
             <line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle}\" y2=\"{middle}\" stroke=\"#222\" stroke-width=\"2\"/>\n\
             <text x=\"{:.1}\" y=\"{text}\">{:.digits$}</text>",
            LEFT - 8.0,
            escape(&bar.name),
            x(bar.value) - LEFT,
            x(bar.low),
            x(bar.high),
            x(bar.high) + 8.0,
            bar.value,
        );
    }
    svg + "</svg>\n"
}

/// A text within markup.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn_to_scale_and_names_are_escaped() {
        let bar = |name: &str, value: f64| Bar { name: name.into(), value, low: value / 2.0, high: value };
        let svg = draw("a & b", &[bar("<x>", 10.0), bar("y", 5.0)]);
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;x&gt;") && !svg.contains("<x>"));
        assert!(svg.contains("width=\"340.0\"") && svg.contains("width=\"170.0\""));
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
