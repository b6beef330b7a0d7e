// An answer that is not of what is asked now any more.

import { el } from "./dom.js";

/** Dim the answer in a place, if there is one, and say what it is an answer to. */
export function outdate(place, words) {
  if (place.classList.contains("outdated") || !place.querySelector(".verdict")) return;
  place.classList.add("outdated");
  place.prepend(el("p", { class: "warning", role: "status" }, words));
}

/** Have a place hold a new answer, which is up to date. */
export function renew(place) {
  place.classList.remove("outdated");
}
