// The library: what other groups of this board did and gave to it, searched as one types.
import { button, labelled, longText, tell, teller } from "./board-parts.js";
import { saidReading } from "./board-api.js";
import { proofView } from "./review-measure-form.js";
import { make, number, t } from "./text.js";

const WAIT_MS = 250;
const LIMIT = 20;
const WORDS_MAX = 100;

/** The search. `first` is looked for at first, without being typed; `adopted(measure)` hears what is taken over. */
export function libraryOf(state, first, adopted) {
  const search = Object.assign(make("input"), { type: "search", id: "library-search", autocomplete: "off", maxLength: WORDS_MAX });
  const list = make("ul", "shelf plain");
  const count = make("p", "small");
  count.setAttribute("role", "status");
  const told = teller();
  let asked = 0;
  let timer = 0;

  function one(measure) {
    const take = button(t("adopt"), "secondary", () => adopted(measure));
    take.dataset.act = "adopt";
    const causes = measure.causes.length ? make("p", "small", t("named", { what: t("answered"), name: measure.causes.join(t("list_comma")) })) : null;
    const learned = measure.learned ? make("div", "learned", make("h4", "", t("learned")), longText(measure.learned)) : null;
    const role = measure.role ? make("p", "small", t("named", { what: t("role"), name: measure.role })) : null;
    return make("li", "shelf-one", longText(measure.text), causes, role, proofView(state, { ...measure.proof, file: "" }), learned, take);
  }

  async function ask(words) {
    const { items } = await state.api.send("GET", `/v1/measures?q=${encodeURIComponent(words)}&limit=${LIMIT}`);
    return items;
  }

  async function read() {
    const mine = ++asked;
    const typed = search.value.trim();
    try {
      let items = await ask(typed || first);
      let said = typed ? t("library_found", { n: number(items.length) }) : t("library_for", { name: first });
      if (!typed && (!first || !items.length)) {
        items = await ask("");
        said = t("library_newest");
      }
      if (mine !== asked) return;
      list.replaceChildren(...items.map(one));
      count.textContent = items.length ? said : typed ? t("library_nothing") : t("library_empty");
      tell(told, "");
    } catch (problem) {
      if (mine === asked) tell(told, saidReading(problem), "bad");
    }
  }

  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(read, WAIT_MS); });
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  read();
  return make("section", "shelf-place stack", make("h3", "", t("library")), labelled(t("library_search"), search, t("library_hint")), told, count, list);
}
