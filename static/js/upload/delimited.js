// Reads the first rows of a table as text: quotes may hold delimiters, line breaks and doubled quotes.

const DELIMITERS = [",", ";", "\t", "|"];
const LOOKED_AT = 20;

export function parseRows(text, delimiter, most) {
  const rows = [];
  let row = [], cell = "", quoted = false;
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') { cell += sign; at += 1; }
      else quoted = false;
    } else if (sign === '"' && cell.trim() === "") {
      cell = "";
      quoted = true;
    } else if (sign === delimiter) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && text[at + 1] === "\n") at += 1;
      row.push(cell);
      // Blank lines are no rows.
      if (row.length > 1 || row[0].trim()) rows.push(row);
      row = [];
      cell = "";
    } else {
      cell += sign;
    }
  }
  if (rows.length < most && (row.length || cell.trim())) rows.push([...row, cell]);
  return rows;
}

// The one that divides all rows into the same number of cells, and into most of them.
export function guessDelimiter(text) {
  let best = DELIMITERS[0], cells = 0;
  for (const delimiter of DELIMITERS) {
    const rows = parseRows(text, delimiter, LOOKED_AT);
    const first = rows[0]?.length ?? 0;
    const even = rows.filter((row) => row.length === first).length >= 0.9 * rows.length;
    if (even && first > cells) [best, cells] = [delimiter, first];
  }
  return best;
}

export function decode(bytes) {
  return new TextDecoder(encodingOf(bytes), { fatal: false }).decode(bytes, { stream: true }).replace(/^\ufeff/, "");
}

function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const zeros = [0, 1].map((parity) => bytes.slice(0, 400).filter((byte, at) => byte === 0 && at % 2 === parity).length);
  if (zeros[1] > 100) return "utf-16le";
  if (zeros[0] > 100) return "utf-16be";
  try {
    // The last letter may be cut in two.
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}
