// Parallel coordinates: tuning/analysis/plots/parallel.py has the figures. A brush on an axis becomes
// a filter, an axis moved to another place another order of the axes in the address.
//
// Plotly's own trace of that name makes its programs with eval, which the Content-Security-Policy
// refuses, and needs WebGL. These are plain lines; many are painted into one picture behind the axes,
// as Plotly's own are, which takes a fraction of a second for 10,000 trials.
import { colour, plain } from "../plots.js";
import { colourBar, filterOf, layout, rgb, scale, scoresOf, shadeOf, short } from "./figure.js";
import { Raster } from "./raster.js";

const MAX_TICKS = 12;
// Of the height of an axis, for a line of text.
const TICK_HEIGHT = 0.05;
const SHADES = 10;
// Where trials run through that have no value on an axis, below its lowest.
const NONE = -0.1;
const MAX_PLAIN = 1000;
const PICTURE = [960, 400];
// Where lines begin and end: in parts of a pixel.
const FINER = 2;
const CLOSE_PIXELS = 6;
const LONG_NAME = 12;
const LEAST_BRUSH = 0.04;

// An axis with what belongs to it: its ends (logarithms where it is logarithmic) and ticks.
function ruled(axis) {
  const scaled = axis.log ? axis.values.map((value) => (value === null ? null : Math.log10(value))) : axis.values;
  const known = scaled.filter((value) => value !== null);
  let [low, high] = axis.texts ? [0, axis.texts.length - 1] : [known.reduce((a, b) => Math.min(a, b), Infinity), known.reduce((a, b) => Math.max(a, b), -Infinity)];
  if (!known.length) [low, high] = [0, 1];
  // A single value stands in the middle.
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const height = (value) => (value === null ? NONE : (value - low) / (high - low));
  const ticks = axis.texts
    ? axis.texts.map((text, index) => [index, text]).filter((_, index) => index % Math.ceil(axis.texts.length / MAX_TICKS) === 0)
    : apart(ticksOf(low, high, axis), height);
  const gap = known.length < scaled.length;
  return {
    axis, low, high, gap, height,
    heights: scaled.map(height),
    ticks: [...(gap ? [[NONE, "none"]] : []), ...ticks.map(([value, text]) => [height(value), text])],
  };
}

// No value that no trial could have: those that there are, or whole steps.
function ticksOf(low, high, { log, marks, step }) {
  if (marks) return marks.map((value) => [log ? Math.log10(value) : value, short(value)]);
  if (log) {
    const powers = [];
    for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power += 1) powers.push([power, short(10 ** power)]);
    if (powers.length >= 2) return powers;
  }
  const even = Array.from({ length: 5 }, (_, index) => low + ((high - low) * index) / 4);
  if (!step) return even.map((value) => [value, short(log ? 10 ** value : value)]);
  if (log) return even.map((value) => Math.round(10 ** value)).map((value) => [Math.log10(value), short(value)]);
  return even.map((value) => low + Math.round((value - low) / step) * step).map((value) => [value, short(value)]);
}

// Without those that would be written over the one before; the highest stays.
function apart(ticks, height) {
  const kept = [];
  for (const tick of ticks) {
    if (kept.length && height(tick[0]) - height(kept.at(-1)[0]) < TICK_HEIGHT) {
      if (tick !== ticks.at(-1)) continue;
      kept.pop();
    }
    kept.push(tick);
  }
  return kept;
}

// From where to where a brush reaches, in heights; null if its filter is no brush.
function brushOf(rule, brushes) {
  const mine = brushes.find((brush) => brush.key === rule.axis.key);
  if (!mine) return null;
  if (mine.operator === "active") return mine.value === "no" ? [NONE - 0.03, NONE + 0.03] : [-0.03, 1.03];
  if (mine.operator === "between") {
    const [from, to] = mine.value.map((end) => rule.height(rule.axis.log ? Math.log10(Math.max(end, 1e-300)) : end));
    // A single value is still to be seen.
    const more = Math.max(LEAST_BRUSH - (to - from), 0) / 2;
    return [from - more, to + more].map((height) => Math.min(Math.max(height, -0.03), 1.03));
  }
  const places = rule.axis.texts ? rule.axis.texts.flatMap((text, index) => (mine.value.includes(text) ? [index] : [])) : mine.value;
  if (!places.length) return null;
  const half = rule.axis.texts ? 0.3 / Math.max(rule.axis.texts.length - 1, 1) : 0.02;
  return [rule.height(Math.min(...places)) - half, rule.height(Math.max(...places)) + half];
}

