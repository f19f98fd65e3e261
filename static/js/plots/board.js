// The plots of the trials page. Which ones are open, and how, stands in the address (plot=…,
// plot.<name>.<option>=…), which selection.js keeps: this module asks it for another address and
// draws what the address says. Each plot has a module of its own, loaded when it is opened.
import { chosenTrials } from "../chosen.js";
import { plotly, say } from "../plots.js";
import { filled, controls } from "./options.js";
import { saveAs } from "./saving.js";
import { openTrial } from "./trial_card.js";
import { filterOf, together } from "./figure.js";

const board = document.getElementById("plot-board");
const address = () => new URLSearchParams(document.getElementById("selection").dataset.query);
const request = (detail) => document.dispatchEvent(new CustomEvent("tuneroom:filter", { detail }));

// What following a running search may cost the browser: a tenth of its time.
const SHARE = 10;
const WAITING_MS = 2000;
const CLICK_PIXELS = 4;
// One more than are drawn (tuning/analysis/plots/curves.py), so that the plot can say so.
const MAX_CURVES = 51;
const TICKING_MS = 400;

class Figure {
  constructor(element) {
    this.element = element;
    this.name = element.dataset.plot;
    this.plot = element.querySelector(".plot");
    this.note = element.querySelector(".plot-note");
    this.options = element.querySelector(".plot-options");
    this.info = null;
    this.asked = null;
    this.visible = false;
    this.turn = 0;
    this.cost = 0;
    this.timer = null;
    this.held = false;
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-save]");
      if (button && this.drawn?.traces) saveAs(button.dataset.save, this);
    });
    // A redraw in the middle of a drag would tear the brush out of the person's hand.
    this.plot.addEventListener("pointerdown", (event) => { this.held = true; this.pressed = [event.clientX, event.clientY]; }, true);
    this.plot.addEventListener("click", (event) => this.pressLine(event));
    window.addEventListener("pointerup", () => setTimeout(() => { this.held = false; if (this.late) this.draw(); }), true);
    new ResizeObserver(() => this.drawn?.traces && window.Plotly && !element.hidden && Plotly.Plots.resize(this.plot)).observe(this.plot);
  }

  get open() { return !this.element.hidden; }

  set open(value) {
    if (this.open === value) return;
    this.element.hidden = !value;
    clearTimeout(this.timer);
  }

  // What of the address decides about this plot.
  ask() {
    const kept = new URLSearchParams();
    for (const [key, value] of address()) {
      if (key.includes("__") || key === "objective" || key.startsWith(`plot.${this.name}.`) || (key === "sort" && this.name === "curves")) kept.append(key, value);
    }
    return kept.toString();
  }

  async refresh({ news = false } = {}) {
    if (!this.open || !this.visible) return;
    clearTimeout(this.timer);
    const asked = this.ask();
    const same = asked === this.asked;
    const wait = this.cost * SHARE - (performance.now() - this.fetched);
    if (news && same && wait > 0) { this.later(wait); return; }
    // Opening asks twice: when the plot comes into view, and when the address has it.
    if (asked === this.asking && !news) return;
    this.asking = asked;
    this.older?.abort();
    const { signal } = this.older = new AbortController();
    const turn = ++this.turn;
    const begun = performance.now();
    const since = same && this.info ? `&since=${encodeURIComponent(this.info.version)}` : "";
    try {
      const asking = fetch(`${this.element.dataset.url}?${asked}${since}`, { headers: { Accept: "application/json" }, signal });
      // While the figures are on their way.
      [this.module] = await Promise.all([this.module ?? import(`./${this.name}.js`), plotly, asking]);
      const response = await asking;
      if (turn !== this.turn) return;
      if (!response.ok) throw new Error(`the plot's figures answered ${response.status}`);
      if (response.status === 200) {
        this.info = await response.json();
        this.asked = asked;
        await this.draw();
        this.cost = performance.now() - begun;
      }
    } catch {
      if (turn === this.turn && !this.info) say(this.plot, "Could not load the data. Reload the page.");
    }
    if (turn !== this.turn) return;
    this.asking = null;
    this.fetched = performance.now();
    if (this.info?.waiting) this.later(WAITING_MS);
  }

  later(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), milliseconds);
  }

  figure() {
    return this.module.figure(this.info, filled(this.name, address()));
  }

  async draw() {
    if (!this.info || !this.module) return;
    this.late = this.held;
    if (this.late) return;
    if (!window.Plotly) { say(this.plot, "Plots could not be loaded. See the table instead."); return; }
    this.drawn = this.figure();
    this.note.textContent = this.drawn.empty ? "" : [this.info.note, this.drawn.note].filter(Boolean).join(" ");
    controls(this.options, this.name, this.info.options, {
      set: (values) => request(values), preview: (option, value) => this.preview(option, value),
    });
    if (this.drawn.empty) {
      this.plot.setAttribute("aria-label", `${this.element.dataset.caption}: ${this.drawn.empty}`);
      say(this.plot, this.drawn.empty);
      this.wired = false;
      return;
    }
    await this.put();
  }

  async put() {
    const { traces, layout, config, rows, bars, text } = this.drawn;
    this.plot.querySelector(".plot-wait")?.remove();
    if (rows) this.plot.style.height = `${120 + rows * 220}px`;
    if (bars) this.plot.style.height = `${Math.max(240, 120 + bars * 32)}px`;
    this.plot.setAttribute("aria-label", `${this.element.dataset.caption}: ${text} The table has the same trials.`);
    // The same revision keeps zooms, hidden curves and brushes through an update.
    await Plotly.react(this.plot, traces, { ...layout, uirevision: this.asked, selections: [] }, { displayModeBar: false, ...config });
    if (!this.wired) this.wire();
  }

  preview(option, value) {
    const options = filled(this.name, address());
    options.set(option, value);
    this.drawn = this.module.figure(this.info, options);
    if (this.drawn.traces) this.put();
  }

  wire() {
    this.wired = true;
    this.plot.removeAllListeners?.();
    this.plot.on("plotly_click", (event) => {
      const pk = event.points?.find((point) => Number.isInteger(point.customdata) && point.data.type !== "contour")?.customdata;
      if (pk) openTrial(pk, this.element);
    });
    this.plot.on("plotly_selected", (event) => {
      if (!event?.range) return;
      const filter = this.module.brushed ? this.module.brushed(event.range.y, this.pressedAt()[0], this.drawn) : this.boxed(event.range);
      if (filter) request(filter);
    });
    this.plot.on("plotly_deselect", () => { if (this.module.cleared) request(this.module.cleared(this.info)); });
    this.plot.on("plotly_relayout", (update) => {
      const change = this.module.moved?.(update, this.info);
      if (change) request(optionsDetail(this.name, change));
    });
  }

  boxed(range) {
    const axes = this.drawn.axes ?? {};
    const filters = Object.entries(range).flatMap(([id, ends]) => (axes[id] ? [filterOf(axes[id], ends)] : []));
    return filters.length ? together(filters) : null;
  }

  // Where the last press was, in what the axes count.
  pressedAt() {
    const { xaxis, yaxis } = this.plot._fullLayout;
    const box = this.plot.getBoundingClientRect();
    return [xaxis.p2d(this.pressed[0] - box.left - xaxis._offset), yaxis.p2d(this.pressed[1] - box.top - yaxis._offset)];
  }

  // Where lines are no points of Plotly's, the module finds the one that was pressed.
  pressLine(event) {
    if (!this.module?.trialAt || !this.drawn?.traces || !this.pressed) return;
    if (Math.hypot(event.clientX - this.pressed[0], event.clientY - this.pressed[1]) > CLICK_PIXELS) return;
    const { xaxis, yaxis } = this.plot._fullLayout;
    const pixels = { x: xaxis.d2p(1) - xaxis.d2p(0), y: Math.abs(yaxis.d2p(1) - yaxis.d2p(0)) };
    const pk = this.module.trialAt(...this.pressedAt(), this.info, this.drawn, pixels);
    if (pk) openTrial(pk, this.element);
  }
}

function optionsDetail(name, options) {
  const set = Object.fromEntries(Object.entries(options).map(([option, values]) => [`plot.${name}.${option}`, values]));
  return { set, remove: Object.keys(set) };
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

document.addEventListener("tuneroom:theme", () => { for (const figure of figures) if (figure.open) figure.draw(); });

const again = remembered();
show([...address().getAll("plot"), ...again]);
if (again.length) request({ set: { plot: again }, remove: ["plot"], quiet: true });
