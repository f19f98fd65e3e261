// The objective history: tuning/analysis/plots/history.py has the figures.
import { colour, colours } from "../plots.js";
import { axisLayout, layout, namesOf, pointSize } from "./figure.js";

export function figure(info) {
  const count = info.scores.length;
  if (!count) return { empty: info.failed.length + info.pruned.length ? "No scores yet." : "Completed trials appear here." };
  const [first, second] = colours();
  const x = { key: "number", label: info.x, values: info.number };
  const y = { key: "score", label: info.objective, values: info.scores };
  const traces = [
    { name: "trial", type: "scatter", mode: "markers", x: info.number, y: info.scores, customdata: info.pk,
      marker: { color: first, size: pointSize(count), opacity: count > 2000 ? 0.5 : 0.85 },
      text: namesOf(info), hovertemplate: "trial %{text}: %{y:.5g}<extra></extra>" },
  ];
  // Several objectives have none.
  if (info.best.length) {
    traces.push({ name: "best so far", type: "scatter", mode: "lines", x: info.best_numbers, y: info.best,
      line: { color: second, width: 2, shape: "hv" }, hovertemplate: "best so far: %{y:.5g}<extra></extra>" });
  }
  if (info.failed.length) {
    const low = info.scores.reduce((a, b) => Math.min(a, b));
    traces.push({ name: "failed", type: "scatter", mode: "markers", x: info.failed, y: info.failed.map(() => low),
      customdata: info.failed_pk, marker: { color: colour("failed"), size: 7, symbol: "x" }, text: info.failed_names ?? info.failed, hovertemplate: "trial %{text} failed<extra></extra>" });
  }
  if (info.pruned.length) {
    traces.push({ name: "pruned", type: "scatter", mode: "markers", x: info.pruned, y: info.pruned_values, customdata: info.pruned_pk,
      marker: { color: colour("pruned"), size: 7, symbol: "circle-open" }, text: info.pruned_names ?? info.pruned, hovertemplate: "trial %{text} pruned at %{y:.5g}<extra></extra>" });
  }
  return {
    traces,
    layout: layout({ xaxis: axisLayout(x, { tickformat: ",d" }), yaxis: axisLayout(y), showlegend: true }),
    // Positions of several searches' trials are no numbers to filter by.
    axes: info.names ? { y } : { x, y },
    text: `Scores of ${count} trials${info.best.length ? `; best so far ${info.best.at(-1)}` : ""}.`,
  };
}
