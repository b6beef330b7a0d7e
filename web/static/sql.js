// The SQL tab: a statement, and its rows.

import { download, el, fill, find } from "./dom.js";
import { post } from "./api.js";
import { counted, text } from "./format.js";
import { createTask } from "./task.js";

const ROWS_AT_ONCE = 300;
const TABLES = ["recordings", "scores", "trials", "failures"];
const NUMERIC = /INT|DOUBLE|FLOAT|DECIMAL/;

const EXAMPLES = {
  "What is in the store":
    "select language, noise, count(*) as files, count(distinct speaker) as speakers,\n       round(sum(duration_s) / 60, 1) as minutes\nfrom recordings\ngroup by all\norder by all",
  "Speakers with the most recordings":
    "select speaker, count(*) as files, round(sum(speech_s), 1) as seconds_of_speech\nfrom recordings\nwhere speaker is not null\ngroup by speaker\norder by files desc, speaker\nlimit 20",
  "Noisiest recordings":
    "select path, speaker, language, round(snr_db, 1) as snr_db\nfrom recordings\norder by snr_db\nlimit 20",
  "Same audio twice":
    "select content_hash, count(*) as copies, string_agg(path, ', ') as paths\nfrom recordings\ngroup by content_hash\nhaving count(*) > 1",
  "What could not be indexed": "select path, reason, detail\nfrom failures\norder by path",
};

/** Wire the tab. */
export function initSql() {
  const form = find("#sql-form");
  const editor = form.elements.statement;
  const place = find("#sql-result");
  const task = createTask("Run");
  form.append(task.element);
  editor.value = Object.values(EXAMPLES)[0];
  fill(find("#sql-examples"), Object.keys(EXAMPLES).map((name) => example(name, editor)));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill(place); // rows of a former statement are not to be taken for this one's
    const result = await task.run("Running…", (signal) => {
      if (!editor.value.trim()) throw new Error("No statement yet: write one, or take an example.");
      return post("sql", { statement: editor.value }, signal);
    });
    if (result) showRows(place, result.answer);
  });
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  find("#sql-schema").addEventListener("toggle", ({ target }) => showSchema(find("div", target)), { once: true });
}

function example(name, editor) {
  const put = () => {
    editor.value = EXAMPLES[name];
    editor.focus();
  };
  return el("button", { type: "button", class: "chip", onclick: put }, name);
}

function showRows(place, { columns, rows, truncated }) {
  const cut = truncated ? ", cut off here: add a limit or a filter to see others" : "";
  const save = el("button", { type: "button", onclick: () => download("result.csv", "text/csv", csv(columns, rows)) }, "Download CSV");
  const top = el("div", { class: "row" }, el("span", { role: "status" }, `${counted(rows.length, "row")}${cut}`), save);
  fill(place, top, rows.length ? table(columns, rows) : null);
}

function table(columns, rows) {
  const numeric = columns.map(({ type }) => NUMERIC.test(type));
  const heads = columns.map(({ name, type }, i) => el("th", { scope: "col", title: type, class: numeric[i] && "number" }, name));
  const body = el("tbody");
  const more = el("button", { type: "button", onclick: add }, "Show more rows");

  function add() {
    const from = body.childElementCount;
    body.append(...rows.slice(from, from + ROWS_AT_ONCE).map((row) => el("tr", {}, row.map((value, i) => el("td", { class: numeric[i] && "number" }, cell(value))))));
    more.hidden = body.childElementCount >= rows.length;
  }
  add();
  const scroll = el("div", { class: "card flush scroll", tabindex: "0", role: "region", "aria-label": "Rows" }, el("table", {}, el("thead", {}, el("tr", {}, heads)), body));
  return [scroll, more];
}

function cell(value) {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : text(value);
}

function csv(columns, rows) {
  const field = (value) => {
    const written = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
    return /[",\r\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
  };
  return [columns.map(({ name }) => name), ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

async function showSchema(place) {
  fill(place, el("p", { class: "muted" }, "Loading…"));
  try {
    const described = await Promise.all(TABLES.map((name) => post("sql", { statement: `describe ${name}` })));
    fill(place, el("div", { class: "schema" }, described.map(({ answer }, i) => schemaOf(TABLES[i], answer.rows))));
  } catch (error) {
    fill(place, el("p", { class: "error", role: "alert" }, error.message));
  }
}

function schemaOf(name, rows) {
  const columns = rows.map(([column, type]) => el("li", {}, el("code", {}, column), " ", el("span", { class: "muted small" }, type.toLowerCase())));
  return el("div", {}, el("h2", { class: "small" }, name), el("ul", {}, columns));
}
