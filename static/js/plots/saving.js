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

export async function saveAs(format, figure) {
  const { traces, layout } = inLight(() => figure.figure());
  const shown = figure.plot;
  for (const [key, now] of Object.entries(shown.layout)) {
    if (/^[xy]axis\d*$/.test(key) && now.range) layout[key] = { ...layout[key], range: [...now.range], autorange: false };
  }
  traces.forEach((trace, index) => { trace.visible = shown.data[index]?.visible ?? true; });
  const search = document.getElementById("selection").dataset.search;
  await Plotly.downloadImage(
    { data: traces, layout: { ...layout, title: { text: figure.element.dataset.caption, font: { size: 16 } }, margin: { ...layout.margin, t: (layout.margin?.t ?? 32) + 40 }, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" } },
    { format, filename: `search-${search}-${figure.name}`, width: shown.clientWidth, height: shown.clientHeight + 40, scale: format === "png" ? 2 : 1 },
  );
}
