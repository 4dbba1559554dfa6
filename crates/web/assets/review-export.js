// Taking the review out of the board: to be read, to be counted, or to come back in.
//
// What a test can hold on to: `#export-place [data-as=md|html|csv|json]`, `#export-told`.
import { $, button, tell, teller } from "./board-parts.js";
import { saidReading } from "./board-api.js";
import { make, t } from "./text.js";

const FORMS = ["html", "md", "csv", "json"];
const KEPT_MS = 60000;
const NAME_MAX = 60;

/** A name that every system takes for a file. */
const fileName = (name) => [...name.replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, " ").replace(/\s+/g, " ").trim().replace(/^\.+|\.+$/g, "")].slice(0, NAME_MAX).join("") || "review";

export function exportPlace(state) {
  const told = teller("export-told");
  const texts = { html: [t("export_html"), t("export_html_about")], md: [t("export_md"), t("export_md_about")], csv: [t("export_csv"), t("export_csv_about")], json: [t("export_json"), t("export_json_about")] };

  async function take(form, act) {
    act.disabled = true;
    tell(told, t("export_making"));
    try {
      const url = URL.createObjectURL(await state.api.blob(`/v1/review/export?as=${form}`));
      const way = make("a");
      Object.assign(way, { href: url, download: `${fileName(state.name)}.${form}` });
      way.click();
      setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
      tell(told, t("export_made"), "good");
    } catch (problem) {
      tell(told, saidReading(problem), "bad");
    }
    act.disabled = false;
    act.focus({ preventScroll: true });
  }

  const rows = FORMS.map((form) => {
    const [name, about] = texts[form];
    const act = button(name, "secondary", () => take(form, act));
    act.dataset.as = form;
    return make("li", "export-row", act, make("span", "small", about));
  });
  $("export-place").append(make("h3", "", t("export")), make("p", "small", t("export_how")), make("ul", "plain", ...rows), told);
}
