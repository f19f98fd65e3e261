// The options of a plot as controls: tuning/analysis/plots/given.py says which there are.
import { announce } from "../selection.js";

// While somebody moves a line by several places.
const MOVING_MS = 300;

// What the address says, for what the browser itself draws with: one value for each option.
export function filled(plot, query) {
  const prefix = `plot.${plot}.`;
  return new Map([...query].flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])));
}

// Makes the controls anew if they have changed. `set` takes what selection.js is to change, `preview`
// an option and its value while it is being dragged.
export function controls(place, plot, options, { set, preview }) {
  const now = JSON.stringify(options);
  // What is being moved by several places is asked for once it is there.
  if (place.dataset.options === now || place.querySelector("[data-moving]")) return;
  place.dataset.options = now;
  const open = place.querySelector("details[open]")?.dataset.option;
  const scrolled = place.querySelector("details[open] .plot-choices")?.scrollTop ?? 0;
  const focused = document.activeElement?.id;
  place.replaceChildren(...options.filter(hasChoice).map((option) => {
    const key = `plot.${plot}.${option.name}`;
    const change = (values) => set({ set: values.length ? { [key]: values } : {}, remove: [key] });
    const made = MAKERS[option.kind](option, `option-${plot}-${option.name}`, change, (value) => preview(option.name, value));
    if (open === option.name) made.setAttribute("open", "");
    return made;
  }));
  for (const list of place.querySelectorAll("details[open] .plot-choices")) list.scrollTop = scrolled;
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

// Columns in an order: the chosen ones first, each with buttons that move it, as Alt with an arrow
// key does.
function ordered(option, id, change) {
  const details = document.createElement("details");
  details.dataset.option = option.name;
  const summary = document.createElement("summary");
  summary.textContent = `${option.label}: ${option.chosen.length}`;
  const list = document.createElement("ol");
  list.className = "plot-choices ordered";
  const labels = new Map(option.choices);
  const on = () => [...list.querySelectorAll("input:checked")].map((box) => box.value);
  let later = null;
  const changed = () => {
    clearTimeout(later);
    list.dataset.moving = "";
    later = setTimeout(() => { delete list.dataset.moving; change(on()); }, MOVING_MS);
  };
  const move = (line, step) => {
    const other = step < 0 ? line.previousElementSibling : line.nextElementSibling;
    if (!line.querySelector("input").checked || !other?.querySelector("input").checked) return;
    const focused = document.activeElement;
    other[step < 0 ? "before" : "after"](line);
    focused.focus();
    line.scrollIntoView({ block: "nearest" });
    const name = line.querySelector("input").value;
    announce(`${labels.get(name)}: place ${on().indexOf(name) + 1} of ${on().length}`);
    changed();
  };
  list.append(...[...option.chosen, ...option.choices.map(([value]) => value).filter((value) => !option.chosen.includes(value))].map((value) => {
    const line = document.createElement("li");
    const checked = option.chosen.includes(value);
    line.append(labelled("", input("checkbox", `${id}-${value}`, { value, checked }), [labels.get(value) ?? value]));
    if (!checked) return line;
    for (const [step, sign, word] of [[-1, "↑", "before"], [1, "↓", "behind"]]) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small", textContent: sign, id: `${id}-${value}-${word}` });
      button.setAttribute("aria-label", `Move ${labels.get(value) ?? value} ${step < 0 ? "up" : "down"}`);
      button.addEventListener("click", () => move(line, step));
      line.append(button);
    }
    return line;
  }));
  list.addEventListener("keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    move(event.target.closest("li"), event.key === "ArrowUp" ? -1 : 1);
  });
  list.addEventListener("change", (event) => {
    if (on().length > option.most) event.target.checked = false;
    else changed();
  });
  const hint = Object.assign(document.createElement("p"), { className: "small muted", textContent: `Up to ${option.most}. Use the arrows or Alt with an arrow key to reorder.` });
  details.append(summary, list, hint);
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

const MAKERS = { column: select, choice: select, columns: ordered, several: boxes, switch: toggle, share: slider };
