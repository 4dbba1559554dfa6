// Taking the review out of the board: to be read, to be counted, to be reminded of, or to come back in; and its pictures.
//
// What a test can hold on to: `#export-place [data-as=pdf|html|md|csv|ics|json]`, `[data-picture="mandala.svg"]` and the like, `#export-told`.
import { $, button, tell, teller } from "./board-parts.js";
import { saidReading } from "./board-api.js";
import { make, t } from "./text.js";

const FORMS = ["pdf", "html", "md", "csv", "ics", "json"];
// A server that was built without paper has none of these.
const ON_PAPER = ["pdf", "png"];
const KEPT_MS = 60000;
const NAME_MAX = 60;

/** A name that every system takes for a file. */
const fileName = (name) => [...name.replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, " ").replace(/\s+/g, " ").trim().replace(/^\.+|\.+$/g, "")].slice(0, NAME_MAX).join("") || "review";

export function exportPlace(state) {
  const place = $("export-place");
  const told = teller("export-told");
  const isThere = (form) => place.dataset.paper === "true" || !ON_PAPER.includes(form);
  const texts = {
    pdf: [t("export_pdf"), t("export_pdf_about")], html: [t("export_html"), t("export_html_about")], md: [t("export_md"), t("export_md_about")],
    csv: [t("export_csv"), t("export_csv_about")], ics: [t("export_ics"), t("export_ics_about")], json: [t("export_json"), t("export_json_about")],
  };
  const pictures = { mandala: t("export_mandala"), diagram: t("export_diagram") };
  const looks = { svg: t("export_svg"), png: t("export_png") };

  async function take(path, name, act) {
    act.disabled = true;
    tell(told, t("export_making"));
    try {
      const url = URL.createObjectURL(await state.api.blob(path));
      const way = make("a");
      Object.assign(way, { href: url, download: name });
      way.click();
      setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
      tell(told, t("export_made"), "good");
    } catch (problem) {
      tell(told, problem.code === "overloaded" ? t("export_busy") : saidReading(problem), "bad");
    }
    act.disabled = false;
    act.focus({ preventScroll: true });
  }

  const rows = FORMS.filter(isThere).map((form) => {
    const [name, about] = texts[form];
    const act = button(name, "secondary", () => take(`/v1/review/export?as=${form}`, `${fileName(state.name)}.${form}`, act));
    act.dataset.as = form;
    return make("li", "export-row", act, make("span", "small", about));
  });
  const drawn = Object.entries(pictures).map(([picture, name]) => {
    const acts = Object.entries(looks).filter(([look]) => isThere(look)).map(([look, said]) => {
      const act = button(said, "secondary", () => take(`/v1/review/${picture}.${look}`, `${fileName(`${state.name} ${name}`)}.${look}`, act));
      act.dataset.picture = `${picture}.${look}`;
      act.setAttribute("aria-label", `${name}: ${said}`);
      return act;
    });
    return make("li", "export-row", make("span", "export-name", name), make("span", "export-looks", ...acts));
  });
  place.append(
    make("h3", "", t("export")), make("p", "small", t("export_how")), make("ul", "plain", ...rows),
    make("h4", "", t("export_pictures")), make("p", "small", t("export_pictures_about")), make("ul", "plain", ...drawn), told,
  );
}
