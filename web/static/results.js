// The answer to a query: the verdict, and the ranked candidates to listen to and look at.

import { el, fill } from "./dom.js";
import { sound } from "./api.js";
import { soundActions } from "./actions.js";
import { reasons } from "./explain.js";
import { exportBox } from "./export.js";
import { counted, decimal, percent, text } from "./format.js";
import { bigProbability, probabilityBar } from "./meter.js";
import { isCurrent, play, playButton } from "./player.js";
import { spectrogram } from "./spectrogram.js";

const HEADINGS = ["", "Rank", "Recording", "Speaker", "Language", "Noise", "Cosine", "Probability"];
const EVEN = 0.5;
const SHARES = 3; // speakers

/** Show the answer to a query. `asked` has the anchor's sound, the request, and the store's name. */
export function showResult(place, match, raw, asked) {
  const warnings = match.warnings.map((warning) => el("p", { class: "warning" }, warning));
  fill(place, verdict(match), warnings, candidateTable(match, asked), keyHelp(), exportBox(match, raw, asked));
}

function verdict(match) {
  const best = match.candidates[0];
  const sure = certainty(match);
  const path = el("span", { class: "path" }, best.path);
  const speaker = best.speaker ? el("span", { class: "muted" }, ` speaker ${best.speaker}`) : null;
  const headings = {
    certain: ["The match is ", path, speaker],
    uncertain: ["Best candidate: ", path, ", not certain", speaker],
    improbable: ["Best candidate, but probably none of them is the match: ", path, speaker],
    abstained: ["No match is named"],
  };
  const figures = [
    bigProbability(match.match === null ? `It is ${best.path}` : "It is this one", match.probability, match.speakers ? "if one of them is the match; recordings of one speaker share it" : "if one of them is the match"),
    bigProbability("It is none of them", match.none_probability, "if the speaker may be missing"),
  ];
  return el("div", { class: `card verdict ${sure === "certain" ? "named" : "abstained"}` }, el("h2", { tabindex: "-1" }, headings[sure]), el("div", { class: "figures" }, figures), shares(match.speakers ?? []));
}

/** List what the candidates of the likeliest speakers have together. */
function shares(speakers) {
  if (!speakers.length) return null;
  const line = ({ speaker, probability, ranks }) => el("li", {}, `Speaker ${speaker}: ${percent(probability)} over ${counted(ranks.length, "recording")}`);
  return el("ul", { class: "shares", "aria-label": "By speaker" }, speakers.slice(0, SHARES).map(line));
}

/** How surely the best candidate is the match: certain, uncertain, improbable, or abstained. */
function certainty({ match, probability, none_probability: none, speakers }) {
  if (match === null) return "abstained";
  if (none > EVEN) return "improbable";
  const own = (speakers ?? []).find(({ ranks }) => ranks.includes(1));
  return Math.max(probability, own?.probability ?? 0) < EVEN ? "uncertain" : "certain";
}

function candidateTable(match, { anchor, uploads }) {
  const head = el("thead", {}, el("tr", {}, HEADINGS.map((name) => el("th", { scope: "col" }, name || el("span", { class: "hidden" }, "Play")))));
  const body = el("tbody");
  const table = el("table", { class: "candidates cards" }, el("caption", { class: "hidden" }, "Ranked candidates"), head, body);
  const rows = match.candidates.map((candidate) => candidateRow(candidate, anchor, match.match_ref, uploads));
  fill(body, rows.flatMap(({ row, details }) => [row, details]));
  const open = (chosen) => rows.forEach((entry) => entry.show(entry === chosen && !entry.isOpen()));
  rows.forEach((entry) => entry.button.addEventListener("click", () => open(entry)));
  body.addEventListener("keydown", (event) => handleKey(event, rows, anchor, open));
  open(rows[0]);
  return el("div", { class: "card flush" }, table);
}

function candidateRow(candidate, anchor, matched, uploads) {
  const heard = uploads.get(candidate.ref) ?? sound(candidate.ref, candidate.path);
  const id = `why-${candidate.rank}`;
  const button = el("button", { type: "button", class: "link path", "aria-expanded": "false", "aria-controls": id }, candidate.path);
  const cell = (heading, ...content) => el("td", { "data-heading": heading }, ...content);
  const row = el("tr", { class: candidate.ref === matched ? "matched" : "" },
    el("td", { class: "at-play" }, playButton(heard)),
    el("td", { class: "number at-rank" }, `${candidate.rank}`),
    el("th", { scope: "row", class: "at-path" }, button),
    cell("Speaker", text(candidate.speaker)), cell("Language", text(candidate.language)), cell("Noise", text(candidate.noise)),
    el("td", { class: "number", "data-heading": "Cosine" }, decimal(candidate.cosine, 3)),
    cell("Probability", probabilityBar(candidate.probability)));
  const inside = el("td", { colspan: HEADINGS.length });
  const details = el("tr", { class: "details", id, hidden: true }, inside);
  const isOpen = () => !details.hidden;
  function show(is) {
    details.hidden = !is;
    button.setAttribute("aria-expanded", String(is));
    row.classList.toggle("open", is);
    if (is && !inside.firstChild) fill(inside, comparison(anchor, heard), reasons(candidate), soundActions(heard));
  }
  return { row, details, button, heard, isOpen, show };
}

/** Make two spectrograms of one size side by side. */
function comparison(anchor, candidate) {
  return el("div", { class: "comparison" }, spectrogram(anchor, "Anchor"), spectrogram(candidate, "Candidate"));
}

function handleKey(event, rows, anchor, open) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const at = rows.findIndex(({ row, details }) => row.contains(event.target) || details.contains(event.target));
  const heard = rows[at]?.heard;
  const go = (to) => rows[Math.max(0, Math.min(rows.length - 1, to))].button.focus();
  const keys = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    p: () => play(heard),
    a: () => play(isCurrent(anchor) ? heard : anchor),
    w: () => open(rows[at]),
  };
  const act = at >= 0 && keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function keyHelp() {
  const key = (name, does) => [el("kbd", {}, name), ` ${does} `];
  return el("p", { class: "muted small keys" }, "In the list: ", key("↑ ↓", "move,"), key("Enter", "shows spectrograms and reasons,"), key("P", "plays,"), key("A", "switches between anchor and candidate."));
}

/** Say an answer in one line, for those who do not see it. */
export function spoken(match) {
  const none = `None of them: ${percent(match.none_probability)}.`;
  const best = `${match.candidates[0].path}, probability ${percent(match.probability)}.`;
  return {
    certain: `The match is ${best}`,
    uncertain: `Best candidate, not certain: ${best}`,
    improbable: `Best candidate, but probably none of them is the match: ${best} ${none}`,
    abstained: `No match is named. ${none}`,
  }[certainty(match)];
}
