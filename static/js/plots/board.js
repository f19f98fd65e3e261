// The plots of the trials page. Which ones are open, and how, stands in the address (plot=…,
// plot.<name>.<option>=…), which selection.js keeps: this module asks it for another address and
// draws what the address says. Each plot has a module of its own, loaded when it is opened.
import { chosenTrials } from "../chosen.js";
import { Drawing, request } from "./drawing.js";
import { saveAs } from "./saving.js";
import { Source, address } from "./source.js";

const board = document.getElementById("plot-board");
// One more than are drawn (tuning/analysis/plots/curves.py), so that the plot can say so.
const MAX_CURVES = 51;
const TICKING_MS = 400;

// A place for a plot: open or not, in view or not. It asks for figures only while it is both.
class Figure {
  constructor(element) {
    this.element = element;
    this.name = element.dataset.plot;
    this.visible = false;
    this.drawing = new Drawing(element);
    this.source = new Source(this.name, element.dataset.url, {
      wanted: () => this.open && this.visible,
      draw: (info, asked) => this.drawing.show(info, asked),
      failed: () => this.drawing.say("Could not load the data. Reload the page."),
    });
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-save]");
      if (button && this.drawing.drawn?.traces) saveAs(button.dataset.save, this.drawing);
    });
  }

  get open() { return !this.element.hidden; }

  set open(value) {
    if (this.open === value) return;
    this.element.hidden = !value;
    this.source.stop();
  }

  refresh(how) {
    if (this.open && this.visible) this.drawing.prepare().catch(() => {});
    return this.source.refresh(how);
  }
}

const figures = [...board.querySelectorAll(".plot-figure")].map((element) => new Figure(element));
const toggles = [...board.querySelectorAll(".plot-toggles [data-plot]")];

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const figure = figures.find((one) => one.element === entry.target);
    figure.visible = entry.isIntersecting;
    if (figure.visible) figure.refresh();
  }
}, { rootMargin: "200px" });
for (const figure of figures) watcher.observe(figure.element);

// Which plots a person has open is remembered for the project; what the address says goes first.
function remembered() {
  const asked = address();
  if (asked.has("plot") || asked.has("view")) return [];
  try {
    const names = JSON.parse(localStorage.getItem(board.dataset.remembered) ?? "[]");
    return names.filter((name) => figures.some((figure) => figure.name === name));
  } catch { return []; }
}

function remember(names) {
  try { localStorage.setItem(board.dataset.remembered, JSON.stringify(names)); } catch { /* for this page only */ }
}

function show(names) {
  for (const toggle of toggles) toggle.setAttribute("aria-pressed", String(names.includes(toggle.dataset.plot)));
  for (const figure of figures) figure.open = names.includes(figure.name);
}

for (const toggle of toggles) {
  toggle.addEventListener("click", () => {
    const open = toggles.filter((one) => (one.getAttribute("aria-pressed") === "true") !== (one === toggle)).map((one) => one.dataset.plot);
    // At once: the address follows.
    show(open);
    remember(open);
    const ticked = toggle.dataset.plot === "curves" && open.includes("curves") && chosenTrials().length ? tickedDetail() : {};
    request({ set: { ...ticked.set, plot: open }, remove: [...(ticked.remove ?? []), "plot"] });
  });
}

document.addEventListener("tuneroom:selection", (event) => {
  const news = Boolean(event.detail?.news);
  if (!news) show(address().getAll("plot"));
  for (const figure of figures) figure.refresh({ news });
});
// The curves are those of the rows that are ticked, in the address too, so that a colleague sees them.
function tickedDetail() {
  const trials = chosenTrials().slice(0, MAX_CURVES);
  const keys = ["plot.curves.trial", "plot.curves.count"];
  return { set: trials.length ? { [keys[0]]: trials } : {}, remove: keys, quiet: true };
}

let ticking = null;
document.addEventListener("tuneroom:chosen", () => {
  clearTimeout(ticking);
  // Several are ticked in a row: one question for all of them.
  ticking = setTimeout(() => {
    if (address().getAll("plot").includes("curves") || address().has("plot.curves.trial")) request(tickedDetail());
  }, TICKING_MS);
});

document.addEventListener("tuneroom:theme", () => { for (const figure of figures) if (figure.open) figure.drawing.draw(); });

const again = remembered();
show([...address().getAll("plot"), ...again]);
if (again.length) request({ set: { plot: again }, remove: ["plot"], quiet: true });
