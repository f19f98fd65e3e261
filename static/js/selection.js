// The trials page: what it shows stands in its address, and changes without loading the page anew.
//
// #selection holds the state (data-query, data-search, data-revision) and is replaced with every
// change, together with the filters and the table. Others on the page
// - hear `tuneroom:selection` on the document after each change (detail.news: trials have changed,
//   not the selection);
// - send `tuneroom:filter` (detail {set: {"hp:units__between": ["8", "64"]}, remove: [...]}) to change it.

const PIECES = ["search-head", "selection", "trial-filters", "trial-exports", "trial-table"];
const FOLLOW_MS = 1500;

const state = () => document.getElementById("selection").dataset;
const path = location.pathname;
let asking = null;

// Replaces the pieces of the page that have changed. What has the focus keeps it.
function put(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const focused = document.activeElement?.id;
  for (const id of PIECES) {
    const now = document.getElementById(id);
    const next = page.getElementById(id);
    if (!now || !next || now.isEqualNode(next)) continue;
    const scroll = now.querySelector(".table-scroll");
    const [left, top] = scroll ? [scroll.scrollLeft, scroll.scrollTop] : [0, 0];
    now.replaceWith(document.adoptNode(next));
    const moved = next.querySelector(".table-scroll");
    if (moved) { moved.scrollLeft = left; moved.scrollTop = top; }
    window.htmx?.process(next);
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// One question at a time: a new one takes the place of what is still being answered.
async function ask(query) {
  asking?.abort();
  const mine = asking = new AbortController();
  try {
    const response = await fetch(`${path}?${query}`, { headers: { "HX-Request": "true" }, signal: mine.signal });
    document.dispatchEvent(new CustomEvent("tuneroom:reached", { detail: true }));
    if (response.status === 204) return false;
    // Signed out or deleted meanwhile: loading the page says what is.
    if (!response.ok || response.redirected) { location.reload(); return false; }
    put(await response.text());
    return true;
  } catch (error) {
    if (error.name !== "AbortError") document.dispatchEvent(new CustomEvent("tuneroom:reached", { detail: false }));
    return false;
  } finally {
    if (asking === mine) asking = null;
  }
}

function tell(detail = {}) {
  document.dispatchEvent(new CustomEvent("tuneroom:selection", { detail }));
}

export async function go(query, { push = true } = {}) {
  const table = document.getElementById("trial-table");
  table.setAttribute("aria-busy", "true");
  const changed = await ask(query);
  if (!changed) { table.removeAttribute("aria-busy"); return; }
  if (push) history.pushState({ tuneroom: true }, "", `${path}${state().query ? `?${state().query}` : ""}`);
  tell();
}

// Links to this page's own address, and its GET forms.
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[href]");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin || link.pathname !== path || link.hash) return;
  if (!link.search && !link.closest("#trial-filters, #trial-table")) return;
  event.preventDefault();
  go(link.search.slice(1));
});

document.addEventListener("tuneroom:filter", (event) => {
  const query = new URLSearchParams(state().query);
  const { set = {}, remove = [] } = event.detail;
  for (const key of [...remove, ...Object.keys(set), "page"]) query.delete(key);
  for (const [key, values] of Object.entries(set)) for (const value of values) query.append(key, value);
  go(query.toString());
});

window.addEventListener("popstate", () => go(location.search.slice(1), { push: false }));

setInterval(async () => {
  if (document.hidden || asking || !state().active) return;
  const query = new URLSearchParams(state().query);
  query.set("since", state().revision);
  if (await ask(query.toString())) tell({ news: true });
}, FOLLOW_MS);
