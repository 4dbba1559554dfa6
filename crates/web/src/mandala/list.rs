//! The chart as a list, in the order in which the mandala is gone round.

use std::fmt::Write as _;

use warifu_core::chart::{Cause, Chart};

use super::text::escape;
use super::{Show, said};

/// The same causes with the same counts and marks as on the mandala, as buttons in lists under the names of their regions and
/// groups. `heading` is the level of the first heading, 2 to 5: regions have it, groups the one below, or this one where there are
/// no regions.
pub(crate) fn list_html(chart: &Chart, show: &Show<'_>, heading: u8) -> String {
    let heading = heading.clamp(2, 5);
    let mut out = format!(r#"<div class="mandala-list" data-said="{}">"#, escape(&show.said()));
    for region in &chart.regions {
        out.push_str("<section>");
        let below = heading + u8::from(region.name.is_some());
        if let Some(name) = &region.name {
            let _ = write!(out, "<h{heading}>{}</h{heading}>", escape(name.name(show.language)));
        }
        for group in &region.groups {
            let _ = write!(out, "<section><h{below}>{}</h{below}><ul>", escape(group.name.name(show.language)));
            group.causes.iter().for_each(|it| cause(&mut out, it, show));
            out.push_str("</ul></section>");
        }
        out.push_str("</section>");
    }
    out.push_str("</div>");
    out
}

fn cause(out: &mut String, cause: &Cause, show: &Show<'_>) {
    let (count, is_marked) = (show.count(&cause.key), show.marked.contains(&cause.key));
    let heat = if show.counts.is_some() { format!(" heat-{}", show.heat(count)) } else { String::new() };
    let marked = if is_marked { " marked" } else { "" };
    let counted = if count > 0 { count.to_string() } else { String::new() };
    let name = escape(cause.name.name(show.language));
    let _ = write!(
        out,
        r#"<li><button type="button" class="cause{heat}{marked}" data-key="{}" data-name="{name}" aria-pressed="{is_marked}" aria-label="{}"><span class="seal" aria-hidden="true"></span><span class="name">{name}</span> <span class="count" aria-hidden="true">{counted}</span></button></li>"#,
        escape(&cause.key),
        escape(&said(&cause.name, count, show)),
    );
}
