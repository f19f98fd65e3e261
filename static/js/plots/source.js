// The figures of one plot: when they are asked for, and of which trials. What is drawn is drawing.js's.

// What following a running search may cost the browser: a tenth of its time.
const SHARE = 10;
const WAITING_MS = 2000;

export const address = () => new URLSearchParams(document.getElementById("selection").dataset.query);

// What of the address decides about the plot `name`.
function asks(name) {
  const kept = new URLSearchParams();
  for (const [key, value] of address()) {
    const isOrder = key === "sort" && name === "curves";
    if (key.includes("__") || key === "objective" || key.startsWith(`plot.${name}.`) || isOrder) kept.append(key, value);
  }
  return kept.toString();
}

// Reading asks nobody to compute anything: what a worker computes is asked for.
function question(name, signal) {
  const headers = { Accept: "application/json" };
  if (name !== "importances") return { headers, signal };
  const token = document.querySelector("#chosen [name=csrfmiddlewaretoken]").value;
  return { method: "POST", headers: { ...headers, "X-CSRFToken": token }, signal };
}

export class Source {
  // `wanted` says whether anybody looks; `draw(info)` may be slow, and counts for what a plot costs.
  constructor(name, url, { wanted, draw, failed }) {
    Object.assign(this, { name, url, wanted, draw, failed });
    this.info = null;
    this.asked = null;
    this.turn = 0;
    this.cost = 0;
  }

  async refresh({ news = false } = {}) {
    if (!this.wanted()) return;
    clearTimeout(this.timer);
    const asked = asks(this.name);
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
      const response = await fetch(`${this.url}?${asked}${since}`, question(this.name, signal));
      if (turn !== this.turn) return;
      if (!response.ok) throw new Error(`the plot's figures answered ${response.status}`);
      if (response.status === 200) {
        this.info = await response.json();
        this.asked = asked;
        await this.draw(this.info, asked);
        this.cost = performance.now() - begun;
      }
    } catch {
      if (turn === this.turn && !this.info) this.failed();
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

  stop() { clearTimeout(this.timer); }
}
