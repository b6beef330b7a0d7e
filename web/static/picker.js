// Choose one sound: drop or choose a file, record it, or find it in the store.

import { el, fill } from "./dom.js";
import { upload } from "./api.js";
import { decimal } from "./format.js";
import { dropZone } from "./drop.js";
import { startRecording } from "./recorder.js";
import { spectrogram } from "./spectrogram.js";
import { storedSearch } from "./stored-search.js";
import { createTask } from "./task.js";

/**
 * Fill `place` with a picker; `value()` is the chosen sound or null, `set(sound)` chooses one, and
 * `onChange()` is told of it.
 */
export function createPicker(place, name, onChange) {
  let chosen = null;
  let unsent = null; // what was recorded and did not arrive; nobody has it but this page
  const task = createTask();
  const body = el("div", { class: "stack" });
  const record = el("button", { type: "button", onclick: startMicrophone }, "Record");
  const zone = dropZone({ button: "Choose a file", hint: "Drop a recording here", onFiles: ([file]) => send(file) }, record);
  const search = storedSearch("or take one of the store", set);

  function set(sound) {
    chosen = sound;
    show();
    onChange();
  }

  function show() {
    if (chosen === null) return fill(body, unsent && keptRecording(), zone, search);
    const remove = el("button", { type: "button", onclick: () => (set(null), record.focus()) }, `Change ${name.toLowerCase()}`);
    return fill(body, spectrogram(chosen), el("div", { class: "row" }, remove));
  }

  async function send(file) {
    const sound = await task.run(`Sending ${file.name}…`, (signal) => upload(file, signal));
    if (sound) set(sound);
    else show();
    return Boolean(sound);
  }

  async function sendRecording(file) {
    unsent = file;
    if (await send(file)) unsent = null;
  }

  function keptRecording() {
    const again = el("button", { type: "button", class: "primary", onclick: () => sendRecording(unsent) }, "Send it again");
    const drop = el("button", { type: "button", onclick: () => ((unsent = null), show(), record.focus()) }, "Discard it");
    return el("div", { class: "stack", role: "group", "aria-label": "Recording that was not sent" }, el("p", {}, "The recording did not arrive; it is kept here."), el("div", { class: "row" }, again, drop));
  }

  async function startMicrophone() {
    task.fail("");
    try {
      const meter = el("meter", { min: 0, max: 1, value: 0, "aria-label": "Level of the microphone" });
      const time = el("span", { class: "number" }, "0.0 s");
      const recording = await startRecording((peak, seconds) => {
        meter.value = peak;
        time.textContent = `${decimal(seconds, 1)} s`;
      });
      showRecording(recording, meter, time);
    } catch (error) {
      task.fail(error.message);
    }
  }

  function showRecording(recording, meter, time) {
    const stop = el("button", { type: "button", class: "primary", onclick: () => sendRecording(recording.stop()) }, "Stop and use");
    const discard = el("button", { type: "button", onclick: () => (recording.discard(), show(), record.focus()) }, "Discard");
    fill(body, el("div", { class: "recording", role: "group", "aria-label": "Recording" }, el("p", { role: "status" }, el("span", { class: "dot" }), "Recording ", time), meter, el("div", { class: "row" }, stop, discard)));
    stop.focus();
  }

  fill(place, el("fieldset", { class: "card" }, el("legend", {}, name), body, task.element));
  show();
  return { value: () => chosen, set };
}
