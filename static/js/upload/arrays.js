// The names, shapes and types of NumPy arrays, read from the heads of .npy files.

const HEAD_BYTES = 4096;
const MAGIC = "\x93NUMPY";
const KINDS = { f: "float", i: "int", u: "uint", c: "complex" };

function typeOf(description) {
  const [, kind, size] = /^[<>=|]?([a-zA-Z])(\d*)/.exec(description) ?? [];
  if (kind in KINDS) return `${KINDS[kind]}${8 * Number(size)}`;
  return { b: "bool", U: "text", S: "text", O: "objects" }[kind] ?? description;
}

// {shape, type} of an array; throws for what is none.
export function parseHead(bytes) {
  const text = new TextDecoder("latin1").decode(bytes.slice(0, HEAD_BYTES));
  if (!text.startsWith(MAGIC) && text.slice(1, 6) !== "NUMPY") throw new Error("no array");
  const description = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  if (shape === undefined) throw new Error("no array");
  const sizes = shape.split(",").map((size) => size.trim()).filter(Boolean);
  return { shape: sizes.map(Number), type: description ? typeOf(description) : "records" };
}

export { HEAD_BYTES };
