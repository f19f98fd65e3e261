// Rows that are ticked. They are kept for this search and this tab, on whichever pages they are, and
// `tuneroom:chosen` on the document tells their keys.
import { path, state } from "./selection.js";

const MAX_COMPARED = 10;
const form = document.getElementById("chosen");
const store = `tuneroom-chosen-${form.dataset.of}`;
const compare = document.getElementById("compare-chosen");
let chosen = read();
let last = null;

export const chosenTrials = () => [...chosen];

function read() {
  try { return new Set(JSON.parse(sessionStorage.getItem(store) ?? "[]")); } catch { return new Set(); }
}

function keep() {
  try { sessionStorage.setItem(store, JSON.stringify([...chosen])); } catch { /* for this page only */ }
  show();
  document.dispatchEvent(new CustomEvent("tuneroom:chosen", { detail: { trials: [...chosen] } }));
}

const boxes = () => [...document.querySelectorAll("#trial-table .choose")];

function show() {
  for (const box of boxes()) {
    box.checked = chosen.has(box.value);
    box.closest("tr").classList.toggle("chosen-row", box.checked);
  }
  const count = chosen.size;
  form.hidden = count === 0;
  document.getElementById("chosen-count").textContent = `${count} selected`;
  if (compare) {
    const can = count >= 2 && count <= MAX_COMPARED;
    compare.setAttribute("aria-disabled", String(!can));
    compare.title = can ? "" : `2 to ${MAX_COMPARED} trials can be compared`;
    const query = new URLSearchParams([...chosen].map((key) => ["trial", key]));
    if (can) compare.href = `${form.dataset.compare}?${query}`;
    else compare.removeAttribute("href");
  }
}

// With Shift, all from the last one that was ticked.
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("#trial-table .choose");
  if (!box) return;
  const all = boxes();
  const before = all.findIndex((other) => other.value === last);
  const here = all.indexOf(box);
  const run = event.shiftKey && before >= 0 ? all.slice(Math.min(before, here), Math.max(before, here) + 1) : [box];
  for (const one of run) {
    if (box.checked) chosen.add(one.value);
    else chosen.delete(one.value);
  }
  last = box.value;
  keep();
});

document.getElementById("chosen-clear").addEventListener("click", () => { chosen = new Set(); keep(); });

form.addEventListener("submit", () => {
  for (const old of form.querySelectorAll("[name=trial]")) old.remove();
  for (const key of chosen) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "trial", value: key });
    form.append(input);
  }
  form.elements.next.value = state().query ? `${path}?${state().query}` : path;
});

document.addEventListener("tuneroom:selection", show);
show();
