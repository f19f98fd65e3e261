// A trial's or a saved model's page: a plot for each metric, followed while it trains.
import { curveControls, curveNote, onCurveControls } from "./curve_controls.js";
import { colour, colours, dash, draw, follow, plain, say } from "./plots.js";
import { smooth } from "./smoothing.js";

const MAX_NAMED = 6;
const box = document.getElementById("curves-plots");
const first = box.querySelector(".plot");

let info = { plots: [] };

function show(news) {
  info = news;
  const { plots, every } = news;
  curveNote(every);
  if (!plots.length) {
    say(first, box.dataset.active ? "Curves appear after the first epoch." : "No epochs.");
    return;
  }
  while (box.children.length < plots.length) {
    const element = document.createElement("div");
    element.className = "plot";
    box.append(element);
  }
  plots.forEach((plot, index) => drawCurves(box.children[index], plot));
}

function drawCurves(element, plot) {
  const { smoothing, log } = curveControls();
  // Of many folds the legend would leave no room for the plot: it names the two colours.
  const many = plot.curves.length > MAX_NAMED;
  const kind = (curve) => (curve.validation ? "validation" : "training");
  const isFirst = (curve) => plot.curves.find((other) => kind(other) === kind(curve)) === curve;
  element.setAttribute("role", "figure");
  element.setAttribute("aria-label", `${plot.metric} over the epochs`);
  draw(element, () => ({
    // Validation and training keep their colours; executions differ by their dashes; an attempt that was pruned is grey.
    traces: plot.curves.map((curve, index) => ({
      name: many ? kind(curve) : plain(curve.name), meta: plain(curve.name), showlegend: !many || isFirst(curve), x: curve.epochs, y: smooth(curve.values, smoothing), type: "scatter",
      mode: curve.epochs.length < 40 ? "lines+markers" : "lines",
      line: { color: curve.pruned ? colour("pruned") : colours()[curve.validation ? 0 : 1], width: curve.pruned ? 1.5 : 2, dash: dash(6 * Math.floor(index / 2)) },
      marker: { size: 5 },
      hovertemplate: "epoch %{x}: %{y:.5g}<extra>%{meta}</extra>",
    })),
    x: "epoch",
    y: plot.metric,
    logY: log,
  }));
}

onCurveControls(() => info.plots.length && show(info));
follow(box, show, first);
