// Draws two windows of a time series as the fields of the form describe them: the rows that a model
// sees, those that it predicts, and where the next window begins.

const fields = document.getElementById("windows-fields");
const picture = document.getElementById("window-picture");
const svg = picture.querySelector("svg");
const WIDTH = 640, BAR = 18, LINE = 30;

const value = (name) => Number(fields.querySelector(`[name=${name}]`).value);
const rows = (count) => `${count.toLocaleString("en")} row${count === 1 ? "" : "s"}`;

function bar(kind, x, y, width) {
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  rect.setAttribute("class", kind);
  for (const [name, size] of Object.entries({ x, y, width: Math.max(width, 2), height: BAR, rx: 2 })) rect.setAttribute(name, size);
  svg.append(rect);
}

function draw() {
  const [lookBack, horizon, stride] = ["look_back", "horizon", "stride"].map(value);
  const whole = [lookBack, horizon, stride].every((count) => Number.isInteger(count) && count > 0);
  picture.hidden = !fields.querySelector("[name=time]").value || !whole;
  if (picture.hidden) return;
  const known = fields.querySelectorAll("[name=known]:checked").length;
  const scale = WIDTH / (lookBack + horizon + stride);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${LINE * (known ? 3 : 2)}`);
  for (const [line, start] of [[0, 0], [known ? 2 : 1, stride]]) {
    bar("seen", start * scale, line * LINE, lookBack * scale - 1);
    bar("predicted", (start + lookBack) * scale, line * LINE, horizon * scale - 1);
  }
  if (known) bar("known", horizon * scale, LINE, lookBack * scale - 1);
  document.getElementById("window-caption").textContent =
    `A window: ${rows(lookBack)} seen, ${rows(horizon)} predicted${known ? "; below, what is known in advance" : ""}. ` +
    `The next window begins ${rows(stride)} later.`;
}

fields.addEventListener("input", draw);
draw();
