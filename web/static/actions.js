// What can be done with a sound from anywhere on the page; main.js carries it out.

import { el } from "./dom.js";

/** Make the buttons that take a sound to the Query and Verify tabs. */
export function soundActions(sound) {
  const action = (name, label) => el("button", { type: "button", onclick: () => tell(name, sound) }, label);
  return el("div", { class: "row" }, action("use-as-anchor", "Use as anchor"), action("use-in-verify", "Compare in Verify"));
}

function tell(name, sound) {
  document.dispatchEvent(new CustomEvent(name, { detail: sound }));
}
