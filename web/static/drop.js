// A place to drop files on, with a button to choose them.

import { el } from "./dom.js";

/** Make a drop zone; `onFiles(files)` gets what is dropped or chosen. */
export function dropZone({ button, hint, multiple = false, onFiles }, ...more) {
  const input = el("input", { type: "file", class: "hidden-input", multiple });
  const take = (files) => files.length && onFiles(multiple ? [...files] : [files[0]]);
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  const zone = el("div", { class: "drop" }, el("p", { class: "muted" }, hint), el("div", { class: "row" }, el("label", { class: "button" }, input, button), ...more));
  const over = (event, is) => {
    event.preventDefault();
    zone.classList.toggle("over", is);
  };
  zone.addEventListener("dragover", (event) => over(event, true));
  zone.addEventListener("dragleave", (event) => over(event, false));
  zone.addEventListener("drop", (event) => {
    over(event, false);
    take([...event.dataTransfer.files]);
  });
  return zone;
}
