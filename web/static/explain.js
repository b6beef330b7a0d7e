// Why: the explanation in words, and the signed contributions behind it as bars.

import { el, fill } from "./dom.js";
import { get } from "./api.js";
import { decimal, signed } from "./format.js";

const SHOWN = 10;
let known = null; // what features mean, once asked for

/** Make the reasons for an answer that has `explanation`, `contributions` and `features`. */
export function reasons(answer) {
  if (!answer.contributions) return null;
  const parts = Object.entries(answer.contributions).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const most = Math.max(...parts.map(([, part]) => Math.abs(part)), 1e-9);
  const body = el("tbody", {}, parts.slice(0, SHOWN).map((part) => bar(part, answer.features, most)));
  const head = el("thead", {}, el("tr", {}, ["Feature", "Value", "Against", "For", "Adds"].map((name) => el("th", { scope: "col" }, name))));
  const table = el("table", { class: "bars" }, el("caption", { class: "muted small" }, "What moved the score, in log odds"), head, body);
  const more = parts.length > SHOWN && el("button", { type: "button", class: "quiet", onclick: showAll }, `Show all ${parts.length}`);

  function showAll(event) {
    fill(body, parts.map((part) => bar(part, answer.features, most)));
    event.target.remove();
  }
  return el("div", { class: "reasons" }, el("h3", {}, "Why"), el("p", {}, sentence(answer.explanation)), table, more, meanings(parts));
}

/** Make a box that says, once opened, what the features mean. */
function meanings(parts) {
  const list = el("dl", { class: "meanings" });
  const box = el("details", {}, el("summary", { class: "small" }, "What the features mean"), list);
  box.addEventListener("toggle", async () => {
    try {
      known ??= get("features");
      const about = new Map((await known).map((feature) => [feature.name, feature]));
      fill(list, parts.map(([name]) => meaning(name, about.get(name))));
    } catch (error) {
      known = null;
      fill(list, el("dt", { class: "error" }, error.message));
    }
  }, { once: true });
  return box;
}

function meaning(name, about) {
  const unit = about?.unit ? `, in ${about.unit === "sd" ? "standard deviations" : about.unit}` : "";
  return el("div", {}, el("dt", {}, spaced(name)), el("dd", {}, about ? `${about.meaning}${unit}; ${about.range}` : "a column of the manifest"));
}

function spaced(name) {
  return name.replaceAll("_", " ");
}

function bar([name, part], features, most) {
  const fillBar = el("span", { class: part < 0 ? "bar against" : "bar for" });
  fillBar.style.setProperty("--part", Math.abs(part) / most);
  const cells = [el("td", {}, part < 0 && fillBar), el("td", {}, part >= 0 && fillBar)];
  return el("tr", {}, el("th", { scope: "row" }, spaced(name)), el("td", { class: "number" }, decimal(features?.[name], 2)), cells, el("td", { class: "number" }, signed(part)));
}

function sentence(words) {
  return words ? `${words[0].toUpperCase()}${words.slice(1)}.` : "";
}
