// Where a statement comes from: documents, links, and the three actuals (place, thing, person). Of a person the role, never a name.
import { openFile } from "./review-files.js";
import { button, clean, freshId, labelled, select } from "./board-parts.js";
import { make, t, word } from "./text.js";

const KINDS = ["document", "link", "place", "thing", "person"];
export const SOURCES_MAX = 10;
const TEXT_MAX = 300;
const URL_MAX = 500;

const isWeb = (url) => /^https?:\/\/[^\s]+$/i.test(url);

/** A source as it is read. */
function sourceView(state, source) {
  const item = make("li", "source", make("span", "source-kind", word("source", source.kind)), " ");
  if (isWeb(source.url)) {
    const to = make("a", "", source.text || source.url);
    Object.assign(to, { href: source.url, target: "_blank", rel: "noopener noreferrer" });
    item.append(to);
  } else {
    item.append(source.text);
  }
  const file = source.file && state.body("file", source.file);
  if (file) item.append(" ", button(t("file_open", { name: file.name }), "text", () => openFile(state, source.file, file)));
  else if (source.file) item.append(" ", make("span", "small", t("file_gone")));
  return item;
}

export const sourcesView = (state, sources) =>
  (sources.length ? make("ul", "sources", ...sources.map((it) => sourceView(state, it))) : null);

/** The sources of a statement while it is written. */
export function sourcesForm(state, sources) {
  const rows = make("div", "source-rows");
  const legend = make("legend", "", t("sources"));
  const element = make("fieldset", "sources-form", legend, make("p", "small", t("sources_hint")), rows);

  function row(source) {
    const kind = select(KINDS.map((it) => [it, word("source", it)]), source.kind);
    const text = make("input");
    const url = make("input");
    Object.assign(text, { value: source.text, maxLength: TEXT_MAX });
    Object.assign(url, { value: source.url, maxLength: URL_MAX, type: "url", inputMode: "url", placeholder: "https://" });
    const files = state.all("file");
    const file = select([["", t("file_none")], ...files.map((it) => [it.key, it.body.name])], "");
    file.value = source.file;
    // A file that was erased stays named until somebody takes it out.
    if (source.file && file.value !== source.file) {
      const gone = make("option", "", t("file_gone"));
      gone.value = source.file;
      file.append(gone);
      file.value = source.file;
    }
    const textField = labelled(t("source_text"), text);
    const fileField = labelled(t("source_file"), file);
    fileField.hidden = !files.length && !source.file;
    const urlField = labelled(t("source_url"), url);
    const fit = () => {
      textField.firstChild.textContent = kind.value === "person" ? t("source_person") : t("source_text");
      urlField.hidden = !url.value && !["document", "link"].includes(kind.value);
    };
    const group = make("div", "source-row", labelled(t("source_kind"), kind), textField, urlField, fileField, button(t("source_remove"), "text", () => {
      group.remove();
      element.dispatchEvent(new Event("input", { bubbles: true }));
      fitAll();
      add.focus();
    }));
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", t("source_one"));
    kind.addEventListener("change", fit);
    fit();
    group.read = () => ({ kind: kind.value, text: clean(text.value), url: clean(url.value), file: file.value });
    rows.append(group);
    return kind;
  }

  const add = button(t("source_add"), "secondary", () => {
    row({ kind: "document", text: "", url: "", file: "" }).focus();
    fitAll();
  });
  add.id = freshId("source-add");
  add.dataset.act = "source-add";
  element.append(add);
  const fitAll = () => { add.hidden = rows.children.length >= SOURCES_MAX; };
  sources.forEach(row);
  fitAll();
  const value = () => [...rows.children].map((it) => it.read()).filter((it) => it.text || it.url || it.file);
  return {
    element,
    value,
    /** What is wrong, or nothing. */
    problem() {
      for (const it of value()) {
        if (it.url && !isWeb(it.url)) return t("source_url_wrong");
        if (!it.text) return t("source_text_missing");
      }
      return "";
    },
    focus: () => add.focus(),
  };
}
