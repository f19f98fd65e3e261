// The scatter-plot matrix: tuning/analysis/plots/matrix.py has the figures. Plotly's own trace for it
// needs WebGL with eval, see parallel.js: these are ordinary plots side by side.
import { plain } from "../plots.js";
import { axisLayout, colourBar, layout, namesOf, pointSize, scale, scoresOf } from "./figure.js";

export function figure(info) {
  const count = info.axes.length;
  if (!info.pk.length) return { empty: "No trials to draw." };
  if (count < 2) return { empty: "Select two or more columns." };
  const scores = scoresOf(info.colour);
  const text = namesOf(info).map((name) => `trial ${name}`);
  const axes = {};
  const places = {};
  const traces = [];
  const room = 1 / (count - 1);
  const domain = (place) => [(place + 0.04) * room, (place + 0.96) * room];
  // The lower half: each pair once.
  for (let row = 1; row < count; row += 1) {
    for (let column = 0; column < row; column += 1) {
      const id = traces.length ? traces.length + 1 : "";
      const [x, y] = [info.axes[column], info.axes[row]];
      axes[`x${id}`] = x;
      axes[`y${id}`] = y;
      const [atBottom, atLeft] = [row === count - 1, column === 0];
      places[`xaxis${id}`] = axisLayout(x, { domain: domain(column), anchor: `y${id}`, automargin: false, nticks: 4, showticklabels: atBottom, title: { text: atBottom ? plain(x.label) : "" } });
      places[`yaxis${id}`] = axisLayout(y, { domain: domain(count - 1 - row), anchor: `x${id}`, automargin: atLeft, nticks: 4, showticklabels: atLeft, title: { text: atLeft ? plain(y.label) : "" } });
      traces.push({
        type: "scatter", mode: "markers", xaxis: `x${id}`, yaxis: `y${id}`, x: x.values, y: y.values, customdata: info.pk, text, showlegend: false,
        hovertemplate: "%{text}<extra></extra>",
        marker: { size: pointSize(info.pk.length) - 1, opacity: 0.75, ...(scores.any ? { color: scores.values, colorscale: scale(info.colour.better) } : {}) },
      });
    }
  }
  return {
    traces, axes, rows: count - 1,
    layout: layout({ ...places, margin: { l: 72, r: 16, t: 16, b: 56 } }),
    bar: colourBar(info.colour, scores),
    text: `${info.pk.length} trials over each two of ${info.axes.map((axis) => axis.label).join(", ")}.`,
  };
}
