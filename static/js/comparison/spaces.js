// Where searches looked, a plot for each hyperparameter: tuning/analysis/comparison/spaces.py.
import { colours, draw } from "../plots.js";

const ROW = 32;
const FRAME = 92;

export function drawSpace(element, parameter) {
  const { searches } = parameter;
  element.style.height = `${FRAME + ROW * searches.length}px`;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", `${parameter.name}: ${searches.map((search) => `${search.name} ${search.text}`).join("; ")}`);
  draw(element, () => ({
    traces: searches.flatMap((search) => traces(search)),
    x: parameter.name,
    y: "",
    wholeX: false,
    layout: {
      showlegend: false,
      margin: { l: 16, r: 16, t: 8, b: 44 },
    },
    axes: {
      x: parameter.numeric
        ? { type: parameter.log ? "log" : "linear" }
        : { type: "category", categoryorder: "array", categoryarray: parameter.categories },
      y: { type: "category", categoryorder: "array", categoryarray: searches.map((search) => search.name).reverse() },
    },
  }));
}

function traces(search) {
  const colour = colours()[search.search % 6];
  const found = [];
  const line = (ends, width, opacity, words) => found.push({
    x: ends, y: [search.name, search.name], type: "scatter", mode: "lines", opacity,
    line: { color: colour, width }, hovertemplate: `${words}<extra>%{y}</extra>`,
  });
  const points = (values, marker, texts) => found.push({
    x: values, y: values.map(() => search.name), type: "scatter", mode: "markers", marker: { color: colour, ...marker },
    customdata: texts, hovertemplate: "%{x}%{customdata}<extra>%{y}</extra>",
  });
  if (search.low !== null) line([search.low, search.high], 14, 0.25, "could be %{x}");
  if (search.values.length) points(search.values, { size: 14, symbol: "square", opacity: 0.25 }, search.values.map(() => ", in the space"));
  if (search.counts.length) {
    const most = Math.max(...search.counts);
    points(search.tried, { size: search.counts.map((count) => 5 + 9 * Math.sqrt(count / most)), symbol: "square" },
      search.counts.map((count) => `, tried ${count} times`));
  } else if (search.tried.length) line(search.tried, 6, 1, "tried up to %{x}");
  if (search.best !== null) points([search.best], { size: 13, symbol: "star", line: { width: 1.5, color: "white" } }, [", the best trial's"]);
  return found;
}
