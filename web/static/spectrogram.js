// The picture of a sound, with a line that shows what is being played; a click plays from there.

import { el } from "./dom.js";
import { play, playButton } from "./player.js";

/** Make a figure of a sound: title, play button, spectrogram. `note` stands before the name. */
export function spectrogram(sound, note = "") {
  const image = el("img", { src: sound.picture, alt: `Spectrogram of ${sound.label}`, decoding: "async" });
  const frame = el("div", { class: "spectrogram", "data-audio": sound.audio }, image);
  image.addEventListener("load", () => frame.classList.add("loaded"));
  image.addEventListener("error", () => frame.replaceChildren(el("p", { class: "muted small" }, "No picture: the audio file cannot be read.")));
  image.addEventListener("click", (event) => play(sound, event.offsetX / image.clientWidth));
  const caption = el("figcaption", {}, playButton(sound), el("span", { class: "name" }, note && el("span", { class: "muted small" }, note), el("span", {}, sound.label)));
  return el("figure", { class: "sound" }, caption, frame);
}
