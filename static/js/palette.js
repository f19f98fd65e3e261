// Ctrl-K: a field that finds projects, searches, trials, models and pages. `?`: the shortcuts.
// The results come from the server, as links.

import { reload } from "./reload.js";

const palette = document.getElementById("palette");
const field = document.getElementById("palette-query");
const results = document.getElementById("palette-results");
const shortcuts = document.getElementById("shortcuts");
const WAIT_MS = 120;
let waiting = null;
let asking = null;

const options = () => [...results.querySelectorAll("[role=option]:not([aria-disabled])")];
const chosen = () => results.querySelector("[aria-selected=true]");

function choose(option) {
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  field.setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}

async function ask() {
  asking?.abort();
  const { signal } = asking = new AbortController();
  try {
    const url = `${palette.dataset.url}?q=${encodeURIComponent(field.value)}`;
    const response = await fetch(url, { headers: { "HX-Request": "true" }, signal });
    // Signed out meanwhile.
    if (response.redirected) { palette.close(); reload(response.url); return; }
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    results.replaceChildren(...page.body.children);
    choose(options()[0]);
  } catch (error) {
    if (error.name !== "AbortError") results.textContent = "The site cannot be reached.";
  }
}

function open() {
  if (!palette.open) palette.showModal();
  field.select();
  ask();
}

field?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(ask, WAIT_MS);
});

field?.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    const all = options();
    choose(all.at((all.indexOf(chosen()) + step) % all.length));
  } else if (event.key === "Enter") {
    event.preventDefault();
    chosen()?.querySelector("a").click();
  }
});

// A press beside the box closes it.
for (const dialog of [palette, shortcuts]) {
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("button")) dialog.close();
  });
}

document.getElementById("palette-open")?.addEventListener("click", (event) => {
  event.preventDefault();
  open();
});

document.addEventListener("keydown", (event) => {
  if (!palette || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
  } else if (event.key === "?" && !event.ctrlKey && !event.metaKey) {
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    shortcuts.showModal();
  }
});
