// One item of a review where it stands: what it says, and its form in the same place. A change from elsewhere shows at once; an open
// form is left alone.
import { draft } from "./board-store.js";
import { button, freshId } from "./board-parts.js";
import { editor } from "./review-editor.js";
import { statementDiff, statementForm, statementUnion, statementView } from "./review-statement.js";
import { showVersions } from "./review-versions.js";
import { make, t } from "./text.js";

/** How statements are written and compared. */
export const statements = (state, options) => ({
  makeForm: (body) => statementForm(state, body, options),
  difference: (before, after, side) => statementDiff(state, before, after, side),
  union: statementUnion,
  view: (body) => statementView(state, body),
});

/**
 * A box for `kind/key` under a heading of `level`. `how` as `statements` gives it. `about` says what belongs here while it is empty.
 */
export function itemBox(state, { kind, key, label, level = 4, about = "", how = statements(state), isErasable = true }) {
  const name = `${state.id}:${kind}/${key}`;
  const heading = make(`h${level}`, "", label);
  heading.id = freshId("item");
  const place = make("div", "item-view");
  const tools = make("div", "item-tools");
  const element = make("div", "item-box", make("div", "item-head", heading, tools), place);
  element.dataset.item = `${kind}/${key}`;
  element.setAttribute("role", "group");
  element.setAttribute("aria-labelledby", heading.id);
  let open = null;

  function show() {
    const { body, version } = state.item(kind, key);
    element.classList.toggle("is-empty", body === null);
    if (open) return open.changed({ version, body });
    place.replaceChildren(body === null ? make("p", "small", about || t("nothing_yet")) : how.view(body));
    if (draft(name) && state.mayWrite) place.append(make("p", "small draft for-writers", t("draft_waits")));
    const edit = state.mayWrite ? button(body === null ? t("write") : t("edit"), "text for-writers", write) : null;
    const past = version ? button(t("versions"), "text", () => showVersions(state, kind, key, label, how)) : null;
    if (edit) Object.assign(edit.dataset, { act: "edit" });
    if (past) Object.assign(past.dataset, { act: "versions" });
    for (const one of [edit, past]) one?.setAttribute("aria-describedby", heading.id);
    // A button that has the focus stays the same one.
    const had = tools.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    tools.replaceChildren(...[edit, past].filter(Boolean));
    if (had) tools.querySelector(`[data-act="${had}"]`)?.focus();
    return undefined;
  }

  const put = (body, version) => state.put(kind, key, body, version);

  function write() {
    if (open) return;
    const base = state.item(kind, key);
    open = editor({
      name, base, how, saveId: freshId("save"),
      write: (body, version) => (body === null ? state.erase(kind, key, version) : (how.write ?? put)(body, version, base.body)),
      done: () => {
        open = null;
        show();
        tools.querySelector("[data-act=edit]")?.focus();
      },
    });
    if (isErasable && base.body !== null) {
      const away = button(t("erase"), "text danger", () => open.erase());
      away.dataset.act = "erase";
      open.element.lastChild.append(away);
    }
    tools.replaceChildren();
    place.replaceChildren(open.element);
    open.focus();
  }

  state.on(`${kind}/${key}`, show);
  show();
  return element;
}
