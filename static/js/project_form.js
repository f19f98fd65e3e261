// New project: finds rows by their text, lays the preview below the chosen row on narrow screens, and
// keeps what was typed in the last step while other steps are looked at.

import { isChanged } from "./entered.js";

const TYPED = "tuneroom:new-project";
const narrow = matchMedia("(max-width: 900px)");
const search = document.getElementById("pick-search");
const form = document.getElementById("project-form");

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...document.querySelectorAll(".pick-row")];
  for (const row of rows) row.hidden = !words.every((word) => row.dataset.text.includes(word));
  for (const heading of document.querySelectorAll(".pick-heading")) {
    let next = heading.nextElementSibling;
    while (next?.matches(".pick-row[hidden], .pick-preview")) next = next.nextElementSibling;
    heading.hidden = !next?.matches(".pick-row");
  }
  document.getElementById("pick-none").hidden = rows.some((row) => !row.hidden);
}

function placePreview() {
  const chosen = document.querySelector(".pick-row:has(input:checked)");
  const preview = document.getElementById("preview");
  if (narrow.matches && chosen) chosen.after(preview);
  else document.querySelector(".pick").append(preview);
}

if (search) {
  search.hidden = false;
  search.addEventListener("input", find);
  // Enter in the field would go to the next step.
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  narrow.addEventListener("change", placePreview);
  document.addEventListener("htmx:afterSettle", placePreview);
  placePreview();
}

const stored = () => JSON.parse(sessionStorage.getItem(TYPED) ?? "{}");
const isBox = (field) => field.type === "checkbox";

// Only what differs from what the page came with, so that another dataset gets its own default name.
function typed() {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.type === "hidden" || !isChanged(field)) continue;
    if (isBox(field)) values[field.name] = field.checked;
    // The radio that lost the mark has changed, too.
    else if (field.type !== "radio" || field.checked) values[field.name] = field.value;
  }
  return values;
}

function retype(values) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements[name];
    if (!field) continue;
    if (isBox(field)) field.checked = value;
    // Another dataset has other columns.
    else if (!field.matches?.("select") || [...field.options].some((option) => option.value === value)) field.value = value;
  }
}

// A new project begins with an address that names no step.
if (!new URLSearchParams(location.search).has("step")) sessionStorage.removeItem(TYPED);
if (form) {
  // A refused form came back with what was typed, which therefore does not differ: it stays stored.
  const isRefused = Boolean(document.querySelector(".form-errors"));
  const kept = isRefused ? stored() : {};
  if (!isRefused) retype(stored());
  form.addEventListener("input", () => sessionStorage.setItem(TYPED, JSON.stringify({ ...kept, ...typed() })));
}
