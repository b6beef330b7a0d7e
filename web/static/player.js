// The one audio element: what plays, who shows it, and where it is.

import { el, fill, find, icon } from "./dom.js";
import { reason } from "./api.js";
import { clock } from "./format.js";

const audio = find("#player");
const dock = find("#dock");
const seek = find("#dock-seek");
const label = find("#dock-label");
const toggleButton = find("#dock-toggle");

let current = null; // the sound in the player
let nextFrame = 0;

/** Make a button that plays and pauses a sound. */
export function playButton(sound) {
  const button = el("button", { type: "button", class: "round play", "data-audio": sound.audio, onclick: () => toggle(sound) });
  button.dataset.label = sound.label;
  dress(button, isPlaying(sound));
  return button;
}

/** Play a sound from its beginning, or pause the one that plays. */
export function toggle(sound) {
  if (current?.audio !== sound.audio) return play(sound);
  return audio.paused ? start() : audio.pause();
}

/** Play a sound from its beginning, or from so many seconds on. */
export function play(sound, from = 0) {
  if (current?.audio !== sound.audio) load(sound);
  if (audio.readyState) audio.currentTime = from;
  else if (from) audio.addEventListener("loadedmetadata", () => (audio.currentTime = from), { once: true });
  start();
}

/** Tell whether this sound is the one in the player. */
export function isCurrent(sound) {
  return current?.audio === sound.audio;
}

function isPlaying(sound) {
  return isCurrent(sound) && !audio.paused;
}

function load(sound) {
  current = sound;
  audio.src = sound.audio;
  fill(label, sound.label);
  label.classList.remove("failed");
  dock.hidden = false;
}

function start() {
  audio.play().catch(() => {}); // the error event tells why
}

function close() {
  audio.pause();
  audio.removeAttribute("src");
  current = null;
  dock.hidden = true;
  show();
}

async function fail() {
  if (current === null) return;
  const failed = current;
  const why = (await reason(failed.audio)) ?? "this browser cannot play it.";
  if (current !== failed) return;
  label.classList.add("failed");
  fill(label, el("span", { role: "alert" }, `${failed.label} does not play: ${why}`));
}

function dress(button, playing) {
  fill(button, icon(playing ? "pause" : "play"));
  button.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${button.dataset.label}`);
}

function show() {
  for (const button of document.querySelectorAll(".play")) {
    dress(button, button.dataset.audio === current?.audio && !audio.paused);
  }
  fill(toggleButton, icon(audio.paused ? "play" : "pause"));
  toggleButton.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
  showPosition();
}

function showPosition() {
  const part = audio.duration ? audio.currentTime / audio.duration : 0;
  seek.value = part;
  seek.setAttribute("aria-valuetext", `${clock(audio.currentTime)} of ${clock(audio.duration)}`);
  find("#dock-time").textContent = `${clock(audio.currentTime)} / ${clock(audio.duration)}`;
  for (const picture of document.querySelectorAll(".spectrogram")) {
    const here = picture.dataset.audio === current?.audio && Boolean(picture.dataset.drawn);
    picture.classList.toggle("current", here);
    if (here) picture.style.setProperty("--at", audio.currentTime / picture.dataset.drawn);
  }
  cancelAnimationFrame(nextFrame);
  if (!audio.paused) nextFrame = requestAnimationFrame(showPosition);
}

for (const event of ["play", "pause", "ended", "loadedmetadata", "seeked"]) audio.addEventListener(event, show);
audio.addEventListener("error", fail);
seek.addEventListener("input", () => (audio.currentTime = seek.value * (audio.duration || 0)));
toggleButton.addEventListener("click", () => current && toggle(current));
find("#dock-close").addEventListener("click", close);
