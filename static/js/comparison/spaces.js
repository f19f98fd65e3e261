// Where searches looked, a plot for each hyperparameter: tuning/analysis/comparison/spaces.py.
import { colour, colours, draw } from "../plots.js";

const ROW = 32;
const FRAME = 92;

export function drawSpace(element, parameter) {
  const { searches } = parameter;
  element.style.height = `${FRAME + ROW * searches.length}px`;
  element.setAttribute("role", "figure");
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
        ? { ...(parameter.log ? { type: "log", dtick: 1, tickformat: "~g" } : {}), range: range(parameter) }
        : { type: "category", categoryorder: "array", categoryarray: parameter.categories },
      y: { type: "category", categoryorder: "array", categoryarray: searches.map((search) => search.name).reverse(), range: [-0.6, searches.length - 0.4] },
    },
  }));
}

// A little wider than all that is drawn. Plotly counts a log axis in powers of ten.
function range({ searches, log }) {
  const drawn = searches.flatMap(({ low, high, values, tried }) => [low, high, ...values, ...tried]).filter((value) => value !== null);
  const [low, high] = [Math.min(...drawn), Math.max(...drawn)].map((end) => (log ? Math.log10(end) : end));
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - room, high + room];
}

function traces(search) {
  const own = colours()[search.search % 6];
  const found = [];
  const line = (ends, width, opacity, words) => found.push({
    x: ends, y: [search.name, search.name], type: "scatter", mode: "lines", opacity,
    line: { color: own, width }, hovertemplate: `${words}<extra>%{y}</extra>`,
  });
  const points = (values, marker, texts) => found.push({
    x: values, y: values.map(() => search.name), type: "scatter", mode: "markers", marker: { color: own, ...marker },
    customdata: texts, hovertemplate: "%{x}%{customdata}<extra>%{y}</extra>",
  });
  if (search.low !== null) line([search.low, search.high], 14, 0.25, "could be %{x}");
  if (search.values.length) points(search.values, { size: 14, symbol: "square", opacity: 0.25 }, search.values.map(() => ", in the space"));
  if (search.counts.length) {
    const most = Math.max(...search.counts);
    points(search.tried, { size: search.counts.map((count) => 5 + 9 * Math.sqrt(count / most)), symbol: "square" },
      search.counts.map((count) => `, tried ${count} times`));
  } else if (search.tried.length) line(search.tried, 6, 1, "tried up to %{x}");
  if (search.best !== null) points([search.best], { size: 13, symbol: "star", color: colour("text"), line: { width: 1, color: colour("surface") } }, [", the best trial's"]);
  return found;
}
