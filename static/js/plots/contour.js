// The contour plot: tuning/analysis/plots/contour.py has the figures.
import { colour, plain } from "../plots.js";
import { axisLayout, colourBar, layout, namesOf, scale, scoresOf } from "./figure.js";

export function figure(info) {
  if (!info.pk.length) return { empty: info.note || "No trials to draw." };
  const { x, y } = info;
  return {
    traces: [
      { type: "contour", x: info.columns, y: info.rows, z: info.means, connectgaps: true, ncontours: 12,
        colorscale: scale(info.figure.better), showscale: false, line: { width: 0.5, color: colour("surface") },
        customdata: info.counts, hovertemplate: `mean ${plain(info.figure.label)}: %{z:.5g}<br>%{customdata} trials<extra></extra>` },
      { type: "scatter", mode: "markers", x: x.values, y: y.values, customdata: info.pk, showlegend: false,
        text: namesOf(info).map((name, index) => `trial ${name}: ${Number(info.figure.values[index].toPrecision(5))}`), hovertemplate: "%{text}<extra></extra>",
        marker: { size: info.pk.length > 300 ? 3 : 6, color: colour("text"), line: { width: 1, color: colour("surface") }, opacity: info.pk.length > 300 ? 0.35 : 0.8 } },
    ],
    layout: layout({ xaxis: axisLayout(x, { range: undefined }), yaxis: axisLayout(y, { range: undefined }), showlegend: false }),
    axes: { x, y },
    bar: colourBar(info.figure, scoresOf({ ...info.figure, values: info.means.flat() })),
    text: `Mean ${info.figure.label} over ${x.label} and ${y.label}.`,
  };
}
