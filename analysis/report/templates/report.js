"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // plotly's own "Share chart" button would upload the chart to another host
  const config = {
    responsive: true,
    displaylogo: false,
    scrollZoom: false,
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d"],
  };
  const charts = [...document.querySelectorAll(".chart")];

  function theme(isDark) {
    const [text, grid] = isDark ? ["#e7eaee", "#3a414a"] : ["#1b1f24", "#dfe3e8"];
    const axis = { gridcolor: grid, linecolor: grid, zerolinecolor: grid, tickcolor: grid };
    return {
      layout: {
        font: { color: text, family: "system-ui, sans-serif", size: 13 },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        xaxis: axis,
        yaxis: axis,
        modebar: { bgcolor: "rgba(0,0,0,0)", color: "#8c8c8c", activecolor: text },
        hoverlabel: { bgcolor: isDark ? "#2a3038" : "#ffffff", font: { color: text }, bordercolor: grid, align: "left" },
      },
    };
  }

  function hasWebGL() {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  }

  function narrow(data, layout) {
    layout.template.layout.font.size = 10;
    layout.margin = { ...layout.margin, l: 40, r: 8 };
    for (const trace of data) if (trace.type === "heatmap") trace.showscale = false;
  }

  function draw(element) {
    if (element.dataset.drawn) return;
    element.dataset.drawn = "yes";
    const source = document.querySelector(`script[data-figure="${element.id}"]`);
    const { data, layout } = JSON.parse(source.textContent);
    layout.template = theme(dark.matches && !matchMedia("print").matches);
    if (element.clientWidth < 520) narrow(data, layout);
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
    if (data.some((trace) => trace.type === "scattergl") && !hasWebGL()) {
      for (const trace of data) trace.type = "scatter";
    }
    Plotly.newPlot(element, data, layout, config);
    const select = document.querySelector(`select[data-colours="${element.id}"]`);
    if (select) {
      const recolour = () => colour(element, select, layout.meta.colourings[select.value]);
      select.addEventListener("change", recolour);
      recolour();
    }
  }

  function colour(element, select, { codes, palette, legend }) {
    Plotly.restyle(element, { "marker.color": [codes.map((code) => palette[code])] }, [0]);
    const place = select.parentElement.querySelector(".legend");
    place.replaceChildren(
      ...legend.map(([name, shade]) => {
        const entry = document.createElement("span");
        const swatch = document.createElement("i");
        swatch.style.background = shade;
        entry.append(swatch, name);
        return entry;
      }),
    );
  }

  function dress(isDark) {
    for (const element of charts) {
      if (element.dataset.drawn) Plotly.relayout(element, { template: theme(isDark) });
    }
  }

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) {
          watcher.unobserve(entry.target);
          draw(entry.target);
        }
      }
    },
    { rootMargin: "300px" },
  );
  for (const element of charts) watcher.observe(element);
  dark.addEventListener("change", () => dress(dark.matches));
  addEventListener("beforeprint", () => {
    charts.forEach(draw);
    dress(false);
  });
  addEventListener("afterprint", () => dress(dark.matches));

  const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
  const reader = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  for (const section of document.querySelectorAll("main > section")) reader.observe(section);
})();
