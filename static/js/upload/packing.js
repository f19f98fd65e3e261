// Several files as one zip without compression. They are read once for their checksums and never held
// in memory. The same files make the same zip, whose upload continues where it was cut off.

import { Refused } from "./sending.js";

// What the format counts in two and four bytes.
const MAX_FILES = 0xffff, MAX_BYTES = 0xffffffff;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

async function checksum(file) {
  let sum = 0xffffffff;
  const reader = file.stream().getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    for (const byte of piece.value) sum = TABLE[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

// A record of numbers of 2 and 4 bytes: [[bytes, value], …].
function record(fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return view.buffer;
}

// What the local header and the directory say alike: version, UTF-8 names, stored, 1 January 1980.
const facts = (file, sum, name) => [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, sum], [4, file.size], [4, file.size], [2, name.length], [2, 0]];

// `given` as [{file, path}]. Throws Refused for more than a zip of this kind can hold.
export async function packed(given, zipName) {
  if (given.length > MAX_FILES || given.reduce((sum, { file }) => sum + file.size + 1024, 0) > MAX_BYTES) {
    throw new Refused(`${given.length.toLocaleString("en")} files are too many or too large to be packed in the browser. Pack them as one .zip first.`);
  }
  const parts = [];
  const directory = [];
  let place = 0;
  for (const { file, path } of given) {
    const name = new TextEncoder().encode(path);
    const sum = await checksum(file);
    parts.push(record([[4, 0x04034b50], ...facts(file, sum, name)]), name, file);
    directory.push(record([[4, 0x02014b50], [2, 20], ...facts(file, sum, name), [2, 0], [2, 0], [2, 0], [4, 0], [4, place]]), name);
    place += 30 + name.length + file.size;
  }
  const size = directory.reduce((sum, part) => sum + part.byteLength, 0);
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], [2, given.length], [2, given.length], [4, size], [4, place], [2, 0]]);
  return new File([...parts, ...directory, end], zipName);
}
