// The versions of one item, newest first: what each changed, and the way back to any of them.
import { button, confirmed, dialog, tell, teller } from "./board-parts.js";
import { saidReading, saidWriting } from "./board-api.js";
import { announce, make, moment, number, t } from "./text.js";

/** Opens the versions of `kind/key`. `how` shows what differs. */
export async function showVersions(state, kind, key, label, how) {
  const list = make("ol", "versions plain", make("li", "", make("p", "small", t("loading"))));
  const told = teller();
  const { element } = dialog({ id: "versions", kind: "wide", title: t("versions_of", { name: label }), holds: [told, list] });

  async function read() {
    try {
      const { items } = await state.api.send("GET", `/v1/review/items/${kind}/${key}/history`);
      list.replaceChildren(...items.map((it, at) => one(it, items[at + 1]?.body ?? null, at === 0)));
      if (!items.length) list.replaceChildren(make("li", "", t("history_empty")));
    } catch (problem) {
      list.replaceChildren();
      tell(told, saidReading(problem), "bad");
    }
  }

  function one(change, before, isNow) {
    const head = make("div", "version-head", make("b", "", t("version_n", { n: number(change.version) })), " ", make("span", "small", moment(change.at)));
    if (isNow) head.append(" ", make("span", "badge-quiet", t("version_now")));
    const text = change.body === null ? make("p", "small", t("version_erased")) : how.difference(before, change.body);
    const may = !isNow && state.mayWriteNow && change.body !== null && how.isRestorable !== false;
    const back = may ? button(t("restore"), "secondary for-writers", () => restore(change)) : null;
    if (back) back.dataset.version = change.version;
    return make("li", "version", make("div", "version-body", head, text, back));
  }

  async function restore(change) {
    const isSure = await confirmed({ id: "restore", title: t("restore_title", { n: number(change.version) }), texts: [t("restore_text")], yes: t("restore"), yesId: "restore-yes" });
    if (!isSure) return;
    try {
      await state.put(kind, key, change.body);
      announce(t("restored"));
      tell(told, t("restored"), "good");
      await read();
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
  }

  await read();
  return element;
}
