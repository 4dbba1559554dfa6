// The one place where markup from the server becomes part of a page: the pictures of a mandala. Everything else is text.
const PLACE = "/v1/review/mandala";
const policy = window.trustedTypes?.createPolicy("warifu", { createHTML: (html) => html });

/** Puts the pictures and the list of a review's chart into an element. `fetched(path)` gives the reply's text. */
export async function mandalaInto(element, fetched) {
  const html = await fetched(PLACE);
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(html) : html;
  element.replaceChildren(template.content);
}
