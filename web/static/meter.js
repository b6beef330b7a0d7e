// A probability as a number and a bar.

import { el } from "./dom.js";
import { percent } from "./format.js";

/** Make the bar with its number; `probability` may be null. */
export function probabilityBar(probability) {
  const track = el("span", { class: "track", "aria-hidden": "true" });
  track.style.setProperty("--part", probability ?? 0);
  return el("span", { class: "probability" }, el("span", { class: "number" }, percent(probability)), track);
}

/** Make a figure in large type: a name, the probability, and what it means. */
export function bigProbability(name, probability, meaning) {
  return el("div", { class: "figure" }, el("span", { class: "muted small" }, name), el("strong", { class: "number" }, percent(probability)), probabilityBar(probability).lastChild, el("span", { class: "muted small" }, meaning));
}
