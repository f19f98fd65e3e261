// New search: shows only what the chosen strategy uses, and of each hyperparameter only the fields of
// the chosen way to search it.

import { askDirection } from "./metric_directions.js";
import { hasSeveralObjectives, refuseStrategies } from "./objective_rows.js";

const form = document.getElementById("search-form");

// Estimators have neither Hyperband nor early stopping.
function show(element, shown) {
  if (element) element.hidden = !shown;
}

const field = (name) => form.querySelector(`[data-field="${name}"]`);

// What the pruner reads, unless the strategy leaves it nothing to prune.
function adaptPruning(strategy) {
  const { value, dataset } = form.elements.pruner;
  const several = hasSeveralObjectives();
  const unpruned = several || dataset.unpruned.split(" ").includes(strategy);
  show(form.querySelector("[data-pruning]"), !unpruned);
  const by = several ? "objectives" : strategy;
  for (const reason of form.querySelectorAll("[data-unpruned-by]")) show(reason, reason.dataset.unprunedBy === by);
  for (const help of form.querySelectorAll("[data-pruner]")) show(help, help.dataset.pruner === value);
  show(form.querySelector("[data-prunes]"), value !== "none");
  const reads = JSON.parse(dataset.settings)[value] ?? [];
  for (const part of form.querySelectorAll('[data-field^="pruning_"]')) show(part, reads.includes(part.dataset.field));
}

function adapt() {
  const { value, dataset } = form.elements.tuner;
  const hasRounds = (dataset.withRounds ?? "").split(" ").includes(value);
  for (const part of form.querySelectorAll("[data-strategy]")) show(part, part.dataset.strategy === value);
  show(field("max_trials"), !hasRounds);
  adaptPruning(value);
  refuseStrategies();
  const stopping = form.elements.early_stopping_metric?.value;
  show(field("early_stopping_patience"), stopping !== "");
  // It looks at the objective the way the search does.
  show(field("early_stopping_direction"), stopping !== "" && stopping !== form.elements.objective?.value);
  for (const fields of form.querySelectorAll(".space-fields")) {
    const way = fields.querySelector('input[type="radio"]:checked')?.value;
    for (const part of fields.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== way;
  }
}

const { objective, direction, early_stopping_metric, early_stopping_direction } = form.elements;
askDirection(objective, direction);
askDirection(early_stopping_metric, early_stopping_direction);
form.addEventListener("change", adapt);
// What was said of a hyperparameter before it is typed anew; the plan's answer says what holds now.
form.addEventListener("input", (event) => {
  const fields = event.target.closest(".space-fields");
  fields?.querySelectorAll(".errorlist").forEach((list) => list.remove());
  fields?.querySelectorAll(".has-errors").forEach((part) => part.classList.remove("has-errors"));
});
// A row that was reset came anew from the site: it is opened again, and the plan follows.
form.addEventListener("htmx:afterSettle", (event) => {
  if (!event.target.matches?.(".space-rows > li")) return;
  event.target.querySelector("details").open = true;
  form.dispatchEvent(new Event("change", { bubbles: true }));
});
adapt();
