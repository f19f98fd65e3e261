// A saved model's evaluation: tuning/analysis/evaluation/plots.py has the figures.
import { colour, colours, dash, draw, fetchInfo, plain, plotly, say } from "./plots.js";

const box = document.getElementById("evaluation-plots");
let info = null;

const line = (x, y, name, index) => ({ type: "scatter", mode: "lines", x, y, name: plain(name), line: { color: colours()[index % 6], width: 2, dash: dash(index) }, hovertemplate: "%{x:.3f}, %{y:.3f}<extra>%{fullData.name}</extra>" });
const chance = (x, y, name) => ({ type: "scatter", mode: "lines", x, y, name, line: { color: colour("line-strong"), width: 1, dash: "dot" }, hoverinfo: "skip" });
const share = { range: [-0.02, 1.02], tickformat: ".1f" };
const area = (curve) => (curve.area === null ? "" : ` (${curve.area.toFixed(3)})`);

const roc = (output) => ({
  label: "ROC curves", skip: !output.roc.length,
  make: () => ({
    traces: [...output.roc.map((curve, index) => line(curve.x, curve.y, curve.name + area(curve), index)), chance([0, 1], [0, 1], "chance")],
    x: "false positive rate", y: "true positive rate", wholeX: false, axes: { x: share, y: share }, layout: side(output.roc.length),
  }),
});

const precisionRecall = (output) => ({
  label: "Precision-recall curves", skip: !output.precision_recall.length,
  make: () => ({
    traces: [...output.precision_recall.map((curve, index) => line(curve.x, curve.y, curve.name + area(curve), index)),
      ...(output.share === null ? [] : [chance([0, 1], [output.share, output.share], "chance")])],
    x: "recall", y: "precision", wholeX: false, axes: { x: share, y: share }, layout: side(output.precision_recall.length),
  }),
});

const calibration = (output) => ({
  label: "Calibration", skip: !output.calibration.rows.length,
  make: () => ({
    traces: [
      { type: "scatter", mode: "lines+markers", name: plain(output.calibration_of), x: output.calibration.predicted, y: output.calibration.observed, text: output.calibration.rows,
        line: { color: colours()[0], width: 2 }, hovertemplate: "predicted %{x:.3f}, observed %{y:.3f}, %{text} rows<extra></extra>" },
      chance([0, 1], [0, 1], "perfectly calibrated"),
    ],
    x: "mean predicted probability", y: "share observed", wholeX: false, axes: { x: share, y: share },
  }),
});

const predictedByActual = (output) => ({
  label: "Predicted against actual values", skip: !output.actual.length,
  note: output.actual.length < output.total ? `${output.actual.length.toLocaleString("en")} of ${output.total.toLocaleString("en")} test rows are drawn.` : "",
  make: () => ({
    traces: [points(output, output.actual, output.predicted), chance(ends(output.actual), ends(output.actual), "perfect")],
    x: `actual ${output.name}`, y: `predicted ${output.name}`, wholeX: false,
  }),
});

const residuals = (output) => ({
  label: "Residuals by predicted value", skip: !output.actual.length,
  make: () => ({
    traces: [points(output, output.predicted, output.predicted.map((value, index) => value - output.actual[index])), chance(ends(output.predicted), [0, 0], "no error")],
    x: `predicted ${output.name}`, y: "error (predicted − actual)", wholeX: false,
  }),
});

const errors = (output) => ({
  label: "Distribution of errors", skip: !output.residuals,
  make: () => {
    const { edges, counts } = output.residuals;
    return {
      traces: [{ type: "bar", x: counts.map((_, index) => (edges[index] + edges[index + 1]) / 2), y: counts, width: counts.map((_, index) => edges[index + 1] - edges[index]),
        marker: { color: colours()[0] }, name: "test rows", hovertemplate: "around %{x:.4g}: %{y} rows<extra></extra>" }],
      x: "error (predicted − actual)", y: "test rows", wholeX: false, layout: { showlegend: false, bargap: 0.02 },
    };
  },
});

const reconstructionErrors = (output) => ({
  label: "Distribution of reconstruction errors", skip: !output.errors,
  make: () => {
    const { edges, counts } = output.errors;
    const rule = (x, name, index) => ({ type: "scatter", mode: "lines", x: [x, x], y: [0, Math.max(...counts)], name, line: { color: colours()[index], width: 2, dash: "dash" }, hovertemplate: `${name}: %{x:.4g}<extra></extra>` });
    return {
      traces: [{ type: "scatter", mode: "lines", x: edges, y: [...counts, 0], line: { shape: "hv", color: colours()[0], width: 1 }, fill: "tozeroy",
        name: "test rows", hovertemplate: "from %{x:.3g}: %{y} rows<extra></extra>" },
      rule(output.mean, "mean", 1), rule(output.baseline, "baseline (predicts the mean)", 2)],
      x: "mean squared error of a row", y: "test rows", wholeX: false, axes: { x: { type: "log" } },
    };
  },
});

