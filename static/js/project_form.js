// New project: finds rows by their text, lays the preview below the chosen row on narrow screens, and
// keeps what was typed in the last step while other steps are looked at.

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

// Only what differs from what the page came with, so that another dataset gets its own default name.
function typed() {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.type === "hidden") continue;
    if (field.type === "checkbox" && field.checked !== field.defaultChecked) values[field.name] = field.checked;
    else if (field.type === "select-one" && !field.selectedOptions[0]?.defaultSelected) values[field.name] = field.value;
    else if (field.defaultValue !== undefined && field.type !== "checkbox" && field.value !== field.defaultValue) values[field.name] = field.value;
  }
  return values;
}

function retype(values) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements[name];
    if (field?.type === "checkbox") field.checked = value;
    else if (field) field.value = value;
  }
}

// A new project begins with an address that names no step.
if (!new URLSearchParams(location.search).has("step")) sessionStorage.removeItem(TYPED);
if (form) {
  // A refused form came back with what was typed.
  if (!document.querySelector(".form-errors")) retype(JSON.parse(sessionStorage.getItem(TYPED) ?? "{}"));
  form.addEventListener("input", () => sessionStorage.setItem(TYPED, JSON.stringify(typed())));
}
