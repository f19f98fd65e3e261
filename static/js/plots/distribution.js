// Empirical distributions: tuning/analysis/plots/distribution.py has the figures.
import { colour, colours, dash, plain } from "../plots.js";
import { axisLayout, layout } from "./figure.js";

export function figure(info) {
  if (!info.curves.some((curve) => curve.count)) return { empty: "No scores yet." };
  const x = { key: "score", label: info.objective, values: [] };
  return {
    traces: info.curves.map((curve, index) => ({
      type: "scatter", mode: "lines", name: `${plain(curve.name)} (${curve.count})`, x: curve.scores, y: curve.shares,
      line: { color: colours()[index % 6], width: 2, shape: "hv", dash: dash(index) }, hovertemplate: "%{y:.0%} of the trials have at most %{x:.5g}<extra></extra>",
    })),
    layout: layout({
      showlegend: true, selectdirection: "h", xaxis: axisLayout(x),
      yaxis: { title: { text: "share of trials", standoff: 8 }, tickformat: ".0%", range: [0, 1.02], gridcolor: colour("line"), automargin: true },
    }),
    axes: { x },
    text: info.curves.map((curve) => `${curve.name}: ${curve.count} trials`).join("; "),
  };
}
