// One recording in full: its picture, what is known of it, and what can be done with it.

import { el, fill } from "./dom.js";
import { get, sound } from "./api.js";
import { soundActions } from "./actions.js";
import { decimal, text } from "./format.js";
import { spectrogram } from "./spectrogram.js";

const unit = (name, digits = 1) => (value) => (typeof value === "number" ? `${decimal(value, digits)} ${name}` : text(null));

const FACTS = [
  ["speaker", "Speaker", text],
  ["language", "Language", text],
  ["noise", "Noise", text],
  ["gender", "Gender", text],
  ["age", "Age", text],
  ["duration_s", "Length", unit("s")],
  ["speech_s", "Speech", unit("s")],
  ["snr_db", "Signal to noise", unit("dB")],
  ["bandwidth_hz", "Bandwidth", unit("Hz", 0)],
  ["f0_hz", "Pitch", unit("Hz", 0)],
  ["sample_rate_hz", "Sample rate", unit("Hz", 0)],
  ["root", "Folder", text],
];

/** Make the card of a recording by id; what is not in the listing is fetched. */
export function recordingCard(id, path) {
  const heard = sound(id, path);
  const facts = el("dl", { class: "facts" });
  get(`recordings/${id}`)
    .then((row) => fill(facts, FACTS.map((fact) => shown(fact, row)), extras(row)))
    .catch((error) => facts.replaceWith(el("p", { class: "error" }, error.message)));
  return el("div", { class: "stack" }, spectrogram(heard), facts, soundActions(heard));
}

function shown([name, label, format], row) {
  return pair(label, format(row[name]), name === "root");
}

function extras(row) {
  const extra = typeof row.extra === "string" ? JSON.parse(row.extra || "{}") : (row.extra ?? {});
  return Object.entries(extra).map(([name, value]) => pair(name, text(value)));
}

function pair(label, value, wide = false) {
  return el("div", { class: wide && "wide" }, el("dt", {}, label), el("dd", {}, value));
}
