// Take an answer along: its JSON, and the command that gives the same.

import { download, el } from "./dom.js";

/** Make the box below an answer. `raw` is the server's JSON, with ids that JavaScript would round. */
export function exportBox(match, raw, asked) {
  const command = commandLine(asked);
  return el("details", { class: "card" },
    el("summary", {}, "Export"),
    el("div", { class: "row" },
      copyButton("Copy JSON", raw),
      el("button", { type: "button", onclick: () => download("match.json", "application/json", raw) }, "Download JSON"),
      copyButton("Copy command", command)),
    el("p", { class: "muted small" }, "The same on the command line:"),
    el("pre", { tabindex: "0", "aria-label": "Command" }, command));
}

/** Write the command for a query; uploads are called as they were before they came here. */
export function commandLine({ anchor, request, store, uploads }) {
  const options = Object.entries({ language: request.language, noise: request.noise, where: request.where, top: request.top, "min-probability": request.min_probability })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `--${name} ${quoted(String(value))}`);
  if (request.open) options.push("--open");
  if (request.explain) options.push("--explain");
  if (store) options.push(`--store ${quoted(store)}`);
  if (request.group) options.unshift("--group -");
  // a name that looks like an option goes last, where none is looked for
  const named = anchor.label.startsWith("-") ? [...options, "--", quoted(anchor.label)] : [quoted(anchor.label), ...options];
  const command = ["spkret query", ...named].join(" ");
  if (!request.group) return command;
  const names = request.group.map((ref) => quoted(uploads.get(ref)?.label ?? ref));
  return `printf '%s\\n' ${names.join(" ")} | ${command}`;
}

/** Write a word for the shell, whatever is in it; names of files come from anyone. */
function quoted(word) {
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function copyButton(label, words) {
  const button = el("button", { type: "button" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(words);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed here: download it";
    }
    setTimeout(() => (button.textContent = label), 2000);
  });
  return button;
}
