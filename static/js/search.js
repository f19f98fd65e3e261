// A search's page: its two plots, drawn anew when the live fragments bring news.
import { drawHistory } from "./history.js";
import { drawRunning } from "./running.js";
import { fetchInfo, plotly, say } from "./plots.js";

const history = document.getElementById("history-plot");
const running = document.getElementById("running-plot");
let info = null;
let revision = null;
let busy = false;

async function refresh() {
  const now = document.getElementById("search-poll").dataset.revision;
  if (!history || busy || now === revision) return;
  busy = true;
  try {
    await plotly;
    info = await fetchInfo(history.dataset.url);
    revision = now;
    show();
  } catch {
    if (!info) for (const element of [history, running]) say(element, "Could not load the data. Reload the page.");
  }
  busy = false;
}

function show() {
  if (!info) return;
  const isActive = document.getElementById("search-poll").dataset.active === "1";
  // A panel that has nothing to show goes with the last trial.
  document.getElementById("search-running").hidden = !isActive;
  drawHistory(history, info.history);
  if (isActive) drawRunning(running, info.running);
}

document.addEventListener("htmx:afterSettle", refresh);
document.addEventListener("htmx:afterRequest", refresh);
document.addEventListener("tuneroom:theme", show);
refresh();