const columnErrors = (output) => ({
  label: "Error by column", skip: !output.columns.length, bars: output.columns.length,
  make: () => ({
    traces: [bar(output.columns, output.column_errors, "model", 0), bar(output.columns, output.column_baselines, "baseline (predicts the mean)", 2)],
    x: "mean squared error", y: "", wholeX: false,
    axes: { y: { autorange: "reversed", type: "category", automargin: true, ticksuffix: " ", title: { text: "" } } }, layout: { barmode: "group" },
  }),
});
const bar = (names, values, name, index) => ({ type: "bar", orientation: "h", x: values, y: names.map(plain), name, marker: { color: colours()[index] }, hovertemplate: "%{y}: %{x:.4g}<extra>%{fullData.name}</extra>" });

const importances = (found) => ({
  label: "Column importance", bars: found.columns.length,
  make: () => ({
    traces: [{ type: "bar", orientation: "h", x: found.means, y: found.columns.map(plain), error_x: { type: "data", array: found.deviations, color: colour("muted"), thickness: 1.5, width: 3 },
      marker: { color: colours()[0] }, hovertemplate: "%{y}: %{x:.4g} ± %{error_x.array:.2g}<extra></extra>" }],
    x: `drop in ${found.score}`, y: "", wholeX: false,
    axes: { y: { autorange: "reversed", type: "category", automargin: true, ticksuffix: " ", title: { text: "" } } }, layout: { showlegend: false },
  }),
});

// A date axis takes milliseconds; other times are numbers.
const drawnSeries = (target) => new Set(target.steps.map((step) => step.series)).size;
const overTime = (target) => (step, place) => ({
  label: `Forecast over time: ${target.name}${step.series ? ` of ${plain(step.series)}` : ""}, ${step.step} step${step.step === 1 ? "" : "s"} ahead`,
  note: step.times.length < target.total && !step.series ? `The newest ${step.times.length.toLocaleString("en")} of ${target.total.toLocaleString("en")} test windows are drawn.`
    : !place && drawnSeries(target) < target.series ? `The first ${drawnSeries(target)} of ${target.series.toLocaleString("en")} series are drawn.` : "",
  make: () => ({
    traces: [["actual", 0], ["predicted", 1]].map(([name, index]) => ({
      type: "scatter", mode: "lines", x: step.times, y: step[name], name, line: { color: colours()[index], width: 1.5, dash: dash(index) },
      hovertemplate: `%{x}: %{y:.5g}<extra>${name}</extra>`,
    })),
    x: "time", y: target.name, wholeX: false, axes: { x: target.dated ? { type: "date" } : {} },
  }),
});

const byStep = (target) => ({
  label: `Error by step of the horizon: ${target.name}`, skip: target.errors[0].values.length < 2,
  make: () => ({
    traces: target.errors.map(({ caption, values }, index) => ({
      type: "scatter", mode: "lines+markers", x: values.map((_, step) => step + 1), y: values, name: caption, line: { color: colours()[index], width: 2, dash: dash(index) },
      hovertemplate: "step %{x}: %{y:.4g}<extra>%{fullData.name}</extra>",
    })),
    x: "steps ahead", y: "mean absolute error", wholeX: true, axes: { y: { rangemode: "tozero" } },
  }),
});

const forecastsOf = (target) => [...target.steps.map(overTime(target)), byStep(target)];

const points = (output, x, y) => ({ type: "scatter", mode: "markers", x, y, text: output.rows, name: "test rows", marker: { color: colours()[0], size: x.length > 300 ? 5 : 7, opacity: 0.6 },
  hovertemplate: "row %{text}: %{x:.5g}, %{y:.5g}<extra></extra>" });
const ends = (values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
// A long legend above a plot would cover it.
const side = (count) => (count > 4 ? { legend: { orientation: "v", x: 1.02, y: 1, font: { size: 13 } } } : {});

const kindsOf = (output) => {
  if (output.columns) return [reconstructionErrors, columnErrors];
  return output.roc ? [roc, precisionRecall, calibration] : [predictedByActual, residuals, errors];
};
const figuresOf = (output, several) => kindsOf(output)
  .map((make) => make(output)).map((figure) => (several ? { ...figure, label: `${figure.label}: ${output.name}` } : figure));

function show() {
  const figures = [...(info.forecasts ?? []).flatMap(forecastsOf), ...info.outputs.flatMap((output) => figuresOf(output, info.outputs.length > 1)), ...(info.importances ? [importances(info.importances)] : [])].filter((figure) => !figure.skip);
  box.querySelector(":scope > .plot-wait")?.remove();
  // All boxes first: Plotly measures each, and a further one may make room for two in a row.
  const boxes = figures.map((figure, index) => box.children[index] ?? frame(figure));
  figures.forEach((figure, index) => draw(boxes[index].querySelector(".plot"), figure.make));
}

function frame({ label, note, bars }) {
  const element = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const plot = document.createElement("div");
  caption.textContent = note ? `${label}. ${note}` : label;
  plot.className = bars > 12 ? "plot tall" : "plot";
  plot.setAttribute("role", "figure");
  plot.setAttribute("aria-label", label);
  element.append(caption, plot);
  box.append(element);
  return element;
}

try {
  await plotly;
  info = await fetchInfo(box.dataset.url);
  show();
} catch {
  say(box, "Could not load the data. Reload the page.");
}
document.addEventListener("tuneroom:theme", () => info && show());
