// The Query tab: an anchor, where to search, and the answer.

import { el, fill, find, focusOn } from "./dom.js";
import { post } from "./api.js";
import { initGroup } from "./group.js";
import { outdate, renew } from "./outdated.js";
import { createPicker } from "./picker.js";
import { showResult, spoken } from "./results.js";
import { createTask } from "./task.js";

const FORMER = "This is the answer to the former anchor, group or settings: find the match again.";

/** Wire the tab; returns `setAnchor(sound)`. `store()` gives the store's path. */
export function initQuery(store) {
  const form = find("#query-form");
  const place = find("#result");
  const anchor = createPicker(find("#anchor"), "Anchor", changed);
  const group = initGroup(form);
  const task = createTask("Find the match");
  const said = el("p", { class: "hidden", role: "status" });
  let changes = 0;
  form.append(task.element, said);

  function changed() {
    changes += 1;
    task.fail("");
    outdate(place, FORMER);
  }
  for (const event of ["input", "change"]) {
    form.addEventListener(event, ({ target }) => target.closest("#anchor") || changed());
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = { anchor: anchor.value(), store: store() };
    const before = changes;
    place.setAttribute("aria-busy", "true");
    const answer = await task.run("Searching…", async (signal) => {
      if (!asked.anchor) throw new Error("No anchor yet: choose a file, record one, or take one of the store.");
      const found = await group.read();
      asked.uploads = found.uploads ?? new Map();
      asked.request = { anchor: asked.anchor.ref, ...found.where, ...readOptions(form) };
      return post("query", asked.request, signal);
    });
    place.removeAttribute("aria-busy");
    if (!answer) return outdate(place, FORMER);
    renew(place);
    showResult(place, answer.answer, answer.text, asked);
    if (before !== changes) outdate(place, FORMER);
    fill(said, spoken(answer.answer));
    focusOn(find("h2", place));
  });
  return { setAnchor: anchor.set };
}

function readOptions(form) {
  const number = (name) => (form.elements[name].value.trim() === "" ? null : Number(form.elements[name].value));
  const least = number("least");
  if (!(least === null || (least >= 0 && least <= 100))) throw new Error(`The least probability is from 0 to 100 %, not ${form.elements.least.value} %.`);
  return { top: number("top") ?? 20, explain: true, open: form.elements.open.checked, min_probability: least === null ? null : least / 100 };
}
