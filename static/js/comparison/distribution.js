// How the scores of searches are spread: tuning/analysis/comparison/distribution.py.
import { colours, dash, draw, say } from "../plots.js";

export function drawDistribution(element, group) {
  const curves = group.curves.filter((curve) => curve.count);
  if (!curves.length) {
    say(element, "No trial has a score yet.");
    return;
  }
  const scores = curves.flatMap((curve) => [curve.scores[0], curve.scores.at(-1)]);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const room = (high - low || Math.abs(high) || 1) * 0.03;
  element.setAttribute("role", "figure");
  element.setAttribute("aria-label", `Share of trials up to each ${group.objective}, of each search`);
  draw(element, () => ({
    traces: curves.map((curve) => ({
      name: curve.name, x: [low - room, ...curve.scores, high + room], y: [0, ...curve.shares, 1], type: "scatter", mode: "lines",
      line: { color: colours()[curve.search % 6], width: 2, shape: "hv", dash: dash(curve.search) },
      hovertemplate: "%{y:.1%} up to %{x:.5g}<extra>%{fullData.name}</extra>",
    })),
    x: group.objective,
    y: "share of trials",
    wholeX: false,
    axes: { x: { range: [low - room, high + room] }, y: { range: [0, 1.03], tickformat: ".0%" } },
  }));
}
