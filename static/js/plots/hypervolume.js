// The hypervolume by trial: tuning/analysis/plots/hypervolume.py has the figures.
import { colours } from "../plots.js";
import { axisLayout, layout } from "./figure.js";

export function figure(info) {
  if (!info.volumes.length) return { empty: "Completed trials of a search with several objectives appear here." };
  const x = { key: "number", label: "trial", values: info.number };
  const y = { key: "hypervolume", label: "hypervolume", values: info.volumes };
  const [first] = colours();
  const ends = [[...info.number, info.last], [...info.volumes, info.volumes.at(-1)]];
  const traces = [
    { name: "hypervolume", type: "scatter", mode: "lines", x: ends[0], y: ends[1], line: { color: first, width: 2, shape: "hv" }, hoverinfo: "skip" },
    { name: "improves the front", type: "scatter", mode: "markers", x: info.number, y: info.volumes, customdata: info.pk,
      marker: { color: first, size: 7 }, hovertemplate: "trial %{x}: %{y:.5g}<extra></extra>" },
  ];
  return {
    traces, layout: layout({ xaxis: axisLayout(x, { tickformat: ",d" }), yaxis: axisLayout(y, { rangemode: "tozero" }), showlegend: false, dragmode: false }),
    text: `Hypervolume ${info.volumes.at(-1)} after ${info.total} trials.`,
  };
}
