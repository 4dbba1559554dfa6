// Arrows: drawn from a box to another, and edited: which way, how strongly, why one thinks so.
import { $, button, choice, clean, dialog, labelled, tell } from "./board-parts.js";
import { draft } from "./board-store.js";
import { saidWriting } from "./board-api.js";
import { editor } from "./review-editor.js";
import { statementDiff, statementForm, statementUnion, statementView } from "./review-statement.js";
import { showVersions } from "./review-versions.js";
import { freshKey } from "./review-state.js";
import { announce, make, number, t, word } from "./text.js";

const STRENGTH = 2;

/** How arrows are written and compared; `name(key)` says what a box is called. */
export function arrowHow(state, name) {
  const inner = { label: t("arrow_why"), hint: t("arrow_why_hint"), rows: 3, isOptional: true };
  const ways = ({ from, to }) => t("arrow_from_to", { from: name(from) || t("box_gone"), to: name(to) || t("box_gone") });
  const line = (body) => make("p", "arrow-line", make("b", "", ways(body)), make("span", "small", t("named", { what: t("strength"), name: word("strength", String(body.strength)) })), body.is_kept ? make("span", "small", t("arrow_is_kept")) : null);
  return {
    makeForm(body) {
      const back = { from: body.to, to: body.from };
      const way = choice(t("arrow_way"), [["as", ways(body)], ["back", ways(back)]], "as");
      way.classList.add("way-choice");
      const strength = choice(t("strength"), [1, 2, 3].map((it) => [String(it), word("strength", String(it))]), String(body.strength));
      strength.classList.add("strength-choice");
      const statement = statementForm(state, body.statement, inner);
      const kept = make("input");
      Object.assign(kept, { type: "checkbox", checked: body.is_kept });
      const hasOther = state.all("arrow").some((it) => it.body.from === body.to && it.body.to === body.from);
      const keep = hasOther || body.is_kept ? make("label", "check", kept, make("span", "", t("arrow_keep"))) : null;
      return {
        element: make("div", "stack", way, strength, keep, statement.element),
        value: () => ({ ...body, ...(way.value === "back" ? back : {}), strength: Number(strength.value), is_kept: kept.checked, statement: statement.value() }),
        problem: () => statement.problem(),
        focus: () => way.querySelector("input:checked").focus(),
      };
    },
    difference(before, after, side) {
      const shown = side === "out" ? before ?? after : after ?? before;
      return make("div", "", line(shown), statementDiff(state, before?.statement ?? null, after?.statement ?? null, side));
    },
    union: (theirs, yours) => (theirs ? { ...yours, statement: statementUnion(theirs.statement, yours.statement) } : yours),
    view: (body) => make("div", "", line(body), statementView(state, body.statement)),
  };
}

/** Opens an arrow to be read or edited. */
export function openArrow(state, name, key) {
  const base = state.item("arrow", key);
  if (!base.body || $("arrow")) return;
  const how = arrowHow(state, name);
  const title = t("arrow_from_to", { from: name(base.body.from), to: name(base.body.to) });
  const past = button(t("versions"), "text", () => showVersions(state, "arrow", key, title, how));
  let form = null;
  const holds = [];
  if (state.mayWriteNow) {
    form = editor({
      name: `${state.id}:arrow/${key}`, base, how, saveId: "arrow-save",
      write: (body, version) => (body === null ? state.erase("arrow", key, version) : state.put("arrow", key, body, version)),
      done: () => element.close(),
    });
    form.element.lastChild.append(button(t("arrow_remove"), "text danger", () => form.erase(), "arrow-remove"), past);
    holds.push(form.element);
  } else holds.push(how.view(base.body), make("div", "row", past));
  const { element, closed } = dialog({ id: "arrow", title, holds, close: form ? "" : t("close") });
  element.dataset.arrow = key;
  const stop = state.on(`arrow/${key}`, ({ version, body }) => form?.changed({ version, body }));
  closed.then(stop);
}

/** Whether words for an arrow wait to be saved. */
export const hasDraft = (state, key) => Boolean(draft(`${state.id}:arrow/${key}`));

/** Draws an arrow. Says whether there is one now that was not there. */
export async function connect(state, name, from, to, told) {
  const names = { from: name(from), to: name(to) };
  const there = state.all("arrow").find(({ body }) => body.from === from && body.to === to);
  if (there) {
    tell(told, t("arrow_there", names));
    openArrow(state, name, there.key);
    return;
  }
  const key = freshKey();
  try {
    await state.put("arrow", key, { from, to, strength: STRENGTH, is_kept: false, statement: { text: "", basis: "conjecture", sources: [] } }, 0);
    tell(told, t("arrow_drawn", names), "good");
    const why = button(t("arrow_say_why"), "text", () => openArrow(state, name, key), "arrow-say-why");
    told.append(" ", why);
    announce(t("arrow_drawn", names));
  } catch (problem) {
    tell(told, saidWriting(problem), "bad");
  }
}

/** Asks for the other box, by search: for fingers and keys. */
export function arrowTo(state, diagram, key, isOut, chosen) {
  const label = diagram.label(key);
  const known = new Set((isOut ? diagram.outOf(key) : diagram.into(key)).map((it) => (isOut ? it.to : it.from)));
  const list = make("ul", "choices plain");
  const search = make("input");
  Object.assign(search, { type: "search", id: "arrow-search", autocomplete: "off" });
  const count = make("p", "small");
  count.setAttribute("role", "status");

  function draw() {
    const sought = search.value.normalize("NFKC").toLowerCase().trim();
    const all = [...diagram.boxes.values()].filter((it) => it.key !== key && it.label.normalize("NFKC").toLowerCase().includes(sought));
    list.replaceChildren(...all.map((it) => {
      const is = known.has(it.key);
      const pick = button("", "choice-line", () => { element.close(); chosen(it.key); });
      pick.append(make("span", "name", it.label), is ? make("span", "small", t("arrow_is_there")) : "");
      pick.dataset.to = it.key;
      return make("li", "", pick);
    }));
    count.textContent = all.length ? t("boxes_n", { n: number(all.length) }) : t("filter_nothing");
  }

  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (clean(search.value)) list.querySelector("button")?.click();
  });
  const title = isOut ? t("arrow_to_title", { name: label }) : t("arrow_from_title", { name: label });
  const { element } = dialog({ id: "arrow-to", title, holds: [make("p", "small", t("arrow_to_how")), labelled(t("box_search"), search), count, list], close: t("cancel") });
  draw();
  search.focus();
}