// One path through all axes for each of these trials.
function path(rules, trials) {
  const x = trials.flatMap(() => [...rules.keys(), null]);
  const y = trials.flatMap((trial) => [...rules.map((rule) => rule.heights[trial]), null]);
  return { x, y };
}

// All groups as a picture that fills the axes: `floor` is the lowest height there is.
function painted(rules, groups, floor) {
  const [width, height] = PICTURE;
  const raster = new Raster(width, height, rgb(colour("surface")));
  const across = rules.map((_, place) => (place / Math.max(rules.length - 1, 1)) * width);
  for (const { trials, shade, opacity } of groups) {
    rules.slice(1).forEach((rule, index) => {
      const before = rules[index];
      const down = ({ heights }, trial) => Math.round(((1 - heights[trial]) / (1 - floor)) * (height - 1) * FINER);
      // Lines of one shade in the same place are painted at once: between lists of few values they
      // are nearly all.
      const alike = new Map();
      for (const trial of trials) {
        const place = down(before, trial) * height * FINER + down(rule, trial);
        alike.set(place, (alike.get(place) ?? 0) + 1);
      }
      for (const [place, count] of alike) {
        const [from, to] = [Math.floor(place / (height * FINER)), place % (height * FINER)];
        raster.line(across[index], from / FINER, across[index + 1], to / FINER, shade, 1 - (1 - opacity) ** count);
      }
    });
  }
  return {
    source: raster.url(), xref: "x", yref: "y", x: 0, y: 1, sizex: Math.max(rules.length - 1, 1), sizey: 1 - floor, sizing: "stretch", layer: "below",
  };
}

export function figure(info) {
  if (!info.pk.length || !info.axes.length) return { empty: "No trials to draw." };
  const rules = info.axes.map(ruled);
  const scores = scoresOf(info.colour);
  const inside = info.inside ? new Set(info.inside) : null;
  const groups = new Map();
  info.pk.forEach((_, trial) => {
    const group = inside && !inside.has(trial) ? -1 : scores.shade(trial, SHADES);
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(trial);
  });
  const many = info.pk.length > MAX_PLAIN;
  const steps = scale();
  const floor = rules.some((rule) => rule.gap) ? NONE : 0;
  const drawn = [...groups].sort(([a], [b]) => a - b).map(([group, trials]) => ({
    trials, shade: group < 0 ? rgb(colour("line-strong")) : shadeOf(steps, group / (SHADES - 1)),
    opacity: group < 0 ? (many ? 0.05 : 0.25) : many ? 0.3 : 0.85,
  }));
  const common = { type: "scatter", mode: "lines", showlegend: false };
  const traces = many ? [] : drawn.map(({ trials, shade, opacity }) => ({
    ...common, ...path(rules, trials), line: { width: 1.2, simplify: false, color: `rgba(${[...shade, opacity].join(",")})` }, hoverinfo: "skip",
  }));
  traces.push({
    ...common, x: rules.flatMap((_, place) => [place, place, null]), y: rules.flatMap((rule) => [rule.gap ? NONE : 0, 1, null]), hoverinfo: "skip",
    line: { width: 1.5, color: colour("line-strong") },
  }, {
    ...common, mode: "markers+text", hoverinfo: "skip", cliponaxis: false, textposition: "middle left",
    x: rules.flatMap((rule, place) => rule.ticks.map(() => place)), y: rules.flatMap((rule) => rule.ticks.map(([height]) => height)), text: rules.flatMap((rule) => rule.ticks.map(([, text]) => plain(text))),
    textfont: { size: 13, color: colour("text"), shadow: Array(4).fill(`0 0 3px ${colour("surface")}`).join(",") }, marker: { symbol: "line-ew", size: 8, line: { width: 1.5, color: colour("line-strong") } },
  });
  const brushes = rules.map((rule) => brushOf(rule, info.brushes));
  return {
    traces, rules,
    layout: layout({
      margin: { l: 56, r: 40, t: 56, b: 12 }, hovermode: false,
      images: many ? [painted(rules, drawn, floor)] : [],
      xaxis: { range: [-0.35, rules.length - 0.8], visible: false, fixedrange: true },
      yaxis: { range: [floor - 0.06, 1.05], visible: false, fixedrange: true },
      shapes: brushes.flatMap((brush, place) => (brush ? [{
        type: "rect", x0: place - 0.06, x1: place + 0.06, y0: brush[0], y1: brush[1], line: { width: 1.5, color: colour("accent") }, fillcolor: colour("accent"), opacity: 0.25,
      }] : [])),
      annotations: rules.map((rule, place) => ({
        x: place, y: 1.02, yref: "paper", yanchor: "bottom", text: inTwoLines(rule.axis.label).map(plain).join("<br>"), showarrow: false, font: { size: 13, weight: 650, color: colour("text") },
      })),
    }),
    // Axes are moved by their names.
    config: { edits: { annotationPosition: true } },
    bar: colourBar(info.colour, scores),
    text: `${info.selected} trials over ${info.axes.map((axis) => axis.label).join(", ")}.`,
  };
}

