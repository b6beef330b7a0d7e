// The Map tab: all recordings on a plane; what is clicked is played and shown.

import { debounce, el, fill, find } from "./dom.js";
import { get, sound } from "./api.js";
import { counted } from "./format.js";
import { readFilters } from "./filters.js";
import { drawMap } from "./map-plot.js";
import { play, playButton } from "./player.js";
import { recordingCard } from "./recording-card.js";
import { createTask } from "./task.js";

const LIMIT = 3000;
const LISTED = 10;

/** Wire the tab; returns `open()`, which loads the map once. */
export function initMap() {
  const form = find("#map-form");
  const place = find("#plot");
  const task = createTask();
  const chosen = el("div", { class: "card", hidden: true });
  const search = el("input", { type: "search", autocomplete: "off", spellcheck: "false", placeholder: "part of a path or speaker" });
  const heading = el("h2", { class: "small" });
  const list = el("ul", { class: "found" });
  fill(find("#map-side"), chosen, el("div", { class: "card stack" }, el("label", {}, "Find on the map", search), heading, list));
  place.after(task.element);
  let points = null;
  let selected = -1;

  async function load() {
    const query = { method: form.elements.method.value, limit: LIMIT, ...readFilters(form, ["language", "noise", "where"]) };
    const map = await task.run("Laying out the map…", (signal) => get("map", { query, signal }));
    if (!map) return;
    const shown = map.points.id.length;
    find("#map-status").textContent = shown < map.total ? `${shown.toLocaleString("en")} of ${counted(map.total, "recording")}, whole speakers drawn at random` : counted(shown, "recording");
    const before = points?.id[selected];
    points = map.points;
    selected = before === undefined ? -1 : points.id.indexOf(before);
    await draw();
    showList();
  }

  async function draw() {
    if (points) await task.run("Drawing…", () => drawMap(place, points, form.elements.colour.value, selected, choose));
  }

  async function choose(at) {
    selected = at;
    play(sound(points.id[at], points.path[at]));
    chosen.hidden = false;
    fill(chosen, recordingCard(points.id[at], points.path[at]));
    search.value = "";
    showList();
    await draw();
  }

  function showList() {
    if (!points) return;
    const text = search.value.trim().toLowerCase();
    const near = !text && selected >= 0;
    heading.textContent = near ? "Nearest on the map" : text ? "Found" : "First recordings";
    const places = near ? nearest(points, selected) : matching(points, text);
    fill(list, places.slice(0, LISTED).map((i) => item(points, i, choose)));
  }

  const reload = debounce(load);
  form.addEventListener("submit", (event) => (event.preventDefault(), load()));
  form.addEventListener("input", (event) => (event.target.name === "colour" ? draw() : reload()));
  search.addEventListener("input", debounce(showList, 120));
  document.addEventListener("themechange", draw);
  return { open: () => (points ? draw() : load()) };
}

function nearest(points, from) {
  const distance = (i) => (points.x[i] - points.x[from]) ** 2 + (points.y[i] - points.y[from]) ** 2;
  return points.id.map((_, i) => i).filter((i) => i !== from).sort((i, j) => distance(i) - distance(j));
}

function matching(points, text) {
  const fits = (value) => value?.toLowerCase().includes(text);
  return points.id.map((_, i) => i).filter((i) => fits(points.path[i]) || fits(points.speaker[i]));
}

function item(points, i, choose) {
  const about = [points.speaker[i], points.language[i], points.noise[i]].filter(Boolean).join(" · ");
  const button = el("button", { type: "button", class: "option", onclick: () => choose(i) }, el("span", {}, points.path[i]), el("span", { class: "muted small" }, about));
  return el("li", { class: "row" }, playButton(sound(points.id[i], points.path[i])), button);
}
