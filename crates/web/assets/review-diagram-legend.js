// How the diagram is read: each sign as it is drawn, with its words.
import { outline } from "./review-diagram-lines.js";
import { seal, shape } from "./review-diagram-draw.js";
import { make, t } from "./text.js";

const SIZE = { width: 44, height: 26 };

const picture = (className, ...holds) => shape("svg", { viewBox: "-3 -3 56 32", class: `sign-box ${className}`, "aria-hidden": "true" }, ...holds);
const box = (part, basis) => picture(`diagram-sign ${basis}`, shape("path", { d: outline({ ...SIZE, part }), class: "area" }));
const line = (basis, standing) => picture(`diagram-sign arrow-sign ${basis} ${standing}`, shape("path", { d: "M0 13H42", class: "line" }), shape("path", { d: "M50 13l-9 -5v10z", class: "tip" }));

export function legend() {
  const row = (sign, text) => make("li", "", sign, make("span", "", text));
  const list = make("ul", "legend",
    row(box("driver", "none"), t("legend_driver")), row(box("outcome", "none"), t("legend_outcome")), row(box("between", "none"), t("legend_between")),
    row(box("between", "fact"), t("legend_fact")), row(box("between", "conjecture"), t("legend_conjecture")),
    row(picture("diagram-sign", seal(12, 3)), t("legend_true")), row(make("span", "legend-badge", "+2"), t("legend_badge")),
    row(line("fact", "counts"), t("legend_arrow_fact")), row(line("conjecture", "counts"), t("legend_arrow_conjecture")), row(line("fact", "weaker"), t("legend_weaker")), row(make("span", "legend-doubt", "?"), t("legend_undecided")));
  return make("details", "quiet legend-box", make("summary", "", t("legend")), list);
}
