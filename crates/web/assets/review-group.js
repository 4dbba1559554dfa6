// Above every place of a review: what it is called, its state, who is there, and where the group is.
import { $, button, tell } from "./board-parts.js";
import { saidWriting } from "./board-api.js";
import { announce, make, number, t, word } from "./text.js";

/** The place of each step. */
export const STEPS = { 1: "extract", 2: "collect", 3: "arrange", 4: "diagram", 5: "prevent" };
const stepOf = (place) => Number(Object.keys(STEPS).find((step) => STEPS[step] === place) ?? 0);

export function groupHead(state, goTo) {
  let shown = "";

  function draw() {
    const { state: at, step } = state.progress;
    document.title = `${state.name || t("review")} · Warifu 割符`;
    $("case-name").textContent = state.name || t("review");
    $("state").textContent = word("state", at);
    $("state").dataset.state = at;
    $("role").textContent = word("role", state.role);
    $("present").textContent = t("present_n", { n: number(state.present) });
    document.body.dataset.writable = String(state.mayWriteNow);
    $("complete").hidden = at !== "complete";
    for (const [one, place] of Object.entries(STEPS)) {
      const link = $(`step-${one}`);
      link.classList.toggle("is-group", Number(one) === step);
      link.querySelector(".group-mark").textContent = Number(one) === step ? t("group_short") : "";
      if (place === shown) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    for (const link of document.querySelectorAll("[data-place-link]")) {
      if (link.dataset.placeLink === shown) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const own = stepOf(shown);
    const isElsewhere = own && own !== step && STEPS[step] && at !== "complete";
    const go = button(t("group_go"), "secondary", () => goTo(STEPS[step]), "group-go");
    const here = state.mayLead ? button(t("group_here"), "secondary", bring, "group-here") : null;
    const had = $("group").contains(document.activeElement);
    $("group").hidden = !isElsewhere;
    $("group").replaceChildren(make("p", "", t("group_at", { step: word("step", String(step)) })), make("div", "", go, here));
    if (had && !isElsewhere) $("main").focus({ preventScroll: true });
  }

  async function bring() {
    try {
      await state.goOn({ step: stepOf(shown) });
      announce(t("group_moved", { step: word("step", String(state.progress.step)) }));
    } catch (problem) {
      tell($("page-told"), saidWriting(problem), "bad");
    }
  }

  for (const name of ["progress/*", "people", "case/name"]) state.on(name, draw);
  state.on("line", (told) => {
    document.body.dataset.line = told;
    $("line").textContent = told === "on" ? "" : told === "gone" ? t("line_gone") : t("line_off");
    $("line").hidden = told === "on";
  });
  return { show(place) { shown = place; draw(); } };
}
