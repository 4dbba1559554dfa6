// The case itself: the fields of the failure-knowledge record, each a statement with its basis and sources.
import { $ } from "./board-parts.js";
import { itemBox, statements } from "./review-item.js";
import { FIELDS } from "./review-names.js";
import { make, word } from "./text.js";

/** Fields of a line, not of a page. */
const SHORT = new Set(["name", "date", "place", "site"]);

export function casePlace(state) {
  for (const [part, fields] of FIELDS) {
    const boxes = fields.map((field) => itemBox(state, {
      kind: "case", key: field, label: word("field", field), about: word("field_about", field),
      // What everything is called by stays.
      isErasable: field !== "name",
      how: statements(state, SHORT.has(field) ? { rows: 1, hint: word("field_about", field) } : { rows: 5, hint: word("field_about", field) }),
    }));
    $("case-fields").append(make("section", "case-part", make("h3", "", word("part", part)), make("div", "boxes", ...boxes)));
  }
}
