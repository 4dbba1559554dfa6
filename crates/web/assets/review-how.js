// How each kind of item is compared, where its versions are looked at away from its place.
import { arrowHow } from "./review-diagram-arrow.js";
import { decisionHow } from "./review-diagram-decide.js";
import { nodeHow } from "./review-diagram-panel.js";
import { measureHow } from "./review-measure-form.js";
import { resultHow } from "./review-measure-result.js";
import { boxName, boxOf, causesByKey } from "./review-names.js";
import { eventHow } from "./review-event-form.js";
import { statements } from "./review-item.js";
import { plain } from "./review-plain.js";
import { t } from "./text.js";

export function howOf(state, kind) {
  if (kind === "event") return eventHow(state, () => 0);
  if (kind === "comment") return plain({ on: "" }, t("comment"));
  if (kind === "open") return plain({ about: "", is_settled: false }, t("open_text"), Object.entries(causesByKey(state.chart)).map(([key, it]) => [key, it.name]));
  const causes = causesByKey(state.chart);
  if (kind === "node") return nodeHow(({ of }) => boxOf(state, causes, of));
  if (kind === "arrow") return arrowHow(state, (key) => boxName(state, causes, key));
  if (kind === "true_cause") return decisionHow(state);
  if (kind === "measure") return measureHow(state, causes);
  if (kind === "result") return { ...resultHow(), isRestorable: false };
  return statements(state);
}
