// Importances: tuning/analysis/plots/importances.py has the figures.
import { colour, colours, plain } from "../plots.js";
import { layout } from "./figure.js";

export function figure(info) {
  if (!info.families.length) return { empty: info.note, waiting: info.waiting };
  // Each family has shares of its own: a hyperparameter that few trials use is judged among these.
  const traces = info.families.map((family, index) => ({
    type: "bar", orientation: "h", name: index ? `of the ${family.trials} trials that use it` : `of ${family.trials} trials`,
    x: family.shares, y: family.names.map(plain), text: family.shares.map((share) => (share < 0.01 ? "< 0.01" : share.toFixed(2))), textposition: "outside",
    cliponaxis: false, textfont: { color: colour("text") }, marker: { color: colours()[index % 6] }, hovertemplate: "%{y}: %{x:.3f}<extra></extra>",
  }));
  const [best] = info.families[0].names;
  return {
    traces,
    layout: layout({
      dragmode: false, showlegend: info.families.length > 1, barmode: "overlay",
      xaxis: { title: { text: `importance for ${plain(info.objective)}`, standoff: 8 }, gridcolor: colour("line"), rangemode: "tozero", automargin: true },
      yaxis: { autorange: "reversed", automargin: true, ticksuffix: " ", type: "category", fixedrange: true },
    }),
    bars: info.families.reduce((sum, family) => sum + family.names.length, 0),
    waiting: info.waiting,
    text: `${best} matters most for ${info.objective}.`,
  };
}
