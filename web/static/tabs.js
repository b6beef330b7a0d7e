// Tabs as WAI-ARIA describes them: arrow keys, Home and End; the address says which one is open.

const tabs = () => [...document.querySelectorAll('[role="tab"]')];
const nameOf = (tab) => tab.getAttribute("aria-controls");

let opened = () => {};

/** Wire the tabs; `onOpen(name)` is called whenever one is shown. */
export function initTabs(onOpen) {
  opened = onOpen;
  for (const tab of tabs()) {
    tab.addEventListener("click", () => openTab(nameOf(tab)));
    tab.addEventListener("keydown", moveByKey);
  }
  addEventListener("hashchange", show);
  show();
}

/** Show a tab by name. */
export function openTab(name) {
  // setting location.hash would scroll to the panel and take the focus off the tab
  if (location.hash !== `#${name}`) history.pushState(null, "", `#${name}`);
  show();
}

function show() {
  opened(select(location.hash.slice(1)));
}

function select(name) {
  const all = tabs();
  const chosen = all.find((tab) => nameOf(tab) === name) ?? all.find((tab) => tab.ariaSelected === "true") ?? all[0];
  for (const tab of all) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    document.getElementById(nameOf(tab)).hidden = tab !== chosen;
  }
  return nameOf(chosen);
}

function moveByKey(event) {
  const all = tabs();
  const at = all.indexOf(event.currentTarget);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const tab = all.at(to % all.length);
  tab.focus();
  openTab(nameOf(tab));
}
