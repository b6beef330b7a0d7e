// One request at a time in one place of the page: progress while it runs, Cancel, and errors in words.

import { el } from "./dom.js";

const SLOW = 400; // milliseconds before progress is shown

/**
 * A line with a button (optional), Cancel, progress and the error of what runs there.
 *
 * `element` goes into the page; `run(words, work)` aborts what ran before, calls `work(signal)` and
 * returns its result, or undefined if it failed or was cancelled.
 */
export function createTask(buttonText) {
  const button = buttonText ? el("button", { class: "primary", type: "submit" }, buttonText) : null;
  const cancel = el("button", { type: "button", hidden: true, onclick: () => stop() }, "Cancel");
  const status = el("span", { class: "muted", role: "status" });
  const error = el("p", { class: "error", role: "alert", hidden: true });
  const element = el("div", { class: "task" }, button, cancel, status, error);
  let controller = null;

  function stop() {
    controller?.abort();
    status.textContent = "Cancelled.";
    if (document.activeElement === cancel) button?.focus();
    cancel.hidden = true;
  }

  async function run(words, work) {
    controller?.abort();
    const mine = (controller = new AbortController());
    fail("");
    status.textContent = "";
    const end = progress(words);
    try {
      return await work(mine.signal);
    } catch (problem) {
      if (mine === controller && problem.name !== "AbortError") fail(problem.message);
      return undefined;
    } finally {
      end(mine === controller && !mine.signal.aborted);
    }
  }

  function progress(words) {
    const began = performance.now();
    const show = () => {
      const seconds = Math.round((performance.now() - began) / 1000);
      status.textContent = seconds ? `${words} ${seconds} s` : words;
      cancel.hidden = false;
    };
    const slow = setTimeout(show, SLOW);
    const ticking = setInterval(show, 1000);
    return (current) => {
      clearTimeout(slow);
      clearInterval(ticking);
      if (!current) return;
      status.textContent = "";
      if (document.activeElement === cancel) button?.focus();
      cancel.hidden = true;
    };
  }

  function fail(message) {
    error.textContent = message;
    error.hidden = message === "";
  }

  return { element, run, fail, say: (words) => (status.textContent = words) };
}
