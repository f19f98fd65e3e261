// How the scores of searches are spread: tuning/analysis/comparison/distribution.py.
import { colours, dash, draw, say } from "../plots.js";

export function drawDistribution(element, group) {
  const curves = group.curves.filter((curve) => curve.count);
  if (!curves.length) {
    say(element, "No trial has a score yet.");
    return;
  }
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", `Share of trials up to each ${group.objective}, of each search`);
  draw(element, () => ({
    traces: curves.map((curve) => ({
      name: curve.name, x: curve.scores, y: curve.shares, type: "scatter", mode: "lines",
      line: { color: colours()[curve.search % 6], width: 2, shape: "hv", dash: dash(curve.search) },
      hovertemplate: "%{y:.1%} up to %{x:.5g}<extra>%{fullData.name}</extra>",
    })),
    x: group.objective,
    y: "share of trials",
    wholeX: false,
  }));
}
