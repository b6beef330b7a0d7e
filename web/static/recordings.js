// The Recordings tab: all of the store, filtered, a page at a time.

import { debounce, el, fill, find } from "./dom.js";
import { get, sound } from "./api.js";
import { decimal, counted, text } from "./format.js";
import { readFilters } from "./filters.js";
import { playButton } from "./player.js";
import { recordingCard } from "./recording-card.js";
import { createTask } from "./task.js";

const PAGE = 50;
const COLUMNS = [
  ["Speaker", (row) => text(row.speaker)],
  ["Language", (row) => text(row.language)],
  ["Noise", (row) => text(row.noise)],
  ["Gender", (row) => text(row.gender)],
  ["Length, s", (row) => decimal(row.duration_s, 1), "number"],
  ["SNR, dB", (row) => decimal(row.snr_db, 0), "number"],
  ["Pitch, Hz", (row) => decimal(row.f0_hz, 0), "number"],
];

/** Wire the tab; returns `open()`, which loads the first page once. */
export function initRecordings() {
  const form = find("#recordings-form");
  const task = createTask();
  const list = el("div", { class: "stack" });
  fill(find("#recordings-list"), task.element, list);
  let loaded = false;

  async function load(offset = 0) {
    loaded = true;
    const query = { ...readFilters(form), limit: PAGE, offset };
    const page = await task.run("Loading…", (signal) => get("recordings", { query, signal }));
    if (!page) return;
    fill(list, pager(page, offset, load), table(page.recordings), page.total > PAGE && pager(page, offset, load));
  }

  form.addEventListener("submit", (event) => (event.preventDefault(), load()));
  form.addEventListener("input", debounce(() => load()));
  return { open: () => loaded || load() };
}

function pager({ total, recordings }, offset, load) {
  const last = offset + recordings.length;
  const words = total ? `${(offset + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${counted(total, "recording")}` : "No recordings fit these filters.";
  const turn = (label, to, possible) => el("button", { type: "button", disabled: !possible, onclick: () => load(to) }, label);
  const turns = total > PAGE && el("div", { class: "row" }, turn("Previous", offset - PAGE, offset > 0), turn("Next", offset + PAGE, last < total));
  return el("div", { class: "row" }, el("span", { class: "muted", role: "status" }, words), turns);
}

function table(rows) {
  const head = ["Play", "Recording", ...COLUMNS.map(([name]) => name)];
  const heading = (name) => el("th", { scope: "col" }, name === "Play" ? el("span", { class: "hidden" }, name) : name);
  const body = el("tbody", {}, rows.flatMap((row) => tableRow(row, head.length)));
  return rows.length ? el("div", { class: "card flush" }, el("table", { class: "cards" }, el("caption", { class: "hidden" }, "Recordings"), el("thead", {}, el("tr", {}, head.map(heading))), body)) : null;
}

function tableRow(row, columns) {
  const inside = el("td", { colspan: columns });
  const details = el("tr", { class: "details", id: `recording-${row.id}`, hidden: true }, inside);
  const button = el("button", { type: "button", class: "link path", "aria-expanded": "false", "aria-controls": details.id }, row.path);
  const line = el("tr", {},
    el("td", { class: "at-play" }, row.audio === false ? el("span", { class: "muted small" }, "gone") : playButton(sound(row.id, row.path))),
    el("th", { scope: "row", class: "at-path" }, button),
    COLUMNS.map(([name, show, kind]) => el("td", { class: kind, "data-heading": name }, show(row))));
  button.addEventListener("click", () => {
    details.hidden = !details.hidden;
    button.setAttribute("aria-expanded", String(!details.hidden));
    line.classList.toggle("open", !details.hidden);
    if (!inside.firstChild) inside.append(recordingCard(row.id, row.path));
  });
  return [line, details];
}
