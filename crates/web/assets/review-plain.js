// Items that are a text and little else: comments and open questions.
import { button, clean, labelled, longText, select } from "./board-parts.js";
import { draft } from "./board-store.js";
import { showDiff, union } from "./review-diff.js";
import { editor } from "./review-editor.js";
import { itemBox } from "./review-item.js";
import { freshKey } from "./review-state.js";
import { textField } from "./review-statement.js";
import { make, t } from "./text.js";

const COMMENT_MAX = 2000;

/** How a body `{text, ...rest}` is written and compared. `about` is a list of `[key, name]` to choose from, where there is one. */
export function plain(rest, label, about) {
  return {
    makeForm(body) {
      const from = body ?? { text: "", ...rest };
      const text = textField(label, from.text, { rows: 2, most: COMMENT_MAX });
      const cause = about && select([["", t("about_none")], ...about], from.about);
      const element = make("div", "stack", text.element, cause ? labelled(t("about"), cause) : null);
      return {
        element,
        value: () => ({ ...from, text: clean(text.area.value), ...(cause ? { about: cause.value } : {}) }),
        problem: () => (clean(text.area.value) ? "" : (text.area.focus(), t("text_missing"))),
        focus: () => text.area.focus(),
      };
    },
    difference: (before, after, side) => showDiff(before?.text ?? "", after?.text ?? "", side),
    union: (theirs, yours) => (theirs ? { ...theirs, text: union(theirs.text, yours.text).slice(0, COMMENT_MAX) } : yours),
    view: (body) => longText(body.text),
  };
}

/** A button that becomes a form for something new. `write(body, key)` saves it. */
export function adder(state, { name, text, how, kind, id, saveId }) {
  const place = make("div", "adder for-writers");
  const draftName = `${state.id}:${kind}/new:${name}`;
  const begin = button(text, "secondary", open, id);

  function open() {
    // One key for one thing, so that a reply that was lost does not make it twice.
    const key = freshKey();
    const form = editor({
      name: draftName, base: { version: 0, body: null }, how, saveId, isNew: true,
      write: (body, version) => state.put(kind, key, body, version),
      done() {
        place.replaceChildren(begin);
        begin.focus();
      },
    });
    place.replaceChildren(form.element);
    form.focus();
  }

  place.append(begin);
  if (draft(draftName)) place.prepend(make("p", "small draft", t("draft_waits")));
  return place;
}

/** The comments on an item, `kind/key`. `counted(n)` hears how many there are. */
export function commentsPlace(state, on, { level = 4, counted } = {}) {
  const list = make("ul", "comments plain");
  const heading = make(`h${level}`, "", t("comments"));
  const how = plain({ on }, t("comment"));
  const add = state.mayWrite ? adder(state, { name: on, text: t("comment_add"), how, kind: "comment" }) : null;
  const element = make("section", "comments-place stack", heading, list, add);
  const rows = new Map();

  function draw() {
    const all = state.all("comment").filter((it) => it.body.on === on);
    for (const [key, row] of rows) if (!all.some((it) => it.key === key)) { row.remove(); rows.delete(key); }
    for (const { key } of all) {
      if (rows.has(key)) continue;
      rows.set(key, make("li", "", itemBox(state, { kind: "comment", key, label: t("comment"), level: level + 1, how: plain({ on }, t("comment")) })));
      list.append(rows.get(key));
    }
    element.classList.toggle("is-empty", !all.length);
    counted?.(all.length);
  }

  state.on("comment/*", (item) => { if (!item.body || item.body.on === on) draw(); });
  draw();
  return element;
}
