// How learning curves are drawn: smoothing, a log axis, the mean of executions. What is chosen stands
// in the address, so that a colleague sees the same; the next page begins with it.

const KEPT = "tuneroom-curves";
const box = document.getElementById("curve-controls");
const inputs = [...(box?.querySelectorAll("input") ?? [])];
const value = (input) => (input.type === "checkbox" ? (input.checked ? "1" : "") : Number(input.value) ? input.value : "");

// `redraw` is called with every change.
export function onCurveControls(redraw) {
  for (const input of inputs) {
    input.addEventListener("input", () => {
      say();
      keep();
      redraw();
    });
  }
}

export function curveControls() {
  const chosen = Object.fromEntries(inputs.map((input) => [input.name, value(input)]));
  return { smoothing: Number(chosen.smoothing ?? 0), log: Boolean(chosen.log), mean: Boolean(chosen.mean) };
}

export function curveNote(every) {
  const note = document.getElementById("curve-note");
  if (note) note.textContent = every > 1 ? `Every ${every}th epoch is drawn.` : "";
}

function restore() {
  const address = new URLSearchParams(location.search);
  const named = inputs.some((input) => address.has(input.name));
  const chosen = named ? address : new URLSearchParams(lastChoice());
  for (const input of inputs) {
    if (!chosen.has(input.name)) continue;
    if (input.type === "checkbox") input.checked = chosen.get(input.name) === "1";
    else input.value = chosen.get(input.name);
  }
  say();
  if (!named) keep();
}

function lastChoice() {
  try { return localStorage.getItem(KEPT) ?? ""; } catch { return ""; }
}

function say() {
  for (const input of inputs) {
    const output = input.parentElement.querySelector("output");
    if (output) output.textContent = input.value;
  }
}

function keep() {
  const url = new URL(location);
  const kept = new URLSearchParams();
  for (const input of inputs) {
    url.searchParams.delete(input.name);
    if (!value(input)) continue;
    url.searchParams.set(input.name, value(input));
    kept.set(input.name, value(input));
  }
  try { localStorage.setItem(KEPT, kept.toString()); } catch { /* storage is switched off */ }
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

restore();
