// What the plots of trials share: axes made from columns, colours by score, the layout around them.
// Columns come as tuning/analysis/plots/points.py, axis_of, has them.
import { colour, colours, plain, texts } from "../plots.js";

// What trials are called: 17, or 2.17 where there are several searches.
export const namesOf = (info) => info.names ?? info.number.map(String);

export const pointSize = (count) => (count > 2000 ? 4 : count > 300 ? 6 : 8);

export const short = (value) => (Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3))
  ? value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e") : String(Number(value.toPrecision(4)));

// Viridis, from the worst to the best: as even for eyes that see few colours. The stylesheet has the same.
const VIRIDIS = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"];

export const scale = (better = "max") => {
  const colours = better === "min" ? [...VIRIDIS].reverse() : VIRIDIS;
  return colours.map((end, index) => [index / (colours.length - 1), end]);
};

// As red, green and blue, for a part from 0 to 1 of the scale.
export function shadeOf(steps, part) {
  const upper = Math.max(1, steps.findIndex(([place]) => place >= part));
  const [[from, first], [to, second]] = [steps[upper - 1], steps[upper]];
  const share = (part - from) / (to - from);
  return rgb(first).map((value, index) => Math.round(value + (rgb(second)[index] - value) * share));
}

export const rgb = (hex) => [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));

// What the colours are, for the bar beside a plot (drawing.js). Plotly's own writes inline styles, which the
// Content-Security-Policy refuses.
export function colourBar(axis, scores) {
  if (!scores.any || scores.low === scores.high) return null;
  return { label: axis.label, from: short(scores.worst), to: `${short(scores.best)}${axis.better ? " (best)" : ""}` };
}

// Where trials have no score they look like the worst.
export function scoresOf(axis) {
  const known = axis.values.filter((value) => value !== null);
  const low = known.reduce((a, b) => Math.min(a, b), Infinity);
  const high = known.reduce((a, b) => Math.max(a, b), -Infinity);
  const [worst, best] = axis.better === "min" ? [high, low] : [low, high];
  const values = axis.values.map((value) => value ?? worst);
  // Which of so many shades a trial has, the last one for the best.
  const shade = (index, count) => (known.length && best !== worst ? Math.min(Math.floor(((values[index] - worst) / (best - worst)) * count), count - 1) : 0);
  return { values, low, high, worst, best, shade, any: known.length > 0 };
}

export function axisLayout(axis, more = {}) {
  return {
    title: { text: plain(axis.label), standoff: 8 },
    gridcolor: colour("line"),
    linecolor: colour("line-strong"),
    zeroline: false,
    automargin: true,
    tickfont: { size: 13 },
    ...(axis.log ? { type: "log", dtick: decades(axis.values) } : {}),
    ...(axis.texts ? { tickvals: axis.texts.map((_, index) => index), ticktext: axis.texts.map(plain), range: [-0.5, axis.texts.length - 0.5] } : {}),
    ...more,
  };
}

// Only powers of ten, unless there would be fewer than two.
function decades(values) {
  const known = values.filter((value) => value > 0);
  const low = known.reduce((a, b) => Math.min(a, b), Infinity);
  const high = known.reduce((a, b) => Math.max(a, b), 0);
  return Math.log10(high / low) >= 2 ? 1 : undefined;
}

export function layout(more = {}) {
  return {
    margin: { l: 56, r: 16, t: 32, b: 48 },
    paper_bgcolor: colour("surface"),
    plot_bgcolor: colour("surface"),
    ...texts(),
    dragmode: "select",
    hovermode: "closest",
    newselection: { line: { color: colour("accent"), width: 1.5 } },
    ...more,
  };
}

// A range on an axis as a filter of its column: {set: {key: [values]}, remove: [keys]}.
export function filterOf(axis, range) {
  const [low, high] = [...range].sort((a, b) => a - b);
  const keys = ["between", "in", "active"].map((operator) => `${axis.key}__${operator}`);
  if (axis.texts) {
    const inside = axis.texts.filter((_, index) => index >= low && index <= high);
    return { set: inside.length ? { [keys[1]]: inside } : {}, remove: keys };
  }
  const ends = wholeWithin(axis, low, high) ?? [tidy(low, high, Math.floor), tidy(high, low, Math.ceil)];
  return { set: { [keys[0]]: [ends.join(",")] }, remove: keys };
}

// Of whole numbers those inside: "between 1 and 2" says more than "between 1 and 2.52".
function wholeWithin(axis, low, high) {
  if (!axis.values.every((value) => value === null || Number.isInteger(value))) return null;
  // What went through a logarithm comes back a little off.
  const off = 1e-9 * Math.max(Math.abs(low), Math.abs(high));
  const [first, last] = [Math.ceil(low - off), Math.floor(high + off)];
  return first <= last ? [first, last] : null;
}

// No more digits than the range needs, rounded outwards so that no trial at its edge is lost.
function tidy(value, other, round) {
  const width = Math.abs(value - other) || Math.abs(value) || 1;
  const digit = 10 ** (Math.floor(Math.log10(Math.min(width, Math.abs(value) || width))) - 2);
  return String(Number((round(value / digit) * digit).toPrecision(12)));
}

export function together(filters) {
  return {
    set: Object.assign({}, ...filters.map((filter) => filter.set)),
    remove: filters.flatMap((filter) => filter.remove),
  };
}
