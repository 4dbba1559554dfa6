// Writing something down: a form that keeps a draft, saves over the version that was seen, and tells when somebody else was quicker.
import { draft, keepDraft } from "./board-store.js";
import { button, confirmed, tell, teller } from "./board-parts.js";
import { saidWriting } from "./board-api.js";
import { resolve } from "./review-conflict.js";
import { same } from "./review-state.js";
import { announce, make, t } from "./text.js";

/**
 * A form about `base` (`{version, body}`), whose draft is kept by `name`.
 * `how`: as for a conflict, `{makeForm, difference, union}`. `write(body, version)` saves. `done(body | null)` follows a save, an
 * erasure (`null`), or `undefined` where nothing was written.
 */
export function editor({ name, base, how, write, done, saveId, isNew = false }) {
  const kept = draft(name);
  let version = kept?.version ?? base.version;
  const form = how.makeForm(kept?.body ?? base.body);
  const before = JSON.stringify(form.value());
  const told = teller();
  const notice = make("div", "notice elsewhere");
  notice.hidden = true;
  notice.setAttribute("role", "status");
  const save = button(isNew ? t("add") : t("save"), "primary", () => send(), saveId);
  save.dataset.act = "save";
  const cancel = button(t("cancel"), "secondary", leave);
  cancel.dataset.act = "cancel";
  const found = kept ? make("p", "small draft", t("draft_found")) : null;
  const element = make("form", "editor stack", found, notice, form.element, told, make("div", "row", save, cancel));
  element.noValidate = true;
  element.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  for (const event of ["input", "change"]) element.addEventListener(event, remember);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) { event.preventDefault(); send(); }
  });

  const isDirty = () => Boolean(kept) || JSON.stringify(form.value()) !== before;
  let isEnded = false;

  function remember() {
    if (!isEnded) keepDraft(name, { version, body: form.value() });
  }

  function end(body) {
    if (isEnded) return;
    isEnded = true;
    keepDraft(name, null);
    done(body);
  }

  async function leave() {
    const isSure = !isDirty() || await confirmed({ id: "discard", title: t("discard_title"), texts: [t("discard_text")], yes: t("discard_yes"), yesId: "discard-yes" });
    if (isSure) end(undefined);
  }

  function send() {
    if (isEnded || save.disabled) return undefined;
    const problem = form.problem();
    return problem ? tell(told, problem, "bad") : attempt(form.value(), version);
  }

  /** Writes a body, `null` to erase, over a version; asks when somebody was quicker, as often as that happens. */
  async function attempt(body, over) {
    save.disabled = true;
    tell(told, t("saving"));
    try {
      await write(body, over);
      announce(body === null ? t("erased") : t("saved"));
      return end(body);
    } catch (refused) {
      save.disabled = false;
      const current = refused.code === "changed_meanwhile" && refused.told?.current;
      if (!current) keepDraft(name, { version: over, body: body ?? form.value() });
      tell(told, saidWriting(refused), "bad");
      announce(saidWriting(refused), true);
      return current ? decide(current, body) : undefined;
    }
  }

  /** Asks which of the two it is to be. */
  async function decide(current, body = form.value()) {
    if (body === null) {
      // What was to be erased has changed: it is looked at first.
      version = current.version;
      return tell(told, t("erase_changed"), "bad");
    }
    const decision = await resolve(current.body, body, how);
    if (decision?.act === "theirs") return end(undefined);
    return decision ? attempt(decision.body, current.version) : undefined;
  }

  return {
    element,
    focus: () => form.focus(),
    isDirty,
    erase: () => attempt(null, version),
    /** Somebody else wrote it: said, and nothing that is being written is touched. */
    changed(current) {
      if (isEnded || current.version <= version || same(current.body, form.value())) return;
      notice.hidden = false;
      const compare = button(t("compare_now"), "secondary", () => decide(current));
      notice.replaceChildren(make("p", "", current.body === null ? t("erased_elsewhere") : t("changed_elsewhere")), make("div", "", compare));
    },
  };
}
