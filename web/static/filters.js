// Filters over the store: what there is to choose from, and what is chosen.

import { el, fill } from "./dom.js";

/** Fill every `<select data-facet>` with the store's values and their counts. */
export function showFacets(facets) {
  for (const select of document.querySelectorAll("select[data-facet]")) {
    const counts = Object.entries(facets[select.dataset.facet] ?? {}).sort((a, b) => b[1] - a[1]);
    const options = counts.map(([value, count]) => el("option", { value }, `${value} (${count.toLocaleString("en")})`));
    fill(select, el("option", { value: "" }, "any"), options);
  }
}

/** Read the filters of a form: those of these names that are filled in. */
export function readFilters(form, names = ["text", "language", "noise", "gender", "where"]) {
  const given = names.map((name) => [name, form.elements[name]?.value.trim()]);
  return Object.fromEntries(given.filter(([, value]) => value));
}
