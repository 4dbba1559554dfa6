//! A mandala that stands alone: colours and letters are in it, nothing else is needed to show or print it. Knows the colours of light pages,
//! which `mandala.css` has for pages.

use warifu_core::chart::Chart;

use super::{Form, Show, svg, whole};

/// The fonts of pictures that travel: whatever is there.
pub(crate) const FONTS: &str =
    "'BIZ UDPGothic', system-ui, 'Hiragino Sans', 'Noto Sans JP', 'Noto Sans CJK JP', sans-serif";

/// One class or two in each rule, and no functions: not every program that shows SVG knows more.
const STYLE: &str = ".mandala{fill:#1c2230}\
    .mandala .area{fill:#fff;stroke:#ddd7c9;stroke-width:1.2}\
    .mandala .region .area{fill:#1c2230;stroke:none}.mandala .region .label{fill:#f6f3ec;font-weight:700}\
    .mandala .group .area{fill:#e9e4da;stroke:none}.mandala .group .label{font-weight:700}\
    .mandala .title{font-weight:700}.mandala .count{font-weight:700}.mandala .centre{fill:none}\
    .mandala .focus-ground{display:none}.mandala .focus-ring{display:none}.mandala .seal{display:none}.mandala .open{display:none}\
    .mandala .heat-0 .label{fill:#565d6e}\
    .mandala .heat-1 .area{fill:#eff2f6;stroke:#1f4480;stroke-width:1.5}.mandala .heat-2 .area{fill:#d2dae6;stroke:none}\
    .mandala .heat-3 .area{fill:#aebcd1;stroke:none}.mandala .heat-4 .area{fill:#55719e;stroke:none}.mandala .heat-5 .area{fill:#1f4480;stroke:none}\
    .mandala .heat-4 .label{fill:#fff}.mandala .heat-4 .count{fill:#fff}.mandala .heat-5 .label{fill:#fff}.mandala .heat-5 .count{fill:#fff}";

/// How wide and high it is.
const SIDE: u32 = 1000;

/// The whole chart on white, as a picture of its own.
pub(crate) fn standing_svg(chart: &Chart, show: &Show<'_>) -> String {
    let drawn = svg(chart, show, &Form { stacks: true, ..whole(chart, show.language) });
    // No `>` of any text can stand before the end of the first tag: they are escaped.
    let (opening, rest) = drawn.split_once('>').unwrap_or_default();
    format!(
        r##"{opening} width="{SIDE}" height="{SIDE}" font-family="{FONTS}"><style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>{rest}"##
    )
}
