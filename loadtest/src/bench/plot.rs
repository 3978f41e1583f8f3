//! Pictures of tables: horizontal bars as SVG, readable on light and dark ground, with the unit at the axis and the value at each bar.

use std::fmt::Write as _;

use super::document::number;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 190.0;
const VALUES: f64 = 90.0;
const ROW: f64 = 30.0;
const TOP: f64 = 44.0;

/// A bar for each value from zero on. Names beginning with `Posada` are ours and stand out by colour and weight.
pub fn bars(title: &str, axis: &str, bars: &[(String, f64)]) -> String {
    let height = TOP + ROW * bars.len() as f64 + 48.0;
    let most = bars.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let step = step(most);
    let end = (most / step).ceil().max(1.0) * step;
    let room = WIDTH - LABELS - VALUES;
    let x = |value: f64| LABELS + value / end * room;
    let floor = TOP + ROW * bars.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>{}</title>\n<style>text {{ fill: #1f2328 }} .line {{ stroke: #8c959f; stroke-opacity: .5 }} .bar {{ fill: #8c959f }} .ours {{ fill: #0969da }}\n\
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .ours {{ fill: #58a6ff }} }}</style>\n\
         <text x=\"8\" y=\"22\" font-size=\"15\" font-weight=\"600\">{}</text>\n",
        escaped(title),
        escaped(title)
    );
    for tick in 0..=(end / step).round() as usize {
        let value = tick as f64 * step;
        let at = x(value);
        let _ = writeln!(svg, "<line class=\"line\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{floor}\"/>");
        let _ = writeln!(svg, "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>", floor + 17.0, tick_label(value));
    }
    for (row, (name, value)) in bars.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let (class, weight) = if name.starts_with("Posada") { ("bar ours", "600") } else { ("bar", "400") };
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-weight=\"{weight}\">{}</text>", LABELS - 8.0, y + 19.0, escaped(name));
        let _ =
            writeln!(svg, "<rect class=\"{class}\" x=\"{LABELS}\" y=\"{}\" width=\"{:.1}\" height=\"{}\" rx=\"2\"/>", y + 4.0, x(*value) - LABELS, ROW - 8.0);
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{}\" font-weight=\"{weight}\">{}</text>", x(*value) + 6.0, y + 19.0, number(*value));
    }
    let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n</svg>", LABELS + room / 2.0, floor + 38.0, escaped(axis));
    svg
}

/// A step of 1, 2 or 5 times a power of ten that parts the axis in at most six.
fn step(most: f64) -> f64 {
    let rough = (most / 6.0).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(power * 10.0)
}

fn tick_label(value: f64) -> String {
    if value == 0.0 || value >= 1.0 && value.fract() == 0.0 && value < 1000.0 { format!("{value}") } else { number(value) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_names_its_axis_and_its_values_and_the_longest_bar_fits() {
        let picture = bars("One city", "server CPU, µs per delivery", &[("Posada, queue outlet".to_owned(), 5.5), ("a < b".to_owned(), 11.0)]);
        for part in ["server CPU, µs per delivery", ">5.50<", ">11.0<", "a &lt; b", "class=\"bar ours\"", "prefers-color-scheme: dark"] {
            assert!(picture.contains(part), "{part}");
        }
        let widths = picture.split("width=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok());
        assert!(widths.fold(0.0, f64::max) <= WIDTH - LABELS - VALUES);
    }

    #[test]
    fn steps_are_round() {
        for (most, wanted) in [(11.0, 2.0), (5.9, 1.0), (130.0, 50.0), (0.5, 0.1), (0.0, f64::MIN_POSITIVE)] {
            assert!(step(most) == wanted || most == 0.0, "{most}: {}", step(most));
        }
    }
}
