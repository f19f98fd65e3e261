// New search: shows only what the chosen tuner uses, and which way the chosen metric goes.

const form = document.getElementById("search-form");

// Estimators have neither Hyperband nor early stopping.
function show(element, shown) {
  if (element) element.hidden = !shown;
}

const field = (name) => form.querySelector(`[data-field="${name}"]`);

function adapt() {
  const hyperband = form.elements.tuner.value === "hyperband";
  show(document.getElementById("hyperband-fields"), hyperband);
  show(field("max_trials"), !hyperband);
  show(field("early_stopping_patience"), form.elements.early_stopping_metric?.value !== "");
}

form.addEventListener("change", adapt);
adapt();
