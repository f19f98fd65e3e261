// New search: rows of further objectives and constraints. Without this script all rows are shown.

import { askDirection } from "./metric_directions.js";

const form = document.getElementById("search-form");
const chosen = (row) => row.querySelector("select").value !== "";

// Shows the rows that are used, and one more each time a person asks for one.
function fold(list) {
  const rows = [...list.querySelectorAll("[data-row]")];
  const add = list.querySelector("[data-add]");
  const adapt = () => {
    add.hidden = rows.every((row) => !row.hidden);
  };
  for (const row of rows) {
    row.hidden = !("used" in row.dataset) && !chosen(row);
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "button small quiet";
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove ${row.querySelector("label").textContent.trim().toLowerCase()}`);
    remove.addEventListener("click", () => {
      for (const field of row.querySelectorAll("select, input")) {
        if (field.tagName === "SELECT") field.selectedIndex = 0;
        else field.value = "";
      }
      row.hidden = true;
      adapt();
      add.focus();
      form.dispatchEvent(new Event("change", { bubbles: true }));
    });
    row.append(remove);
  }
  add.addEventListener("click", () => {
    const row = rows.find((one) => one.hidden);
    row.hidden = false;
    adapt();
    row.querySelector("select").focus();
  });
  adapt();
}

// Strategies that do not take what is chosen cannot be selected, and the reasons are shown.
export function refuseStrategies() {
  const tuner = form.elements.tuner;
  const used = (name) => [...form.querySelectorAll(`[data-rows="${name}"] [data-row]`)].some(chosen);
  const refused = new Set();
  for (const reason of form.querySelectorAll("[data-refused]")) {
    const says = used(reason.dataset.with) && !refused.has(reason.dataset.refused);
    reason.hidden = !says;
    if (says) refused.add(reason.dataset.refused);
  }
  for (const option of tuner.options) option.disabled = refused.has(option.value) && !option.selected;
}

export const hasSeveralObjectives = () => [...form.querySelectorAll('[data-rows="objectives"] [data-row]')].some(chosen);

for (const list of form.querySelectorAll("[data-rows]")) fold(list);
for (const row of form.querySelectorAll('[data-rows="objectives"] [data-row]')) {
  const [metric, direction] = row.querySelectorAll("select");
  askDirection(metric, direction);
}
