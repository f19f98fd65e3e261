// A plot as a file: as it is zoomed, on white and in the light theme's colours whatever the page has.

function inLight(make) {
  const root = document.documentElement;
  const theme = root.dataset.theme;
  root.dataset.theme = "light";
  try {
    return make();
  } finally {
    // Before the browser paints.
    root.dataset.theme = theme;
  }
}

// `shown` is the drawn element, `make` gives its traces and layout in the theme's colours.
export async function download(format, shown, make, title, filename) {
  const { traces, layout } = inLight(make);
  for (const [key, now] of Object.entries(shown.layout)) {
    if (/^[xy]axis\d*$/.test(key) && now.range) layout[key] = { ...layout[key], range: [...now.range], autorange: false };
  }
  traces.forEach((trace, index) => { trace.visible = shown.data[index]?.visible ?? true; });
  await Plotly.downloadImage(
    { data: traces, layout: { ...layout, title: { text: title, font: { size: 16 } }, margin: { ...layout.margin, t: (layout.margin?.t ?? 32) + 40 }, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" } },
    { format, filename, width: shown.clientWidth, height: shown.clientHeight + 40, scale: format === "png" ? 2 : 1 },
  );
}

export function saveAs(format, figure) {
  const { name } = document.getElementById("selection").dataset;
  return download(format, figure.plot, () => figure.figure(), figure.element.dataset.caption, `${name}-${figure.name}`);
}
