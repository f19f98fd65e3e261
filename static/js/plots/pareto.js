// The Pareto front: tuning/analysis/plots/pareto.py has the figures.
import { colour, colours, plain } from "../plots.js";
import { axisLayout, colourBar, layout, pointSize, scale, scoresOf } from "./figure.js";

export function figure(info) {
  if (info.empty) return { empty: info.empty };
  const [x, y] = info.axes;
  const known = info.pk.map((_, place) => place).filter((place) => x.values[place] !== null && y.values[place] !== null);
  if (!known.length) return { empty: "Completed trials appear here." };
  const [first, second] = colours();
  const scores = info.colour ? scoresOf(info.colour) : { any: false };
  const said = (place) => `trial ${info.number[place]}${scores.any ? `<br>${plain(info.colour.label)}: ${info.colour.values[place] ?? "–"}` : ""}`;
  const part = (name, places, marker) => ({
    name, type: "scatter", mode: "markers", x: places.map((place) => x.values[place]), y: places.map((place) => y.values[place]),
    customdata: places.map((place) => info.pk[place]), text: places.map(said),
    hovertemplate: `%{text}<br>${plain(x.label)}: %{x:.5g}<br>${plain(y.label)}: %{y:.5g}<extra></extra>`,
    marker: { ...marker, ...(scores.any && marker.symbol !== "x-thin-open" ? { color: places.map((place) => scores.values[place]), colorscale: scale(info.colour.better), cmin: scores.low, cmax: scores.high } : {}) },
  });
  const size = pointSize(known.length);
  const front = known.filter((place) => info.on_front[place]).sort((a, b) => x.values[a] - x.values[b]);
  const traces = [
    part("dominated", known.filter((place) => !info.on_front[place] && !info.infeasible[place]), { color: first, size, opacity: 0.6 }),
    part("on the Pareto front", front, { color: second, size: size + 3, symbol: "diamond" }),
    part("infeasible", known.filter((place) => info.infeasible[place]), { color: colour("muted"), size, symbol: "x-thin-open" }),
  ].filter((trace) => trace.x.length);
  return {
    traces, axes: { x, y },
    layout: layout({ xaxis: axisLayout(x), yaxis: axisLayout(y), showlegend: true }),
    bar: info.colour ? colourBar(info.colour, scores) : null,
    text: `${y.label} over ${x.label}: ${front.length} of ${known.length} trials are on the Pareto front.`,
  };
}
