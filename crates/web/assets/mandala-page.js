// The mandala for one person: what is marked stays in this browser.
import { mandala, setMarked } from "./mandala.js";
import { announce, language, t } from "./text.js";

const $ = (id) => document.getElementById(id);
const root = $("chart");
const stage = root.querySelector(".mandala-stage");
const NAME = `mandala-${root.dataset.chart}`;

function kept() {
  try {
    return new Set(JSON.parse(localStorage.getItem(NAME) ?? "[]"));
  } catch {
    return new Set();
  }
}

const marked = kept();

function draw() {
  setMarked(stage, [...marked]);
  $("marked").textContent = t("marked", { n: String(marked.size) });
  try {
    localStorage.setItem(NAME, JSON.stringify([...marked]));
  } catch {
    // A browser that keeps nothing still shows what is marked, until the page goes.
  }
}

function choose(key) {
  if (!marked.delete(key)) marked.add(key);
  draw();
  announce($("marked").textContent);
}

mandala(stage, {});
root.addEventListener("mandala:choose", ({ detail }) => choose(detail.key));
$("print").addEventListener("click", () => window.print());
$("clear").addEventListener("click", () => { marked.clear(); draw(); });
for (const button of document.querySelectorAll("[data-lang]")) {
  button.hidden = button.dataset.lang === language;
  button.addEventListener("click", () => {
    document.cookie = `lang=${button.dataset.lang}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
    location.reload();
  });
}
draw();
