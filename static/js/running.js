// The learning curves of the running trials: tuning/analysis/curves.py, running_info.
import { colours, dash, draw, plain, say } from "./plots.js";

export function drawRunning(element, info) {
  if (!info.curves.length) {
    say(element, `Curves appear with the first ${info.x}s of the running trials.`);
    return;
  }
  draw(element, () => ({
    traces: info.curves.map((curve, index) => ({
      name: plain(curve.name), x: curve.epochs, y: curve.values, type: "scatter", mode: "lines+markers",
      line: { color: colours()[index % 6], width: 2, dash: dash(index) }, marker: { size: 5 },
      hovertemplate: `${info.x} %{x}: %{y:.5g}<extra>%{fullData.name}</extra>`,
    })),
    x: info.x,
    y: info.metric,
  }));
}
