// The picture of a sound, with a line that shows what is being played; a click plays from there.

import { el } from "./dom.js";
import { get } from "./api.js";
import { decimal } from "./format.js";
import { play, playButton } from "./player.js";

const DRAWN = 60; // seconds: the server draws no more
const TOP = "8 kHz";

/** Make a figure of a sound: title, play button, spectrogram with axes. `role` stands before the name. */
export function spectrogram(sound, role = "") {
  const image = el("img", { src: `${sound.picture}?axes=false`, alt: `Spectrogram of ${sound.label}`, decoding: "async" });
  const frame = el("div", { class: "spectrogram", "data-audio": sound.audio }, image, el("span", { class: "top-frequency" }, TOP));
  const length = el("span", { class: "number" });
  image.addEventListener("load", () => frame.classList.add("loaded"));
  image.addEventListener("error", () => frame.replaceChildren(el("p", { class: "muted small" }, "No picture: the audio file cannot be read.")));
  durationOf(sound).then((duration) => {
    if (!duration) return;
    const drawn = Math.min(duration, DRAWN);
    frame.dataset.drawn = drawn;
    length.textContent = `${decimal(drawn, 1)} s${drawn < duration ? ` of ${decimal(duration, 1)} s` : ""}`;
    image.addEventListener("click", (event) => play(sound, (event.offsetX / image.clientWidth) * drawn));
  });
  const name = el("span", { class: "name" }, role && el("span", { class: "muted small" }, role), el("span", {}, sound.label));
  const axis = el("div", { class: "time-axis muted small" }, el("span", { class: "number" }, "0 s"), length);
  return el("figure", { class: "sound" }, el("figcaption", {}, playButton(sound), name), frame, axis);
}

/** The length in seconds, asked for where it is not known; null where nobody knows. */
async function durationOf(sound) {
  if (sound.duration !== undefined) return sound.duration;
  try {
    return (await get(sound.about)).duration_s;
  } catch {
    return null;
  }
}