// Long names would run into their neighbours.
function inTwoLines(name) {
  const ends = [...name.matchAll(/[_\/ .-]+/g)].map((match) => match.index + match[0].length);
  if (name.length <= LONG_NAME || !ends.length) return [name];
  const off = (end) => Math.abs(name.length / 2 - end);
  const end = ends.reduce((best, other) => (off(other) < off(best) ? other : best));
  return [name.slice(0, end), name.slice(end)];
}

// The brush that was drawn, on the axis where the drag began: {set, remove} of filters.
export function brushed(range, place, { rules }) {
  const rule = rules[Math.min(Math.max(Math.round(place), 0), rules.length - 1)];
  const [from, to] = [...range].sort((a, b) => a - b);
  const keys = keysOf(rule.axis);
  if (rule.gap && from <= NONE && to < 0) return { set: { [keys[2]]: ["no"] }, remove: keys };
  const ends = [Math.max(from, 0), Math.min(to, 1)].map((height) => rule.low + height * (rule.high - rule.low));
  return filterOf(rule.axis, rule.axis.log ? ends.map((end) => 10 ** end) : ends);
}

// The trial whose line is closest to a press at this place and height; undefined if none is close.
export function trialAt(place, height, info, { rules }, pixels) {
  const left = Math.min(Math.max(Math.floor(place), 0), rules.length - 2);
  const share = place - left;
  if (!(share >= -0.1 && share <= 1.1)) return undefined;
  const inside = info.inside ?? info.pk.keys();
  let [found, closest] = [undefined, CLOSE_PIXELS];
  for (const trial of inside) {
    const [from, to] = [rules[left].heights[trial], rules[left + 1].heights[trial]];
    // Across the line, not straight up: steep lines are as easy to hit as flat ones.
    const slope = ((to - from) * pixels.y) / pixels.x;
    const distance = (Math.abs(from + (to - from) * share - height) * pixels.y) / Math.hypot(1, slope);
    if (distance < closest) [found, closest] = [info.pk[trial], distance];
  }
  return found;
}

const keysOf = (axis) => ["between", "in", "active"].map((operator) => `${axis.key}__${operator}`);

export function cleared(info) {
  return { set: {}, remove: info.brushes.map((brush) => `${brush.key}__${brush.operator}`) };
}

// After an axis was moved by its name: the new order as options of the plot.
export function moved(update, info) {
  const found = Object.keys(update).map((key) => key.match(/^annotations\[(\d+)\]\.x$/)).find(Boolean);
  if (!found) return null;
  const places = info.axes.map((axis, place) => ({ key: axis.key, place }));
  places[Number(found[1])].place = update[found[0]];
  return { axes: places.sort((a, b) => a.place - b.place).map(({ key }) => key) };
}
