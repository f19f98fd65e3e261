// The comparison of trials: its curves, drawn anew while trials run.
import { drawCurves } from "./comparison/curves.js";
import { curveControls, curveNote, onCurveControls } from "./curve_controls.js";
import { follow, say } from "./plots.js";

const box = document.getElementById("comparison-plots");
const first = box.querySelector(".plot");
let info = { plots: [] };

function show(news) {
  info = news;
  curveNote(info.every);
  if (!info.plots.length) {
    say(first, "Curves appear after the first epoch.");
    return;
  }
  while (box.children.length < info.plots.length) {
    const element = document.createElement("div");
    element.className = "plot";
    box.append(element);
  }
  info.plots.forEach((plot, index) => drawCurves(box.children[index], plot, info, curveControls()));
}

onCurveControls(() => info.plots.length && show(info));
follow(box, show, first);
