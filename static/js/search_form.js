// New search: shows only what the chosen tuner uses, and which way the chosen metric goes.

const form = document.getElementById("search-form");
const field = (name) => form.querySelector(`[data-field="${name}"]`);

function adapt() {
  const hyperband = form.elements.tuner.value === "hyperband";
  document.getElementById("hyperband-fields").hidden = !hyperband;
  field("max_trials").hidden = hyperband;
  field("early_stopping_patience").hidden = form.elements.early_stopping_metric.value === "";
}

form.addEventListener("change", adapt);
adapt();
