// The learning curves of compared trials, all in one plot of a metric: tuning/analysis/comparison/curves.py.
import { smooth } from "../smoothing.js";
import { colours, dash, draw, plain } from "../plots.js";

export function drawCurves(element, plot, info, { smoothing, log, mean }) {
  element.setAttribute("role", "figure");
  element.setAttribute("aria-label", `${plot.metric} of the compared trials over the ${info.x}s`);
  draw(element, () => ({
    traces: (mean ? means(plot.curves) : plot.curves).map((curve) => ({
      name: plain(info.trials[curve.trial]) + (several(plot, curve) && !mean ? `, execution ${curve.execution + 1}` : ""),
      x: curve.epochs, y: smooth(curve.values, smoothing), type: "scatter",
      mode: curve.epochs.length < 40 ? "lines+markers" : "lines",
      // The colour is the trial's; from the seventh on, dashes distinguish trials, and markers executions.
      line: { color: colours()[curve.trial % 6], width: 2, dash: dash(curve.trial) },
      marker: { size: 5, symbol: curve.execution % 8 },
      hovertemplate: `${info.x} %{x}: %{y:.5g}<extra>%{fullData.name}</extra>`,
    })),
    x: info.x,
    y: plot.metric,
    logY: log,
    // The page has one legend for all plots.
    layout: { showlegend: false },
  }));
}

const several = (plot, curve) => plot.curves.some((other) => other.trial === curve.trial && other.execution !== curve.execution);

// One curve a trial: at each epoch the mean of the executions that have it.
function means(curves) {
  const trials = new Map();
  for (const { trial, epochs, values } of curves) {
    if (!trials.has(trial)) trials.set(trial, new Map());
    const sums = trials.get(trial);
    epochs.forEach((epoch, index) => {
      if (values[index] === null) return;
      const [sum, count] = sums.get(epoch) ?? [0, 0];
      sums.set(epoch, [sum + values[index], count + 1]);
    });
  }
  return [...trials].map(([trial, sums]) => {
    const epochs = [...sums.keys()].sort((a, b) => a - b);
    return { trial, execution: 0, epochs, values: epochs.map((epoch) => sums.get(epoch)[0] / sums.get(epoch)[1]) };
  });
}
