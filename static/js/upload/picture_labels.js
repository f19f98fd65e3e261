// The classes that a worker will read from the paths of images: their folders, else the beginnings of
// their names (`runner/datasets/image_labels.py`; tests compare the two).

export const IMAGE = /\.(png|jpe?g|gif|bmp|webp)$/i;
export const TABLE = /\.(csv|tsv|txt|data|dat|jsonl|ndjson)$/i;
const PARTS = new Set(["train", "training", "val", "valid", "validation", "test", "testing"]);
const PART = /^(train|training|val|valid|validation|test|testing)\d*$/i;
// A text, then a number: cat_001, cat (2), cat7.
const NUMBERED = /^(?:(.+?)[^\p{L}\p{N}]+\p{Nd}+[^\p{L}\p{N}_]*|(\P{Nd}*[\p{L}\p{Nl}\p{No}])\p{Nd}+)$/u;

const stepsOf = (path) => path.replaceAll("\\", "/").split("/");
// Math.min takes fewer arguments than an archive may have files.
const least = (numbers) => numbers.reduce((found, number) => Math.min(found, number), Infinity);
const nameOf = (path) => stepsOf(path).at(-1).replace(/(?<=.)\.[^.]+$/, "");

function placeOfClass(paths) {
  const shallowest = least(paths.map((steps) => steps.length));
  let place = 0;
  while (shallowest > place + 2 && new Set(paths.map((steps) => steps[place])).size === 1) place += 1;
  const folders = new Set(paths.map((steps) => steps[place].toLowerCase()));
  if (shallowest > place + 2 && [...folders].every((folder) => PARTS.has(folder))) place += 1;
  return shallowest < place + 2 ? null : place;
}

function grouped(paths, labelOf) {
  const classes = new Map();
  for (const path of paths) {
    const label = labelOf(path);
    if (!label) continue;
    if (!classes.has(label)) classes.set(label, []);
    classes.get(label).push(path);
  }
  return classes;
}

function byName(paths) {
  const classes = grouped(paths, (path) => {
    const match = NUMBERED.exec(nameOf(path));
    return match ? (match[1] ?? match[2]) : "";
  });
  const sizes = [...classes.values()].map((group) => group.length);
  return classes.size < 2 || least(sizes) < 2 ? null : { by: "name", classes };
}

// {by: "folder", "name" or "" for neither, classes: a Map from label to paths}.
export function labelsByPath(paths) {
  const place = placeOfClass(paths.map(stepsOf));
  if (place === null) return byName(paths) ?? { by: "", classes: new Map() };
  const classes = grouped(paths, (path) => stepsOf(path)[place]);
  const unclear = classes.size === 1 || [...classes.keys()].every((name) => PART.test(name));
  return (unclear && byName(paths)) || { by: "folder", classes };
}
