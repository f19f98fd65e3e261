// What a chosen file holds, shown before any of it is sent: the first rows of a table, the first
// images of an archive, the shapes of arrays. Only the needed pieces of the file are read.

import { HEAD_BYTES, parseHead } from "./arrays.js";
import { decode, guessDelimiter, parseRows } from "./delimited.js";
import { firstBytes, readDirectory, unpack } from "./zip.js";

const TEXT_BYTES = 256 << 10;
const MAX_IMAGE_BYTES = 4 << 20;
const MAX_ROWS = 5, MAX_COLUMNS = 40, MAX_IMAGES = 12, MAX_ARRAYS = 20, MAX_CLASSES = 8, LONGEST_CELL = 60;
const IMAGE = /\.(png|jpe?g|gif|bmp|webp)$/i;
const TABLE = /\.(csv|tsv|txt|data|dat|jsonl|ndjson)$/i;
const DELIMITER_NAMES = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar" };

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function cut(text) {
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
}

const counted = (number, noun, many = `${noun}s`) => `${number.toLocaleString("en")} ${number === 1 ? noun : many}`;

function table(name, head, rows) {
  const heading = (text) => element("th", { scope: "col", textContent: cut(text) });
  const cells = (row) => row.map((text) => element("td", { textContent: cut(String(text ?? "")) }));
  const inner = element("table", { className: "data small" },
    element("thead", {}, element("tr", {}, ...head.map(heading))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))));
  const scroll = element("div", { className: "table-scroll", tabIndex: 0, ariaLabel: `First rows of ${name}` }, inner);
  scroll.setAttribute("role", "region");
  return scroll;
}

const fact = (text) => element("p", { className: "small", textContent: text });

function rowsPreview(name, head, rows, kind) {
  const more = head.length > MAX_COLUMNS ? `, the first ${MAX_COLUMNS} shown` : "";
  const narrow = (row) => row.slice(0, MAX_COLUMNS);
  return [fact(`${counted(head.length, "column")}${more} · ${kind}`), table(name, narrow(head), rows.slice(0, MAX_ROWS).map(narrow))];
}

function textPreview(name, bytes, isWhole) {
  const text = decode(bytes);
  if (/\.(jsonl|ndjson)$/i.test(name)) return linesPreview(name, text);
  const delimiter = /\.tsv$/i.test(name) ? "\t" : guessDelimiter(text);
  const rows = parseRows(text, delimiter, MAX_ROWS + 2);
  // The last one may be cut off.
  if (!isWhole && rows.length > 1 && rows.length < MAX_ROWS + 2) rows.pop();
  const [names = [], ...others] = rows;
  const head = names.map((text, at) => text.trim() || `column ${at + 1}`);
  return rowsPreview(name, head, others, `delimiter: ${DELIMITER_NAMES[delimiter]}`);
}

function linesPreview(name, text) {
  const objects = text.split("\n", MAX_ROWS).filter((line) => line.trim()).map((line) => JSON.parse(line));
  const head = [...new Set(objects.flatMap(Object.keys))];
  const cell = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : value);
  return rowsPreview(name, head, objects.map((object) => head.map((key) => cell(object[key]))), "JSON lines");
}

function classesOf(images) {
  const classes = new Map();
  for (const entry of images) {
    const folder = entry.name.split("/").at(-2) ?? "";
    classes.set(folder, [...(classes.get(folder) ?? []), entry]);
  }
  return classes;
}

// One of each class in turn.
function spread(classes) {
  const found = [];
  for (let round = 0; found.length < MAX_IMAGES; round += 1) {
    const next = [...classes.values()].map((entries) => entries[round]).filter(Boolean);
    if (!next.length) break;
    found.push(...next);
  }
  return found.slice(0, MAX_IMAGES);
}

async function picture(file, entry) {
  const bytes = await unpack(file, entry, MAX_IMAGE_BYTES);
  const image = element("img", { src: URL.createObjectURL(new Blob([bytes])), alt: entry.name });
  image.addEventListener("load", () => {
    URL.revokeObjectURL(image.src);
    image.classList.toggle("tiny", image.naturalWidth < 64);
  });
  image.addEventListener("error", () => { URL.revokeObjectURL(image.src); image.remove(); });
  return image;
}

async function imagesPreview(file, images) {
  const classes = classesOf(images);
  const named = [...classes].slice(0, MAX_CLASSES).map(([name, entries]) => `${name || "no folder"} (${entries.length.toLocaleString("en")})`);
  const more = classes.size > MAX_CLASSES ? ", …" : "";
  const small = spread(classes).filter((entry) => entry.size <= MAX_IMAGE_BYTES);
  const pictures = await Promise.all(small.map((entry) => picture(file, entry)));
  return [
    fact(`${counted(images.length, "image")} in ${counted(classes.size, "class", "classes")}: ${named.join(", ")}${more}`),
    element("div", { className: "first-images" }, ...pictures),
  ];
}

async function arraysPreview(file, entries) {
  const shown = entries.slice(0, MAX_ARRAYS);
  const heads = await Promise.all(shown.map(async (entry) => parseHead(await unpack(file, entry, HEAD_BYTES))));
  const rows = heads.map(({ shape, type }, at) => [shown[at].name.replace(/\.npy$/, ""), `(${shape.join(", ")})`, type]);
  const more = entries.length > MAX_ARRAYS ? `, the first ${MAX_ARRAYS} shown` : "";
  return [fact(`${counted(entries.length, "array")}${more}`), table(file.name, ["Array", "Shape", "Type"], rows)];
}

async function archivePreview(file) {
  const entries = await readDirectory(file);
  const arrays = entries.filter((entry) => entry.name.endsWith(".npy"));
  const images = entries.filter((entry) => IMAGE.test(entry.name));
  if (/\.npz$/i.test(file.name) || (arrays.length && !images.length)) return arraysPreview(file, arrays);
  if (images.length) return imagesPreview(file, images);
  const tables = entries.filter((entry) => TABLE.test(entry.name));
  if (!tables.length) return [fact(`${counted(entries.length, "entry", "entries")}, but no images.`)];
  const [first] = tables;
  const names = tables.slice(0, MAX_CLASSES).map((entry) => entry.name).join(", ");
  const bytes = await unpack(file, first, TEXT_BYTES);
  return [fact(`${counted(tables.length, "table")}: ${names}`), ...textPreview(first.name, bytes, first.size <= TEXT_BYTES)];
}

async function previewOf(file) {
  const name = file.name.toLowerCase();
  if (/\.(zip|npz)$/.test(name)) return archivePreview(file);
  if (name.endsWith(".npy")) {
    const { shape, type } = parseHead(await firstBytes(file.slice(0, HEAD_BYTES).stream(), HEAD_BYTES));
    return [table(file.name, ["Array", "Shape", "Type"], [[file.name, `(${shape.join(", ")})`, type]])];
  }
  if (name.endsWith(".gz") && TABLE.test(name.slice(0, -3))) {
    const bytes = await firstBytes(file.stream().pipeThrough(new DecompressionStream("gzip")), TEXT_BYTES);
    return textPreview(name.slice(0, -3), bytes, bytes.length < TEXT_BYTES);
  }
  if (!TABLE.test(name)) return [fact("Columns are shown after the upload.")];
  return textPreview(file.name, await firstBytes(file.stream(), TEXT_BYTES), file.size <= TEXT_BYTES);
}

// Fills `place` with the preview of a file.
export async function showPreview(file, place) {
  try {
    place.replaceChildren(...(await previewOf(file)));
  } catch {
    place.replaceChildren(fact("No preview: the content could not be read."));
  }
}
