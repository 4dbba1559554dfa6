// Files of a review: put in, looked at, taken out again for good.
import { button, clean, confirmed, empty, tell, teller } from "./board-parts.js";
import { saidReading, saidWriting } from "./board-api.js";
import { announce, make, number, t, word } from "./text.js";

const BYTES_MAX = 5 * 1024 * 1024;
const NAME_MAX = 120;
const TYPES = { "image/png": "png", "image/jpeg": "jpeg", "application/pdf": "pdf", "text/plain": "plain", "text/csv": "csv" };
/** Browsers do not agree on what a table of values is. */
const BY_ENDING = { csv: "text/csv", txt: "text/plain", md: "text/plain", log: "text/plain" };

const KIB = 1024;

/** 1,234 bytes as 1 kB. */
function sizeText(bytes) {
  if (bytes < KIB * KIB) return t("size_kb", { n: number(Math.max(1, Math.round(bytes / KIB))) });
  return t("size_mb", { n: number(Math.round((bytes * 10) / (KIB * KIB)) / 10) });
}

/** Hands a file to whoever asked for it. */
export async function openFile(state, id, file) {
  try {
    const url = URL.createObjectURL(await state.api.blob(`/v1/review/files/${id}`));
    const way = make("a");
    Object.assign(way, { href: url, download: file.name });
    way.click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  } catch (problem) {
    announce(saidReading(problem), true);
  }
}

const dataUrl = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

/** The list of the files, with a way to add some. */
export function filesPlace(state) {
  const list = make("ul", "files");
  const told = teller("file-told");
  const element = make("div", "stack");
  const shown = new Map();

  function row(key, file) {
    const preview = make("div", "file-preview");
    const isPicture = file.media_type.startsWith("image/");
    if (isPicture) {
      // Only when it comes into sight.
      const seen = new IntersectionObserver(async ([entry]) => {
        if (!entry.isIntersecting) return;
        seen.disconnect();
        try {
          const picture = make("img");
          picture.alt = file.name;
          picture.src = await dataUrl(await state.api.blob(`/v1/review/files/${key}`));
          preview.replaceChildren(picture);
        } catch {
          preview.replaceChildren(make("span", "small", t("picture_unread")));
        }
      });
      seen.observe(preview);
    } else {
      preview.append(make("span", "file-kind", word("media", TYPES[file.media_type] ?? "other")));
      preview.setAttribute("aria-hidden", "true");
    }
    const open = button(t("download"), "text", () => openFile(state, key, file));
    const away = state.mayWrite ? button(t("file_erase"), "text danger for-writers", () => erase(key, file)) : null;
    for (const one of [open, away]) one?.setAttribute("aria-label", `${one.textContent}: ${file.name}`);
    const about = make("span", "small", `${word("media", TYPES[file.media_type] ?? "other")} · ${sizeText(file.size)}`);
    const item = make("li", "file", preview, make("div", "file-text", make("b", "", file.name), about), make("div", "row", open, away));
    item.dataset.file = key;
    return item;
  }

  function draw() {
    const files = state.all("file");
    for (const [key, item] of shown) if (!files.some((it) => it.key === key)) { item.remove(); shown.delete(key); }
    for (const { key, body } of files) {
      if (shown.has(key)) continue;
      shown.set(key, row(key, body));
      list.append(shown.get(key));
    }
    nothing.hidden = files.length > 0;
  }

  async function erase(key, file) {
    const texts = [t("file_erase_text", { name: file.name })];
    const asked = { id: "file-erase", title: t("file_erase_title"), texts, yes: t("file_erase"), yesId: "file-erase-yes", isGrave: true };
    if (!await confirmed(asked)) return;
    try {
      const { version } = await state.api.send("DELETE", `/v1/review/files/${key}`);
      state.apply({ kind: "file", key, version, body: null }, false);
      tell(told, t("file_erased"), "good");
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
  }

  async function add(files) {
    for (const chosen of files) {
      const type = TYPES[chosen.type] ? chosen.type : BY_ENDING[chosen.name.split(".").pop().toLowerCase()];
      if (!type) { tell(told, t("file_type_wrong", { name: chosen.name }), "bad"); continue; }
      if (chosen.size > BYTES_MAX) { tell(told, t("file_too_large", { name: chosen.name }), "bad"); continue; }
      if (!chosen.size) { tell(told, t("file_is_empty", { name: chosen.name }), "bad"); continue; }
      tell(told, t("file_sending", { name: chosen.name }));
      try {
        const file = new File([chosen], chosen.name, { type });
        const name = [...clean(chosen.name)].slice(-NAME_MAX).join("");
        await state.api.upload(`/v1/review/files?name=${encodeURIComponent(name)}`, file);
        // What a picture told of whoever took it was taken out, so that its size is another.
        await state.catchUp();
        tell(told, t("file_added", { name }), "good");
      } catch (problem) {
        tell(told, saidWriting(problem), "bad");
      }
    }
  }

  const nothing = empty(t("files_empty"));
  if (state.mayWrite) {
    const input = make("input");
    Object.assign(input, { type: "file", id: "file-add", multiple: true, accept: [...Object.keys(TYPES), ".csv", ".txt", ".md", ".log"].join(",") });
    input.addEventListener("change", async () => { await add([...input.files]); input.value = ""; });
    const label = make("label", "", t("file_add"));
    label.htmlFor = input.id;
    element.append(make("div", "labelled for-writers", label, make("p", "small", t("file_add_hint")), input));
  }
  element.append(told, nothing, list);
  state.on("file/*", draw);
  draw();
  return element;
}
