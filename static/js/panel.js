// What opens beside the table: a column's menu and filters, the list of columns, saved views. Links
// with `data-panel` fetch it; without scripts they are pages.
import { reload } from "./reload.js";
import { go, path, state } from "./selection.js";

const panel = document.getElementById("panel");
let opener = null;
let address = null;

async function load(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) { reload(response.url); return null; }
  return response.text();
}

function fill(html) {
  panel.innerHTML = html;
  for (const element of panel.querySelectorAll("[data-close], [data-scripted], [data-move]")) element.hidden = false;
  for (const element of panel.querySelectorAll("[data-plain]")) element.hidden = true;
  panel.dispatchEvent(new CustomEvent("tuneroom:panel", { bubbles: true }));
}

// Below what opened it, within the window; on narrow screens the stylesheet puts it at the bottom.
function place(anchor) {
  const box = anchor.getBoundingClientRect();
  const width = panel.offsetWidth;
  const room = innerHeight - box.bottom;
  const above = room < 320 && box.top > room;
  panel.style.setProperty("--panel-left", `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`);
  panel.style.setProperty("--panel-room", `${Math.max(above ? box.top : room, 240) - 16}px`);
  panel.style.setProperty("--panel-top", above ? "auto" : `${Math.min(box.bottom + 4, innerHeight - 256)}px`);
  panel.style.setProperty("--panel-bottom", above ? `${innerHeight - box.top + 4}px` : "auto");
}

async function open(link) {
  const within = panel.contains(link);
  address = link.href;
  const html = await load(link.href);
  if (html === null || address !== link.href) return;
  if (!within) opener = link.id;
  fill(html);
  if (!panel.matches(":popover-open")) {
    const anchor = document.getElementById(opener) ?? document.getElementById("add-filter");
    panel.showPopover();
    place(anchor);
  }
  (panel.querySelector("[type=search]") ?? panel.querySelector("#panel-title")).focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = event.target.closest("a[data-panel]");
  if (link) { event.preventDefault(); open(link); return; }
  if (event.target.closest("[data-close]")) { panel.hidePopover(); return; }
  // What changes the table for good: sort, hide, move, a view. Lists of columns stay open.
  const done = event.target.closest("#panel a[href]");
  if (done && done.pathname === path && !done.closest("#columns-form")) panel.hidePopover();
});

panel.addEventListener("toggle", (event) => {
  if (event.newState === "closed" && (document.activeElement === document.body || panel.contains(document.activeElement))) {
    document.getElementById(opener)?.focus({ preventScroll: true });
  }
});

// A filter: the answer is the table, or the panel again with what is wrong.
async function apply(form) {
  const fields = new FormData(form);
  // The panel may be older than the page: everything but this form's own fields is the page's.
  for (const input of form.querySelectorAll("[data-kept]")) fields.delete(input.name);
  const query = new URLSearchParams([...new URLSearchParams(state().query), ...fields]);
  query.delete("page");
  const column = new URL(form.action).pathname;
  const answer = await go(query.toString(), { from: column });
  // Sent once more meanwhile: Enter is a change and a submission.
  if (answer === false || !panel.matches(":popover-open")) return;
  if (answer === true) {
    for (const error of panel.querySelectorAll(".errorlist")) error.remove();
    for (const field of panel.querySelectorAll(".has-errors")) field.classList.remove("has-errors");
    const html = await load(`${column}?${state().query}`);
    if (html !== null && panel.contains(form)) refresh(html);
    return;
  }
  const focused = document.activeElement?.id;
  fill(answer);
  document.getElementById(focused)?.focus({ preventScroll: true });
}

// What follows from the rest of the page; the fields are as the person left them.
function refresh(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const id of ["column-actions", "filter-buttons"]) {
    const next = page.getElementById(id);
    if (next) panel.querySelector(`#${id}`)?.replaceWith(document.adoptNode(next));
  }
}

panel.addEventListener("submit", (event) => {
  if (event.target.id !== "filter-form") return;
  event.preventDefault();
  apply(event.target);
});
panel.addEventListener("change", (event) => {
  if (event.target.closest("#filter-form")) event.target.form.requestSubmit();
});

// Lists with a search field.
panel.addEventListener("input", (event) => {
  const list = document.getElementById(event.target.dataset.find);
  if (!list) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const line of list.children) line.hidden = !words.every((word) => line.dataset.text.includes(word));
});
panel.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.dataset.find) return;
  event.preventDefault();
  document.getElementById(event.target.dataset.find)?.querySelector("li:not([hidden]) a")?.click();
});
