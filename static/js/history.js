// The objective history: tuning/analysis/history.py has the figures.
import { colour, colours, draw, say } from "./plots.js";

// Several objectives: the first two, with the trials that no other one dominates.
function drawObjectives(element, info) {
  const [x, y] = info.axes;
  draw(element, () => {
    const part = (on, name, style) => {
      const places = info.numbers.map((_, place) => place).filter((place) => info.on_front[place] === on);
      return { name, type: "scatter", mode: "markers", x: places.map((i) => x.values[i]), y: places.map((i) => y.values[i]),
        text: places.map((i) => `trial ${info.numbers[i]}`), hovertemplate: "%{text}: %{x:.5g}, %{y:.5g}<extra></extra>", marker: style };
    };
    const [first, second] = colours();
    const traces = [part(false, "dominated", { color: first, size: 7, opacity: 0.6 }), part(true, "on the Pareto front", { color: second, size: 10, symbol: "diamond" })];
    return { traces, x: x.label, y: y.label, wholeX: false };
  });
}

export function drawHistory(element, info) {
  if (info.axes) {
    if (info.numbers.length) drawObjectives(element, info);
    else say(element, "Completed trials appear here.");
    return;
  }
  if (!info.numbers.length) {
    say(element, info.failed.length + info.pruned.length ? "No trial has a score." : "Completed trials appear here.");
    return;
  }
  draw(element, () => {
    const [first, second] = colours();
    const traces = [
      { name: info.total > info.numbers.length ? `trial (${info.numbers.length} of ${info.total} drawn)` : "trial", x: info.numbers, y: info.scores, mode: "markers", type: "scatter",
        marker: { color: first, size: info.numbers.length > 500 ? 4 : 8 }, hovertemplate: "trial %{x}: %{y:.5g}<extra></extra>" },
      { name: "best so far", x: info.numbers, y: info.best, mode: "lines", type: "scatter",
        line: { color: second, width: 2, shape: "hv" }, hovertemplate: "best so far: %{y:.5g}<extra></extra>" },
    ];
    if (info.baseline !== null) {
      const ends = [info.numbers[0], Math.max(info.numbers.at(-1), info.numbers[0] + 1)];
      traces.push({ name: "baseline", x: ends, y: [info.baseline, info.baseline], mode: "lines", type: "scatter",
        line: { color: colour("muted"), width: 1.5, dash: "dash" }, hovertemplate: "baseline: %{y:.5g}<extra></extra>" });
    }
    if (info.failed.length) {
      const low = Math.min(...info.scores);
      traces.push({ name: "failed", x: info.failed, y: info.failed.map(() => low), mode: "markers", type: "scatter",
        marker: { color: colour("failed"), size: 9, symbol: "x" }, hovertemplate: "trial %{x} failed<extra></extra>" });
    }
    if (info.pruned.length) {
      traces.push({ name: "pruned", x: info.pruned, y: info.pruned_values, mode: "markers", type: "scatter",
        marker: { color: colour("pruned"), size: 7, symbol: "circle-open" }, hovertemplate: "trial %{x} pruned at %{y:.5g}<extra></extra>" });
    }
    return { traces, x: "trial", y: info.objective };
  });
}
