// Try values: shows only the hyperparameters that are in use with the values of the others. Choices
// are compared by their captions, numbers as numbers.

const form = document.getElementById("tried-values");

function valueOf(row) {
  const control = row.querySelector("select, input");
  return control.tagName === "SELECT" ? control.selectedOptions[0]?.textContent : control.value;
}

const isOne = (value, options) => options.some((option) => option === value || (value !== "" && Number(option) === Number(value)));

function adapt() {
  const values = new Map();
  for (const row of form.querySelectorAll("[data-conditions]")) {
    const used = JSON.parse(row.dataset.conditions).every(([name, options]) => values.has(name) && isOne(values.get(name), options));
    row.hidden = !used;
    if (used) values.set(row.dataset.name, valueOf(row));
  }
}

form?.addEventListener("input", adapt);
if (form) adapt();
