// The timeline of trials over workers: tuning/analysis/plots/timeline.py has the figures.
import { colour, plain } from "../plots.js";
import { layout, namesOf } from "./figure.js";

const STATUSES = ["completed", "running", "pruned", "infeasible", "failed", "stopped", "queued"];

export function figure(info) {
  if (!info.pk.length) return { empty: "No trials have started." };
  const names = namesOf(info);
  const traces = STATUSES.flatMap((status) => {
    const mine = info.status.flatMap((one, index) => (one === status && info.end[index] !== null ? [index] : []));
    if (!mine.length) return [];
    return [{
      type: "bar", orientation: "h", name: status,
      base: mine.map((index) => info.start[index]), x: mine.map((index) => Math.max(info.end[index] - info.start[index], 1)),
      y: mine.map((index) => info.place[index]), customdata: mine.map((index) => info.pk[index]), width: 0.7,
      text: mine.map((index) => `trial ${names[index]}, ${((info.end[index] - info.start[index]) / 1000).toFixed(1)} s${info.score[index] === null ? "" : `: ${Number(info.score[index].toPrecision(5))}`}`),
      textposition: "none", hovertemplate: `%{text}<extra>${status}</extra>`,
      marker: { color: colour(status === "queued" ? "waiting" : status), line: { color: colour("surface"), width: mine.length > 500 ? 0 : 1 },
        ...(status === "failed" ? { pattern: { shape: "/", size: 5 } } : {}) },
    }];
  });
  return {
    traces,
    layout: layout({
      barmode: "overlay", dragmode: "zoom", showlegend: true,
      xaxis: { type: "date", gridcolor: colour("line"), automargin: true, title: { text: "UTC", standoff: 8 } },
      yaxis: { tickvals: info.lines.map((_, index) => index), ticktext: info.lines.map(plain), automargin: true, autorange: "reversed", fixedrange: true, zeroline: false },
    }),
    bars: info.lines.length,
    text: `${info.pk.length} trials on ${info.lines.length} slots.`,
  };
}
