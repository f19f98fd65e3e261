// The best score so far of several searches: tuning/analysis/comparison/best_over_time.py.
import { colours, dash, draw, plain, say } from "../plots.js";

const UNITS = [[86400, "days"], [3600, "hours"], [60, "minutes"], [1, "seconds"]];

export function drawBestOverTime(element, group, over) {
  const curves = group.curves.filter((curve) => curve[over].x.length);
  if (!curves.length) {
    const ended = group.curves.some((curve) => curve.trials.x.length);
    say(element, ended ? "These searches have no start times." : "No trial has a score yet.");
    return;
  }
  const last = Math.max(...curves.map((curve) => curve[over].x.at(-1)));
  const [seconds, unit] = over === "trials" ? [1, "trial"] : UNITS.find(([size]) => last >= 2 * size) ?? UNITS.at(-1);
  element.setAttribute("role", "figure");
  element.setAttribute("aria-label", `Best ${group.objective} so far of each search`);
  draw(element, () => ({
    traces: curves.map((curve) => ({
      name: plain(curve.name), x: curve[over].x.map((x) => x / seconds), y: curve[over].best, customdata: curve[over].trials,
      type: "scatter", mode: "lines+markers", marker: { size: 5 },
      line: { color: colours()[curve.search % 6], width: 2, shape: "hv", dash: dash(curve.search) },
      hovertemplate: `%{y:.5g} with trial %{customdata}${over === "trials" ? "" : `, after %{x:.3g} ${unit}`}<extra>%{fullData.name}</extra>`,
    })),
    x: over === "trials" ? "trial" : `${over === "training" ? "training time" : "time since the start"} (${unit})`,
    y: `best ${group.objective}`,
    wholeX: over === "trials",
    // Another axis has other places to zoom to.
    layout: { uirevision: over },
  }));
}
