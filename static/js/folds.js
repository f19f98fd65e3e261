// A cross-validated trial's page: a point for each fold and their mean, followed while it runs.
import { colours, draw, follow, say } from "./plots.js";

const box = document.getElementById("folds-plot");

function show(info) {
  if (!info.folds.length) {
    say(box, box.dataset.active ? "Scores appear after the first fold." : "No scores.");
    return;
  }
  draw(box, () => {
    const [first, second] = colours();
    const ends = [0.5, info.count + 0.5];
    return {
      traces: [
        { name: "fold", x: info.folds, y: info.scores, type: "scatter", mode: "markers",
          marker: { color: first, size: 10 }, hovertemplate: "fold %{x}: %{y:.5g}<extra></extra>" },
        { name: "mean", x: ends, y: [info.mean, info.mean], type: "scatter", mode: "lines",
          line: { color: second, width: 2, dash: "dash" }, hovertemplate: "mean: %{y:.5g}<extra></extra>" },
      ],
      x: "fold",
      y: info.metric,
      range: ends,
    };
  });
}

follow(box, show);
