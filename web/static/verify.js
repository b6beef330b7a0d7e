// The Verify tab: two sounds, and whether they are one speaker's.

import { el, fill, find, focusOn } from "./dom.js";
import { post } from "./api.js";
import { reasons } from "./explain.js";
import { decimal } from "./format.js";
import { bigProbability } from "./meter.js";
import { outdate, renew } from "./outdated.js";
import { isCurrent, play } from "./player.js";
import { createPicker } from "./picker.js";
import { createTask } from "./task.js";

const FORMER = "This is the answer to the former recordings: compare them again.";

const SCORES = { qmf: "log-odds score", asnorm: "normalised score", centred: "centred cosine" };

/** Wire the tab; returns `add(sound)`, which takes the first free place, else the second. */
export function initVerify() {
  const form = find("#verify-form");
  const place = find("#verify-result");
  const a = createPicker(find("#verify-a"), "First recording", changed);
  const b = createPicker(find("#verify-b"), "Second recording", changed);
  const task = createTask("Compare");
  form.append(task.element);

  function changed() {
    task.fail("");
    outdate(place, FORMER);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sounds = [a.value(), b.value()];
    const answer = await task.run("Comparing…", (signal) => {
      if (!sounds[0] || !sounds[1]) throw new Error("Two recordings are needed: choose the one that is missing.");
      return post("verify", { a: sounds[0].ref, b: sounds[1].ref, explain: true }, signal);
    });
    if (!answer) return outdate(place, FORMER);
    renew(place);
    showAnswer(place, answer.answer, sounds);
    if (sounds[0] !== a.value() || sounds[1] !== b.value()) outdate(place, FORMER);
    focusOn(find("h2", place));
  });
  return { add: (sound) => (a.value() === null ? a : b).set(sound) };
}

function showAnswer(place, answer, sounds) {
  const warnings = answer.warnings.map((warning) => el("p", { class: "warning" }, warning));
  fill(place, verdict(answer, sounds), warnings, el("div", { class: "card" }, reasons(answer)));
}

function verdict(answer, sounds) {
  const { decision, same_speaker: same } = answer;
  const words = same === null || same === undefined ? "No decision" : same ? "The same speaker" : "Two different speakers";
  const rule = decision && el("p", { class: "muted small" }, decidedBy(decision));
  const figures = [bigProbability("It is one speaker", answer.probability, "at equal odds beforehand"), figure("Cosine", answer.cosine), figure("AS-norm", answer.asnorm)];
  return el("div", { class: `card verdict ${same ? "named" : "abstained"}` }, el("h2", { tabindex: "-1" }, words), el("div", { class: "figures" }, figures), rule, switchButton(sounds));
}

function decidedBy({ system, score, threshold, source }) {
  const side = score >= threshold ? "reaches" : "is below";
  return `The ${SCORES[system] ?? system} of ${decimal(score)} ${side} the threshold of ${decimal(threshold)}${source ? `: ${source}` : ""}.`;
}

function figure(name, value) {
  return el("div", { class: "figure" }, el("span", { class: "muted small" }, name), el("strong", { class: "number" }, decimal(value)));
}

function switchButton([a, b]) {
  return el("div", {}, el("button", { type: "button", onclick: () => play(isCurrent(a) ? b : a) }, "Switch between the two"));
}
