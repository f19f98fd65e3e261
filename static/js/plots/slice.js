// The slice plot: tuning/analysis/plots/slice.py has the figures.
import { plain } from "../plots.js";
import { axisLayout, layout, namesOf, pointSize, scale } from "./figure.js";

const IN_A_ROW = 3;

export function figure(info) {
  if (!info.pk.length || !info.axes.length) return { empty: "No trials to draw." };
  const rows = Math.ceil(info.axes.length / IN_A_ROW);
  const across = Math.min(info.axes.length, IN_A_ROW);
  const axes = {};
  const places = {};
  const traces = info.axes.map((axis, index) => {
    const id = index ? index + 1 : "";
    const [row, column] = [Math.floor(index / IN_A_ROW), index % IN_A_ROW];
    axes[`x${id}`] = axis;
    axes[`y${id}`] = info.figure;
    places[`xaxis${id}`] = axisLayout(axis, { domain: [(column + 0.04) / across, (column + 0.96) / across], anchor: `y${id}`, automargin: false, nticks: 5 });
    // One scale for all, named once in each row.
    places[`yaxis${id}`] = axisLayout(info.figure, {
      domain: [1 - (row + 0.72) / rows, 1 - row / rows], anchor: `x${id}`, matches: index ? "y" : undefined,
      showticklabels: column === 0, title: { text: column === 0 ? plain(info.figure.label) : "" },
    });
    return {
      type: "scatter", mode: "markers", xaxis: `x${id}`, yaxis: `y${id}`, x: axis.values, y: info.figure.values, customdata: info.pk,
      text: namesOf(info).map((name) => `trial ${name}`), showlegend: false,
      marker: { size: pointSize(info.pk.length), opacity: 0.75, color: info.names ? info.pk : info.number, colorscale: scale() },
      hovertemplate: axis.texts ? "%{text}: %{y:.5g}<extra></extra>" : `%{text}: %{y:.5g}<br>${plain(axis.label)}: %{x:.5g}<extra></extra>`,
    };
  });
  return {
    traces, axes, rows,
    layout: layout({ ...places, margin: { l: 64, r: 16, t: 16, b: 24 } }),
    bar: info.pk.length > 1 ? { label: "order of trials", from: "first", to: "last" } : null,
    text: `${info.figure.label} over ${info.axes.map((axis) => axis.label).join(", ")}, ${info.pk.length} trials.`,
  };
}
