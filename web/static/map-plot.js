// The scatter plot of the map. Plotly is fetched from our own server when it is first needed.

import { el } from "./dom.js";

const PALETTE = ["#3b6fd4", "#e07b1a", "#3f9a55", "#d1495b", "#9063cd", "#1f9e9e", "#c9a227", "#d76fae", "#8c6d5a", "#6f8f2f", "#5aa9e6", "#a94438"];
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star"];
const NONE = "unknown";

let loading = null;

function loadPlotly() {
  loading ??= new Promise((resolve, reject) => {
    const fail = () => {
      loading = null;
      reject(new Error("The map needs plotly on the server: pip install 'spkret[web]', then reload the page."));
    };
    document.head.append(el("script", { src: "static/plotly.min.js", onload: () => resolve(globalThis.Plotly), onerror: fail }));
  });
  return loading;
}

/**
 * Draw points (columns x, y, path and tags) in the colours of one of the tags.
 *
 * `selected` is the place of a point, or -1; `onSelect(place)` is called for a click on one.
 */
export async function drawMap(place, points, colour, selected, onSelect) {
  const plotly = await loadPlotly();
  const traces = [...tracesOf(points, colour), ring(points, selected)];
  await plotly.react(place, traces, layoutOf(traces), { displaylogo: false, showSendToCloud: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] });
  place.removeAllListeners("plotly_click");
  place.on("plotly_click", ({ points: [hit] }) => onSelect(hit.customdata));
}

function tracesOf(points, colour) {
  const values = points[colour].map((value) => value ?? NONE);
  const names = [...new Set(values)].sort();
  if (names.length <= PALETTE.length) return names.map((name, i) => traceOf(points, placesOf(values, name), name, PALETTE[i], SYMBOLS[i % SYMBOLS.length]));
  const number = new Map(names.map((name, i) => [name, i]));
  const colours = values.map((value) => PALETTE[number.get(value) % PALETTE.length]);
  const symbols = values.map((value) => SYMBOLS[Math.floor(number.get(value) / PALETTE.length) % SYMBOLS.length]);
  return [{ ...traceOf(points, values.map((_, i) => i), `${names.length} values`, colours, symbols), showlegend: false }];
}

function placesOf(values, name) {
  return values.flatMap((value, i) => (value === name ? [i] : []));
}

function traceOf(points, places, name, color, symbol) {
  return {
    type: "scatter", mode: "markers", name: escaped(name), customdata: places,
    x: places.map((i) => points.x[i]), y: places.map((i) => points.y[i]),
    text: places.map((i) => escaped(hoverText(points, i))), hovertemplate: "%{text}<extra></extra>",
    marker: { color, symbol, size: 8, opacity: 0.85 },
  };
}

function hoverText(points, i) {
  return [points.path[i], points.speaker[i], points.language[i], points.noise[i]].filter(Boolean).join(" · ");
}

// plotly reads a little markup in texts
function escaped(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function ring(points, selected) {
  const at = selected < 0 ? [] : [selected];
  return { type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false, x: at.map((i) => points.x[i]), y: at.map((i) => points.y[i]), customdata: at, marker: { symbol: "circle-open", size: 18, color: style("--text"), line: { width: 2.5 } } };
}

function layoutOf(traces) {
  const axis = { showticklabels: false, zeroline: false, showgrid: false, title: "" };
  return {
    autosize: true, hovermode: "closest", dragmode: matchMedia("(pointer: coarse)").matches ? false : "pan",
    margin: { l: 12, r: 12, t: 12, b: 12 }, xaxis: axis, yaxis: { ...axis },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style("--font"), color: style("--text"), size: 13 },
    showlegend: traces.length > 2, legend: { orientation: "h", y: -0.02, yanchor: "top" },
    hoverlabel: { bgcolor: style("--surface"), bordercolor: style("--control"), font: { color: style("--text") } },
  };
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
