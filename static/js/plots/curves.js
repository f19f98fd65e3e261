// Learning curves of several trials: tuning/analysis/plots/curves.py has the figures.
import { colour, colours, dash } from "../plots.js";
import { smooth } from "../smoothing.js";
import { axisLayout, layout } from "./figure.js";

export function figure(info, options) {
  if (!info.curves.length) return { empty: "No epochs yet." };
  const weight = Number(options.get("smoothing") ?? 0) || 0;
  const longest = info.curves.reduce((most, curve) => Math.max(most, ...curve.epochs), 0);
  const places = new Map(info.pk.map((pk, index) => [pk, index]));
  const y = { label: info.metric + (weight ? `, smoothed by ${weight}` : ""), values: info.curves.flatMap((curve) => curve.values), log: options.get("log") === "on" };
  const positive = y.values.some((value) => value > 0);
  return {
    traces: info.curves.map((curve) => {
      const index = places.get(curve.pk);
      return {
        type: "scatter", mode: curve.epochs.length < 40 ? "lines+markers" : "lines",
        name: `trial ${curve.number}${info.several ? `, execution ${curve.execution + 1}` : ""}${curve.pruned ? ", pruned" : ""}`, legendgroup: String(curve.number),
        x: curve.epochs, y: smooth(curve.values, weight), customdata: curve.epochs.map(() => curve.pk),
        line: { color: curve.pruned ? colour("pruned") : colours()[index % 6], width: curve.pruned ? 1.5 : 2, dash: dash(info.several ? 6 * curve.execution : index) }, marker: { size: 5 },
        hovertemplate: `${info.x} %{x}: %{y:.5g}<extra>%{fullData.name}</extra>`,
      };
    }),
    layout: layout({
      dragmode: "zoom", showlegend: true, legend: { orientation: "v", x: 1.02, y: 1, font: { size: 13 } },
      xaxis: axisLayout({ label: info.x, values: [] }, { tickformat: ",d", ...(longest <= 12 ? { dtick: 1 } : {}) }), yaxis: axisLayout(positive ? y : { ...y, log: false }),
    }),
    text: `${info.metric} of ${info.pk.length} trials over the ${info.x}s.`,
  };
}
