// The comparison of searches: its plots. What the best scores are drawn over stands in the address.
import { drawBestOverTime } from "./comparison/best_over_time.js";
import { drawDistribution } from "./comparison/distribution.js";
import { drawSpace } from "./comparison/spaces.js";
import { follow } from "./plots.js";

const box = document.getElementById("search-plots");
const over = document.getElementById("over");
const note = document.getElementById("over-note");
const NOTES = {
  trials: "",
  training: "Total training time of all trials.",
  wall: "Elapsed time, including pauses.",
};
let info = null;

// As many places for plots in a box as it needs.
function places(id, count) {
  const parent = document.getElementById(id);
  while (parent.children.length < count) {
    const element = document.createElement("div");
    element.className = "plot";
    parent.append(element);
  }
  parent.classList.toggle("single", count === 1);
  return [...parent.children];
}

function show(news) {
  info = news;
  note.textContent = NOTES[over.value];
  const best = info.best_over_time.groups;
  places("best-plots", best.length).forEach((element, index) => drawBestOverTime(element, best[index], over.value));
  const spread = info.distribution.groups;
  places("distribution-plots", spread.length).forEach((element, index) => drawDistribution(element, spread[index]));
  const spaces = info.spaces.hyperparameters;
  document.getElementById("spaces").parentElement.hidden = !spaces.length;
  if (spaces.length) places("space-plots", spaces.length).forEach((element, index) => drawSpace(element, spaces[index]));
}

const wanted = new URLSearchParams(location.search).get("over");
if (wanted in NOTES) over.value = wanted;
over.addEventListener("change", () => {
  const url = new URL(location);
  url.searchParams.set("over", over.value);
  history.replaceState(history.state, "", url);
  if (info) show(info);
});
follow(box, show, document.querySelector("#best-plots .plot"));
