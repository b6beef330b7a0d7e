// What automated accessibility checks ask of a page; returns what is wrong, in words.
() => {
  const wrong = [];
  const visible = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getClientRects().length > 0;
  const shown = (selector) => [...document.querySelectorAll(selector)].filter(visible);
  const say = (element, what) => wrong.push(`${what}: ${element.outerHTML.slice(0, 120)}`);

  function nameOf(element) {
    const labelled = element.getAttribute("aria-labelledby");
    const parts = [
      element.getAttribute("aria-label"),
      labelled && document.getElementById(labelled)?.textContent,
      ...[...(element.labels ?? [])].map((label) => label.textContent),
      element.matches("button, a, summary, [role=tab]") && element.textContent,
    ];
    return parts.filter(Boolean).join(" ").trim();
  }

  function parse(colour) {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha];
  }

  function luminance(rgb) {
    const [red, green, blue] = rgb.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function ground(element) {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  }

  function contrast(element) {
    const [light, dark] = [parse(getComputedStyle(element).color), ground(element)].map(luminance).sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }

  function checkText() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = new Set();
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || seen.has(element) || !visible(element)) continue;
      seen.add(element);
      if (element.closest("svg, :disabled, script, style")) continue;
      const { fontSize, fontWeight } = getComputedStyle(element);
      const large = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && fontWeight >= 700);
      if (contrast(element) < (large ? 3 : 4.5)) say(element, `contrast ${contrast(element).toFixed(2)}`);
    }
  }

  shown("button, a[href], input, select, textarea, summary, meter").forEach((element) => nameOf(element) || say(element, "no name"));
  shown("img").forEach((image) => image.alt || say(image, "no alternative text"));
  shown("[tabindex]").forEach((element) => element.tabIndex > 0 && say(element, "tabindex above 0"));
  shown("[aria-controls]").forEach((element) => document.getElementById(element.getAttribute("aria-controls")) || say(element, "controls nothing"));
  shown("th").forEach((heading) => heading.scope || say(heading, "no scope"));
  shown("button, .button, select, input[type=search]").forEach((element) => element.clientHeight < 22 && say(element, "too small to hit"));
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => wrong.push(`id twice: ${id}`));
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  if (!document.documentElement.lang) wrong.push("no language");
  checkText();
  return wrong;
}
