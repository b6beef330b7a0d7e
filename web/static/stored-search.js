// Find a recording of the store by a part of its path or speaker.

import { debounce, el, fill } from "./dom.js";
import { get, sound } from "./api.js";
import { createTask } from "./task.js";
import { counted } from "./format.js";

const SHOWN = 8;
let made = 0;

/** Make a search box; `onChoose(sound)` gets the recording that is chosen. */
export function storedSearch(name, onChoose) {
  const id = `search-${(made += 1)}`;
  const task = createTask();
  const results = el("ul", { class: "found", onkeydown: moveByKey });
  const input = el("input", { id, type: "search", placeholder: "part of a path or speaker", autocomplete: "off", spellcheck: "false" });

  async function search() {
    const text = input.value.trim();
    if (!text) return clear();
    const page = await task.run("Searching…", (signal) => get("recordings", { query: { text, limit: SHOWN }, signal }));
    if (!page || text !== input.value.trim()) return undefined;
    task.say(page.total > SHOWN ? `${SHOWN} of ${counted(page.total, "recording")}` : counted(page.total, "recording"));
    const paths = page.recordings.map((row) => row.path);
    const isTwin = ({ path }) => paths.indexOf(path) !== paths.lastIndexOf(path);
    return fill(results, page.recordings.map((row) => option(row, choose, isTwin(row))));
  }

  function clear() {
    task.say("");
    fill(results);
  }

  function choose(row) {
    input.value = "";
    clear();
    onChoose({ ...sound(row.id, row.path), duration: row.duration_s });
  }

  input.addEventListener("input", debounce(search));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would send the form around it
    if (event.key === "ArrowDown" || event.key === "Enter") results.querySelector("button")?.focus();
    if (event.key === "ArrowDown") event.preventDefault();
  });
  return el("div", { class: "stored-search" }, el("label", { for: id }, name), input, task.element, results);
}

function option(row, choose, twin) {
  const words = [row.speaker, row.language, row.noise].filter(Boolean).join(" · ");
  const about = el("span", { class: "muted small" }, words);
  if (twin) get(`recordings/${row.id}`).then(({ root }) => about.append(` · ${root}`), () => {}); // the root tells it apart
  const button = el("button", { type: "button", class: "option", onclick: () => choose(row) }, el("span", {}, row.path), about);
  return el("li", {}, button);
}

function moveByKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const to = buttons.indexOf(document.activeElement) + step;
  if (to < 0) event.currentTarget.parentElement.querySelector("input").focus();
  else buttons[Math.min(to, buttons.length - 1)].focus();
}
