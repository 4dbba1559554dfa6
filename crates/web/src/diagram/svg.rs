//! A laid-out diagram as a picture of its own: no style, script or font from elsewhere, so that it prints and travels.

use std::fmt::Write as _;

use warifu_core::chart::Language;

use super::{Diagram, DrawnArrow, DrawnNode, LEADING, LETTER};
use crate::mandala::FONTS;
use crate::mandala::text::escape;

/// The diagram as SVG, in black on white. Shapes and dashes say what colours would.
pub(crate) fn svg(diagram: &Diagram, language: Language) -> String {
    let (width, height) = (diagram.width.max(1.0), diagram.height.max(1.0));
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="{FONTS}" font-size="{LETTER}"><defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"/></marker></defs><rect width="100%" height="100%" fill="#fff"/>"##
    );
    for drawn in &diagram.arrows {
        arrow(&mut out, drawn);
    }
    for drawn in &diagram.nodes {
        node(&mut out, drawn, language);
    }
    out.push_str("</svg>");
    out
}

fn arrow(out: &mut String, arrow: &DrawnArrow) {
    let [[x1, y1], [x2, y2]] = arrow.points.as_slice() else { return };
    if arrow.standing == "repeats" {
        return;
    }
    // Gently bent: it leaves and arrives the way it looks.
    let bend = |from: f64, to: f64| (to - from).abs().min(120.0) * 0.5 * (to - from).signum();
    let (across, down) = if arrow.is_sideways { (bend(*x1, *x2), 0.0) } else { (0.0, bend(*y1, *y2)) };
    let dashes = if arrow.basis == "fact" { "" } else { r#" stroke-dasharray="6 4""# };
    let faint = if arrow.standing == "counts" { "#000" } else { "#999" };
    let _ = write!(
        out,
        r#"<path d="M{x1} {y1}C{} {} {} {} {x2} {y2}" fill="none" stroke="{faint}" stroke-width="{}"{dashes} marker-end="url(#tip)"/>"#,
        x1 + across,
        y1 + down,
        x2 - across,
        y2 - down,
        0.7 + 0.6 * f64::from(arrow.strength),
    );
}

fn node(out: &mut String, node: &DrawnNode, language: Language) {
    let (left, top) = (node.x - node.width / 2.0, node.y - node.height / 2.0);
    let (width, height) = (node.width, node.height);
    let dashes = if node.basis == "conjecture" { r#" stroke-dasharray="6 4""# } else { "" };
    let heavy = if node.is_true == Some(true) { 3.0 } else { 1.2 };
    // A driver points to what follows, an outcome is round where it ends.
    let shape = match node.part {
        "driver" => format!("M{left} {top}h{}l14 {}l-14 {}H{left}z", width - 14.0, height / 2.0, height / 2.0),
        "outcome" => format!(
            "M{left} {top}h{}a{r} {r} 0 0 1 {r} {r}v{}a{r} {r} 0 0 1 -{r} {r}H{left}z",
            width - 18.0,
            height - 36.0,
            r = 18.0
        ),
        _ => format!("M{left} {top}h{width}v{height}H{left}z"),
    };
    let _ = write!(out, r##"<path d="{shape}" fill="#fff" stroke="#000" stroke-width="{heavy}"{dashes}/>"##);
    let lines = match language {
        Language::Japanese => &node.lines.ja,
        Language::English => &node.lines.en,
    };
    let sign = if node.effect > 0 { "+" } else { "" };
    let effect = node.effect.to_string().replace('-', "−");
    let _ = write!(
        out,
        r#"<text x="{}" y="{}" font-size="12" font-weight="700">{sign}{effect}</text><text font-weight="{}">"#,
        left + 12.0,
        top + 20.0,
        if node.is_true == Some(true) { 700 } else { 450 },
    );
    let mut y = top + 42.0;
    for line in lines {
        let _ = write!(out, r#"<tspan x="{}" y="{y}">{}</tspan>"#, left + 12.0, escape(line));
        y += LEADING;
    }
    out.push_str("</text>");
}
