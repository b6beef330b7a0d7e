// Start: theme, tabs, what the store holds, and the ways from one tab to another.

import { find } from "./dom.js";
import { get } from "./api.js";
import { showFacets } from "./filters.js";
import { counted } from "./format.js";
import { initMap } from "./map.js";
import { initQuery } from "./query.js";
import { initRecordings } from "./recordings.js";
import { initSql } from "./sql.js";
import { initTabs, openTab } from "./tabs.js";
import { initTheme } from "./theme.js";
import { initVerify } from "./verify.js";

let store = null;

forgetToken();
initTheme(find("#theme"));
const query = initQuery(() => store);
const verify = initVerify();
const opened = { recordings: initRecordings(), map: initMap() };
initSql();
initTabs((name) => opened[name]?.open());

document.addEventListener("use-as-anchor", ({ detail }) => goTo("query", () => query.setAnchor(detail)));
document.addEventListener("use-in-verify", ({ detail }) => goTo("verify", () => verify.add(detail)));
find(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address keeps naming the tab
  find("#main").focus();
});
showStore();

function goTo(tab, act) {
  act();
  openTab(tab);
  find(`#tab-${tab}`).focus();
  scrollTo({ top: 0 });
}

async function showStore() {
  try {
    const [health, facets] = await Promise.all([get("health"), get("facets")]);
    store = health.store;
    find("#store").textContent = `${counted(facets.recordings, "recording")}, ${counted(facets.speakers, "speaker")}, encoder ${health.encoder}`;
    find("#store").title = health.store;
    showFacets(facets);
  } catch (error) {
    find("#notice").textContent = error.message;
    find("#notice").hidden = false;
  }
}

function forgetToken() {
  const address = new URL(location.href);
  if (!address.searchParams.has("token")) return;
  address.searchParams.delete("token"); // the cookie has it; a copied address should not
  history.replaceState(null, "", address);
}
