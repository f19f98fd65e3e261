// What all plots share: Plotly, drawn in the page's own tokens.
import { download } from "./plots/saving.js";

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const colours = () => [1, 2, 3, 4, 5, 6].map((number) => token(`--plot-${number}`));
export const colour = (name) => token(`--${name}`);
const DASHES = ["solid", "dash", "dot", "dashdot"];
export const dash = (index) => DASHES[Math.floor(index / 6) % DASHES.length];

// Plotly reads some HTML in its texts, links among it. What people and their code have named is text.
export const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const axis = (title) => ({
  title: { text: plain(title), standoff: 8 },
  gridcolor: token("--line"),
  linecolor: token("--line-strong"),
  zeroline: false,
  automargin: true,
  tickfont: { size: 13 },
});

// Plotly writes names of axes larger than their figures.
const AXIS = { title: { font: { size: 13 } } };

// What the layouts of all plots have.
export const texts = () => ({
  template: { layout: { xaxis: AXIS, yaxis: AXIS } },
  font: { family: token("--font"), size: 13, color: token("--muted") },
  hoverlabel: { bgcolor: token("--surface"), bordercolor: token("--line-strong"), font: { color: token("--text"), size: 13 } },
  legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 13 } },
});

// A plot is as large as its place, which may change without the window: what is beside it comes and goes.
const fitting = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.offsetParent && target.querySelector(".main-svg")) Plotly.Plots.resize(target);
  }
});

// Draws or updates. `traces` and the axis titles are made anew for each theme, hence a function.
export function draw(element, make) {
  if (!window.Plotly) {
    say(element, "Plots could not be loaded. See the tables instead.");
    return;
  }
  const { traces, layout } = figureOf(make);
  element.querySelector(".plot-wait")?.remove();
  Plotly.react(element, traces, layout, { displayModeBar: false, staticPlot: false });
  fitting.observe(element);
  offerSaving(element, () => inWords(figureOf(make)));
}

function figureOf(make) {
  const { traces, x, y, range, wholeX = true, logY = false, axes = {}, layout = {} } = make();
  return { traces, layout: {
    margin: { l: 56, r: 16, t: 32, b: 44 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    ...texts(),
    showlegend: true,
    xaxis: { ...axis(x), ...(wholeX ? { tickformat: ",d", ...whole(traces) } : {}), ...(range ? { range } : {}), ...axes.x },
    yaxis: { ...axis(y), ...(logY ? logAxis(traces) : aroundOne(traces)), ...axes.y },
    // The same value keeps zooming and hidden curves through an update.
    uirevision: "page",
    ...layout,
  } };
}

// One value, however often: Plotly would draw an accuracy of 0.95 between -0.05 and 1.95.
function aroundOne(traces) {
  const lines = traces.filter((trace) => trace.type !== "bar");
  const values = new Set(lines.flatMap((trace) => [...(trace.y ?? [])]).filter(Number.isFinite));
  if (values.size !== 1) return {};
  const [value] = values;
  const room = Math.abs(value) * 0.05 || 0.05;
  return { range: [value - room, value + room] };
}

// A picture stands alone: it needs the legend that a page may have beside its plots.
const inWords = ({ traces, layout }) => ({ traces, layout: { ...layout, showlegend: true } });

// The drawn element keeps its two buttons; what they save is what was drawn last.
const figures = new WeakMap();

function offerSaving(element, make) {
  figures.set(element, make);
  // Its label says what it shows; hundreds of texts in it would say it badly.
  element.querySelector(".plot-container").setAttribute("aria-hidden", "true");
  if (element.querySelector(".plot-save")) return;
  const buttons = document.createElement("div");
  buttons.className = "plot-save";
  for (const format of ["png", "svg"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small quiet";
    button.textContent = format.toUpperCase();
    const title = element.getAttribute("aria-label") ?? document.title;
    button.setAttribute("aria-label", `Save as ${format.toUpperCase()}: ${title}`);
    button.addEventListener("click", () => download(format, element, figures.get(element), title, title.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60)));
    buttons.append(button);
  }
  element.append(buttons);
}

// Zooming on one kind of axis means nothing on the other. Without a format Plotly writes the digits
// between powers of ten smaller than all other text; over a decade or more there is no room for all nine.
function logAxis(traces) {
  const drawn = traces.flatMap((trace) => trace.y).filter((value) => value > 0);
  const decades = Math.log10(Math.max(...drawn) / Math.min(...drawn));
  return { type: "log", uirevision: "log", tickformat: "~g", ...(decades > 0.7 && decades < 4 ? { dtick: "D2" } : {}) };
}

// Ticks at whole numbers even where there are only a few of them.
function whole(traces) {
  const last = Math.max(1, ...traces.flatMap((trace) => trace.x));
  return last <= 10 ? { dtick: 1 } : {};
}

export function say(element, text) {
  if (window.Plotly && element.classList.contains("js-plotly-plot")) Plotly.purge(element);
  const note = document.createElement("p");
  note.className = "plot-wait";
  note.textContent = text;
  element.replaceChildren(note);
}

export async function fetchInfo(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`the plots' data answered ${response.status}`);
  return response.json();
}

// Keeps a page's plots up to date: figures from the box's address, drawn by `show` at once, with each
// news that htmx brings, and in each theme. `place` is where a sentence goes while there are none.
export function follow(box, show, place = box) {
  let info = null;

  async function refresh() {
    try {
      await plotly;
      info = await fetchInfo(box.dataset.url);
      show(info);
    } catch {
      if (!info) say(place, "Could not load the data. Reload the page.");
    }
  }

  document.addEventListener("htmx:afterSwap", refresh);
  document.addEventListener("tuneroom:theme", () => info && show(info));
  refresh();
}

// Modules run after deferred scripts, but a slow network may still be fetching Plotly.
export const plotly = new Promise((resolve) => {
  if (window.Plotly || document.readyState === "complete") resolve();
  else window.addEventListener("load", resolve, { once: true });
});
