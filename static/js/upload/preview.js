// What a chosen file holds, shown before any of it is sent: the first rows of a table, the first
// images of an archive, the shapes of arrays, the trials of a search. Only the needed pieces of the
// file are read.

import { HEAD_BYTES, parseHead } from "./arrays.js";
import { imagesPreview } from "./images_preview.js";
import { importPreview } from "./import_preview.js";
import { IMAGE, TABLE } from "./picture_labels.js";
import { counted, fact, table } from "./preview_parts.js";
import { TEXT_BYTES, textPreview } from "./text_preview.js";
import { firstBytes, readDirectory, unpack } from "./zip.js";

const MAX_ARRAYS = 20, MAX_TABLES = 8;

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
  const tables = entries.filter((entry) => TABLE.test(entry.name));
  if (images.length) return imagesPreview(file, images, tables);
  if (!tables.length) return [fact(`${counted(entries.length, "entry", "entries")}, but no images.`)];
  const [first] = tables;
  const names = tables.slice(0, MAX_TABLES).map((entry) => entry.name).join(", ");
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

// Fills `place` with the preview of a file that becomes a dataset or an imported search.
export async function showPreview(file, place, purpose) {
  try {
    place.replaceChildren(...(await (purpose === "import" ? importPreview(file) : previewOf(file))));
  } catch {
    place.replaceChildren(fact("No preview: the content could not be read."));
  }
}
