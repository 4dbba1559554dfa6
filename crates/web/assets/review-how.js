// How each kind of item is compared, where its versions are looked at away from its place.
import { causesByKey } from "./review-names.js";
import { eventHow } from "./review-event-form.js";
import { statements } from "./review-item.js";
import { plain } from "./review-plain.js";
import { t } from "./text.js";

export function howOf(state, kind) {
  if (kind === "event") return eventHow(state, () => 0);
  if (kind === "comment") return plain({ on: "" }, t("comment"));
  if (kind === "open") return plain({ about: "", is_settled: false }, t("open_text"), Object.entries(causesByKey(state.chart)).map(([key, it]) => [key, it.name]));
  return statements(state);
}
