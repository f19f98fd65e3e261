// Looks into a zip archive without reading all of it: its directory lies at the end, and each file is
// unpacked as far as it is asked for.

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_SIZE = 22;
const LONGEST_COMMENT = 65_535;
const MAX_DIRECTORY = 32 << 20;
const STORED = 0, DEFLATED = 8;

async function viewOf(blob) {
  return new DataView(await blob.arrayBuffer());
}

// Its files as {name, size, packedSize, method, offset}. Throws for what is no archive, or one of over 4 GB.
export async function readDirectory(file) {
  const tail = await viewOf(file.slice(Math.max(0, file.size - END_SIZE - LONGEST_COMMENT)));
  let end = tail.byteLength - END_SIZE;
  while (end >= 0 && tail.getUint32(end, true) !== END_SIGNATURE) end -= 1;
  if (end < 0) throw new Error("no directory");
  const size = tail.getUint32(end + 12, true), start = tail.getUint32(end + 16, true);
  if (size > MAX_DIRECTORY || start + size > file.size) throw new Error("no directory");
  return entriesOf(await viewOf(file.slice(start, start + size)));
}

function entriesOf(view) {
  const entries = [];
  for (let at = 0; at + 46 <= view.byteLength && view.getUint32(at, true) === ENTRY_SIGNATURE;) {
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameSize));
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at += 46 + nameSize + extraSize + commentSize;
  }
  return entries.filter((entry) => !entry.name.endsWith("/") && !/(^|\/)(__MACOSX\/|\.)/.test(entry.name));
}

// The first bytes of a stream.
export async function firstBytes(stream, most) {
  const reader = stream.getReader(), pieces = [];
  let size = 0;
  while (size < most) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    size += value.length;
  }
  await reader.cancel().catch(() => {});
  return new Uint8Array(await new Blob(pieces).slice(0, most).arrayBuffer());
}

// The first bytes of one of its files, unpacked.
export async function unpack(file, entry, most) {
  const head = await viewOf(file.slice(entry.offset, entry.offset + 30));
  const start = entry.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const packed = file.slice(start, start + entry.packedSize).stream();
  if (entry.method === STORED) return firstBytes(packed, most);
  if (entry.method !== DEFLATED) throw new Error("unknown compression");
  return firstBytes(packed.pipeThrough(new DecompressionStream("deflate-raw")), most);
}
