// The trials page: what it shows stands in its address, and changes without loading the page anew.
//
// #selection holds the state (data-query, data-revision) and is replaced with every change, together
// with the filters and the table. While trials are active it polls as the live pieces of all pages do
// (htmx, see site.js), and this module puts what comes into its place. Others on the page
// - hear `tuneroom:selection` on the document after each change (detail.news: trials have changed,
//   not the selection);
// - send `tuneroom:filter` (detail {set: {"hp:units__between": ["8", "64"]}, remove: [...]}) to change it;
//   with `quiet` it makes no step of its own to go back to.
// Without scripts the same links and forms load the page.
import { reload } from "./reload.js";

const PIECES = ["search-head", "search-actions", "selection", "trial-filters", "trial-bar", "trial-table"];

export const path = location.pathname;
export const state = () => document.getElementById("selection").dataset;
let asking = null;

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

// Replaces the pieces of the page that have changed. What has the focus keeps it, and what is open
// stays open.
function put(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const focused = document.activeElement?.id;
  const open = [...document.querySelectorAll("details[open][id]")].map((details) => details.id);
  const scroll = document.getElementById("trial-scroll");
  const [left, top] = scroll ? [scroll.scrollLeft, scroll.scrollTop] : [0, 0];
  for (const id of PIECES) {
    const now = document.getElementById(id);
    const next = page.getElementById(id);
    if (!now || !next || now.isEqualNode(next)) continue;
    now.replaceWith(document.adoptNode(next));
    window.htmx?.process(next);
  }
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const moved = document.getElementById("trial-scroll");
  if (moved && moved !== scroll) { moved.scrollLeft = left; moved.scrollTop = top; }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

const reached = (yes) => document.dispatchEvent(new CustomEvent("tuneroom:reached", { detail: yes }));

// One question at a time: a new one takes the place of what is still being answered. Returns the text
// of an answer that belongs somewhere else, true if the page has changed, false if not.
async function ask(url) {
  asking?.abort();
  const mine = asking = new AbortController();
  try {
    const response = await fetch(url, { headers: { "HX-Request": "true" }, signal: mine.signal });
    // An error of the server passes, or does not; asking continues as when it cannot be reached.
    reached(response.status < 500);
    if (response.status === 204 || response.status >= 500) return false;
    if (response.status === 422) return await response.text();
    // Signed out or deleted meanwhile: loading the page says what is.
    if (!response.ok || new URL(response.url).pathname !== path) { reload(response.url); return false; }
    put(await response.text());
    return true;
  } catch (error) {
    if (error.name !== "AbortError") reached(false);
    return false;
  } finally {
    if (asking === mine) asking = null;
  }
}

function tell(detail = {}) {
  document.dispatchEvent(new CustomEvent("tuneroom:selection", { detail }));
}

// Asks for another selection: its query, or another address that leads to one. Returns true once it
// is shown, the answer's text if it was refused, false if there was none or it came too late.
export async function go(query, { push = true, quiet = false, from = path } = {}) {
  document.getElementById("trial-table").setAttribute("aria-busy", "true");
  const answer = await ask(`${from}?${query}`);
  document.getElementById("trial-table").removeAttribute("aria-busy");
  if (answer !== true) return answer;
  if (push) history[quiet ? "replaceState" : "pushState"](null, "", state().query ? `${path}?${state().query}` : path);
  tell();
  return true;
}

// Shift and a press on a head: one more column to sort by, or the other way round.
function alsoSort(key) {
  const query = new URLSearchParams(state().query);
  const sorts = query.getAll("sort");
  const place = sorts.findIndex((text) => text.replace(/^-/, "") === key);
  if (place < 0) sorts.push(key);
  else sorts[place] = sorts[place].startsWith("-") ? key : `-${key}`;
  query.delete("sort");
  query.delete("page");
  for (const text of sorts) query.append("sort", text);
  go(query.toString());
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.altKey) return;
  const link = event.target.closest("a[href]");
  if (!link?.closest("#trial-filters, #trial-bar, #trial-table, #panel") || link.hasAttribute("download")) return;
  if (link.pathname !== path) return;
  event.preventDefault();
  if (event.shiftKey && link.classList.contains("sort")) alsoSort(link.closest("th").dataset.key);
  else go(link.search.slice(1));
});

document.addEventListener("tuneroom:filter", (event) => {
  const query = new URLSearchParams(state().query);
  const { set = {}, remove = [], quiet = false } = event.detail;
  for (const key of [...remove, ...Object.keys(set), "page"]) query.delete(key);
  for (const [key, values] of Object.entries(set)) for (const value of values) query.append(key, value);
  go(query.toString(), { quiet });
});

window.addEventListener("popstate", () => go(location.search.slice(1), { push: false }));

// News that come while a person asks for something else are of the selection before.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr, shouldSwap } = event.detail;
  if (elt.id !== "selection" || !shouldSwap || xhr.status !== 200 || !elt.isConnected || asking) return;
  put(xhr.responseText);
  tell({ news: true });
});
