// Where a query searches: the whole store with filters, files, or a pasted list.

import { debounce, el, fill, find } from "./dom.js";
import { upload } from "./api.js";
import { counted } from "./format.js";
import { dropZone } from "./drop.js";
import { readFilters } from "./filters.js";

const AT_ONCE = 3; // uploads

/**
 * Wire the choice. `read()` waits for files on their way and gives `where`, the group and filters of
 * a query, and `uploads`, the sounds of those by reference.
 */
export function initGroup(form) {
  const files = createFiles(find('[data-kind="files"]', form));
  const list = form.elements.list;
  const readList = () => [...new Set(list.value.split("\n").map(unquoted).filter(Boolean))];
  const kind = () => form.elements.kind.value;

  form.addEventListener("change", () => showKind(form, kind()));
  list.addEventListener("input", debounce(() => (find("#list-count").textContent = counted(readList().length, "recording"))));
  showKind(form, kind());

  async function read() {
    if (kind() === "store") return { where: { group: null, ...readFilters(form, ["language", "noise", "where"]) } };
    if (kind() === "list") return { where: { group: present(readList(), "The list is empty: paste a path or id a line.") } };
    const sounds = present(await files.sounds(), "No files yet: choose the recordings to search in.");
    return { where: { group: sounds.map((sound) => sound.ref) }, uploads: new Map(sounds.map((sound) => [sound.ref, sound])) };
  }
  return { read };
}

/** Read a line of a list, less the quotes that shells and tables put around names. */
function unquoted(line) {
  return line.trim().replace(/^(["'])(.*)\1$/, "$2");
}

function present(references, complaint) {
  if (!references.length) throw new Error(complaint);
  return references;
}

function showKind(form, kind) {
  for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
}

function createFiles(place) {
  const entries = [];
  const rows = el("ul", { class: "files" });
  const count = el("p", { class: "muted small", role: "status" });
  const waiting = [];
  let running = 0;

  function add(files) {
    for (const file of files) {
      const entry = { file, sound: null, state: el("span", { class: "muted small" }, "waiting") };
      entry.done = new Promise((resolve) => (entry.settle = resolve));
      entries.push(entry);
      waiting.push(entry);
      rows.append(fileRow(entry));
    }
    showCount();
    tellChange();
    while (running < AT_ONCE && waiting.length) sendNext();
  }

  async function sendNext() {
    running += 1;
    for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
      entry.state.textContent = "sending";
      await send(entry);
      entry.settle();
      showCount();
    }
    running -= 1;
  }

  function fileRow(entry) {
    const remove = el("button", { type: "button", class: "quiet", "aria-label": `Remove ${entry.file.name}` }, "Remove");
    const row = el("li", {}, el("span", { class: "name" }, entry.file.name), entry.state, remove);
    remove.addEventListener("click", () => {
      entries.splice(entries.indexOf(entry), 1);
      row.remove();
      showCount();
      tellChange();
    });
    return row;
  }

  function tellChange() {
    place.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function showCount() {
    const ready = entries.filter((entry) => entry.sound).length;
    count.textContent = entries.length ? `${ready} of ${counted(entries.length, "file")} ready` : "";
  }

  async function sounds() {
    await Promise.all(entries.map((entry) => entry.done));
    return entries.map((entry) => entry.sound).filter(Boolean);
  }

  fill(place, dropZone({ button: "Choose files", hint: "Drop recordings here", multiple: true, onFiles: add }), count, rows);
  return { sounds };
}

async function send(entry) {
  try {
    entry.sound = await upload(entry.file);
    entry.state.textContent = `${entry.sound.duration.toFixed(1)} s`;
  } catch (error) {
    entry.state.textContent = error.message;
    entry.state.className = "error small";
  }
}
