// One plot on the page: what its module makes of the figures, drawn by Plotly, and what a person does in
// it. Where the figures come from is source.js's.
import { plotly, say } from "../plots.js";
import { controls, filled } from "./options.js";
import { filterOf, together } from "./figure.js";
import { openTrial } from "./trial_card.js";
import { address } from "./source.js";

const CLICK_PIXELS = 4;

export const request = (detail) => document.dispatchEvent(new CustomEvent("tuneroom:filter", { detail }));

export class Drawing {
  constructor(element) {
    this.element = element;
    this.name = element.dataset.plot;
    this.plot = element.querySelector(".plot");
    this.note = element.querySelector(".plot-note");
    this.bar = element.querySelector(".plot-bar");
    this.options = element.querySelector(".plot-options");
    this.info = null;
    this.held = false;
    // A redraw in the middle of a drag would tear the brush out of the person's hand.
    this.plot.addEventListener("pointerdown", (event) => { this.held = true; this.pressed = [event.clientX, event.clientY]; }, true);
    this.plot.addEventListener("click", (event) => this.pressLine(event));
    window.addEventListener("pointerup", () => setTimeout(() => { this.held = false; if (this.late) this.draw(); }), true);
    new ResizeObserver(() => this.drawn?.traces && window.Plotly && !element.hidden && Plotly.Plots.resize(this.plot)).observe(this.plot);
  }

  // Both may be fetched while the figures are on their way.
  async prepare() {
    [this.module] = await Promise.all([this.module ?? import(`./${this.name}.js`), plotly]);
  }

  // `asked` is what the figures are of: zooms and hidden curves are kept as long as it stays.
  async show(info, asked) {
    await this.prepare();
    this.info = info;
    this.asked = asked;
    await this.draw();
  }

  figure() {
    return this.module.figure(this.info, filled(this.name, address()));
  }

  async draw() {
    if (!this.info || !this.module) return;
    this.late = this.held;
    if (this.late) return;
    if (!window.Plotly) { this.say("Plots could not be loaded. See the table instead."); return; }
    this.drawn = this.figure();
    this.note.textContent = this.drawn.empty ? "" : [this.info.note, this.drawn.note].filter(Boolean).join(" ");
    this.showBar(this.drawn.bar);
    controls(this.options, this.name, this.info.options, {
      set: (values) => request(values), preview: (option, value) => this.preview(option, value),
    });
    if (this.drawn.empty) {
      this.plot.setAttribute("aria-label", `${this.element.dataset.caption}: ${this.drawn.empty}`);
      this.say(this.drawn.empty);
      this.wired = false;
      return;
    }
    await this.put();
  }

  say(text) { say(this.plot, text); }

  // What the colours mean: a label, the scale, and its ends.
  showBar(bar) {
    this.bar.hidden = !bar;
    if (!bar) return;
    const [label, from, to] = this.bar.querySelectorAll("span");
    [label.textContent, from.textContent, to.textContent] = [bar.label, bar.from, bar.to];
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
