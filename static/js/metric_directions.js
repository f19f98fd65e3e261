// Which way a metric improves: asked beside the metric's field as soon as nobody knows it.

const WORDS = { max: "Higher is better", min: "Lower is better" };

// Keeps the select `direction` in step with the select `metric`. Both may be missing.
export function askDirection(metric, direction) {
  if (!metric || !direction) return;
  const label = document.querySelector(`label[for="${direction.id}"]`);
  const usual = label.textContent;
  const known = JSON.parse(direction.dataset.known);
  function adapt() {
    const way = known[metric.value] ?? "";
    direction.options[0].textContent = way ? `${WORDS[way]} (detected)` : "Choose…";
    const asked = metric.value !== "" && !way;
    label.textContent = asked ? `Is ${metric.value} better when higher or lower?` : usual;
    direction.required = asked;
  }
  metric.addEventListener("change", () => {
    // What was said of another metric.
    direction.value = "";
    const field = direction.closest(".field");
    field.classList.remove("has-errors");
    field.querySelector(".errorlist")?.remove();
    adapt();
  });
  adapt();
}
