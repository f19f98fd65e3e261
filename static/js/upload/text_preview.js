// The first rows of a text: a table or JSON lines.

import { decode, guessDelimiter, parseRows } from "./delimited.js";
import { counted, fact, table } from "./preview_parts.js";

// What is read of a file.
export const TEXT_BYTES = 256 << 10;
const MAX_ROWS = 5, MAX_COLUMNS = 40;
const DELIMITER_NAMES = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar" };

function rowsPreview(name, head, rows, kind) {
  const more = head.length > MAX_COLUMNS ? `, the first ${MAX_COLUMNS} shown` : "";
  const narrow = (row) => row.slice(0, MAX_COLUMNS);
  return [fact(`${counted(head.length, "column")}${more} · ${kind}`), table(name, narrow(head), rows.slice(0, MAX_ROWS).map(narrow))];
}

export function textPreview(name, bytes, isWhole) {
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

export function linesPreview(name, text) {
  const objects = text.split("\n", MAX_ROWS).filter((line) => line.trim()).map((line) => JSON.parse(line));
  const head = [...new Set(objects.flatMap(Object.keys))];
  const cell = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : value);
  return rowsPreview(name, head, objects.map((object) => head.map((key) => cell(object[key]))), "JSON lines");
}
