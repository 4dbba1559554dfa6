// Two people wrote the same thing at the same time: both texts side by side, and which of them it is to be. Nothing is lost in silence.
import { button, dialog } from "./board-parts.js";
import { make, t } from "./text.js";

/**
 * Shows what is there and what was to be written. `how` is `{makeForm(body), difference(before, after, side), union(theirs, yours)}`.
 * Resolves to `{act: "theirs"}`, `{act: "write", body}` or `null`: closed, to go on writing.
 */
export async function resolve(theirs, yours, how) {
  let result = null;
  const end = (told) => { result = told; element.close(); };
  const sides = make("div", "sides",
    make("section", "", make("h3", "", t("conflict_theirs")), theirs ? how.difference(theirs, yours, "out") : make("p", "small", t("erased_meanwhile"))),
    make("section", "", make("h3", "", t("conflict_yours")), how.difference(theirs, yours, "in")));
  const place = make("div", "merge");
  const acts = make("div", "dialog-foot",
    button(t("conflict_keep_theirs"), "secondary", () => end({ act: "theirs" }), "conflict-theirs"),
    button(t("conflict_take_mine"), "secondary", () => end({ act: "write", body: yours }), "conflict-mine"),
    button(t("conflict_merge"), "primary", merge, "conflict-merge"));
  const back = button(t("conflict_later"), "text", () => element.close(), "conflict-later");
  const { element, closed } = dialog({
    id: "conflict", kind: "wide", title: t("conflict_title"), close: "",
    holds: [make("p", "", t("conflict_text")), sides, acts, place, make("div", "dialog-foot", back)],
  });

  function merge() {
    const form = how.makeForm(how.union(theirs, yours));
    const told = make("p", "told");
    told.setAttribute("role", "status");
    acts.hidden = true;
    place.replaceChildren(make("h3", "", t("conflict_merged")), form.element, told, make("div", "dialog-foot", button(t("save"), "primary", () => {
      const problem = form.problem();
      if (!problem) return end({ act: "write", body: form.value() });
      told.textContent = problem;
      told.dataset.kind = "bad";
      return undefined;
    }, "conflict-save")));
    form.focus();
  }

  await closed;
  return result;
}
