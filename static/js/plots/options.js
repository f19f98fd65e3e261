// The options of a plot as controls: tuning/analysis/plots/given.py says which there are.

// What the address says, for what the browser itself draws with: one value for each option.
export function filled(plot, query) {
  const prefix = `plot.${plot}.`;
  return new Map([...query].flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])));
}

// Makes the controls anew if they have changed. `set` takes what selection.js is to change, `preview`
// an option and its value while it is being dragged.
export function controls(place, plot, options, { set, preview }) {
  const now = JSON.stringify(options);
  if (place.dataset.options === now) return;
  place.dataset.options = now;
  const open = place.querySelector("details[open]")?.dataset.option;
  const focused = document.activeElement?.id;
  place.replaceChildren(...options.filter(hasChoice).map((option) => {
    const key = `plot.${plot}.${option.name}`;
    const change = (values) => set({ set: values.length ? { [key]: values } : {}, remove: [key] });
    const made = MAKERS[option.kind](option, `option-${plot}-${option.name}`, change, (value) => preview(option.name, value));
    if (open === option.name) made.setAttribute("open", "");
    return made;
  }));
  if (focused && place.querySelector(`[id="${CSS.escape(focused)}"]`)) document.getElementById(focused).focus({ preventScroll: true });
}

const hasChoice = (option) => ["switch", "share"].includes(option.kind) || option.choices.length > 1 || (option.kind === "several" && option.choices.length);

function labelled(text, control, after = []) {
  const label = document.createElement("label");
  label.append(text, control, ...after);
  return label;
}

function input(type, id, properties) {
  return Object.assign(document.createElement("input"), { type, id, ...properties });
}

function select(option, id, change) {
  const control = Object.assign(document.createElement("select"), { id });
  control.append(...option.choices.map(([value, text]) => new Option(text, value, false, option.chosen.includes(value))));
  control.addEventListener("change", () => change([control.value]));
  return labelled(option.label, control);
}

function boxes(option, id, change) {
  const details = document.createElement("details");
  details.dataset.option = option.name;
  const summary = document.createElement("summary");
  summary.textContent = `${option.label}: ${option.chosen.length}`;
  const list = document.createElement("div");
  list.className = "plot-choices";
  const made = option.choices.map(([value, text], index) => {
    const box = input("checkbox", `${id}-${index}`, { value, checked: option.chosen.includes(value) });
    return labelled(box, text);
  });
  list.append(...made);
  list.addEventListener("change", (event) => {
    const on = [...list.querySelectorAll("input:checked")].map((box) => box.value);
    if (on.length > option.most) { event.target.checked = false; return; }
    // In the order that they have, new ones last.
    change([...option.chosen.filter((value) => on.includes(value)), ...on.filter((value) => !option.chosen.includes(value))]);
  });
  details.append(summary, list);
  return details;
}

function toggle(option, id, change) {
  const box = input("checkbox", id, { checked: option.chosen.includes("on") });
  box.addEventListener("change", () => change(box.checked ? ["on"] : []));
  return labelled(box, option.label);
}

function slider(option, id, change, preview) {
  const control = input("range", id, { min: 0, max: option.most, step: option.step, value: option.chosen[0] ?? 0 });
  const output = document.createElement("output");
  output.textContent = control.value;
  control.addEventListener("input", () => { output.textContent = control.value; preview(control.value); });
  control.addEventListener("change", () => change(Number(control.value) ? [control.value] : []));
  return labelled(option.label, control, [output]);
}

const MAKERS = { column: select, choice: select, columns: boxes, several: boxes, switch: toggle, share: slider };
