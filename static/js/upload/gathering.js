// What several files or a folder become: arrays one zip, images one zip with the tables beside them, a
// folder of another program one zip. A zip that was packed here has what is in it as `packed`.

import { packed } from "./packing.js";
import { IMAGE, TABLE } from "./picture_labels.js";
import { Refused } from "./sending.js";

const ARRAY = /\.npy$/i;
const byPath = (a, b) => (a.path < b.path ? -1 : Number(a.path > b.path));

// The folder around all of them, if there is one.
function folderOf(given) {
  const [first = ""] = given[0]?.path.split("/").slice(0, -1) ?? [];
  return first && given.every(({ path }) => path.startsWith(`${first}/`)) ? first : "";
}

async function zipOf(given, name, { mostBytes, tooLarge }) {
  if (given.reduce((sum, { file }) => sum + file.size, 0) > mostBytes) throw new Refused(tooLarge);
  const ordered = [...given].sort(byPath);
  return Object.assign(await packed(ordered, name), { packed: ordered });
}

// Together with those of its kind that were chosen before: {isOne: which files, name: of the zip}.
async function joined(added, { isOne, name }, { chosen, leave, limits }) {
  const earlier = chosen.filter((file) => file.packed?.every(({ path }) => isOne(path)));
  const all = new Map([...earlier.flatMap((file) => file.packed), ...added].map((one) => [one.path, one]));
  const given = [...all.values()].sort(byPath);
  const zip = await zipOf(given, name(given), limits);
  earlier.forEach(leave);
  return zip;
}

// x.npy and y.npy are one upload, as numpy.savez writes it. One alone has no targets.
const ARRAYS = { isOne: (path) => ARRAY.test(path), name: (given) => `${given.map(({ file }) => file.name).join(" + ")}.zip` };
const IMAGES = {
  isOne: (path) => IMAGE.test(path) || (path.includes("/") && TABLE.test(path)),
  name: (given) => `${folderOf(given) || "images"}.zip`,
};

export async function gatherDatasets(given, state) {
  const groups = [ARRAYS];
  if (given.some(({ path }) => IMAGE.test(path))) groups.push(IMAGES);
  const files = [];
  let left = given;
  for (const group of groups) {
    const added = left.filter(({ path }) => group.isOne(path));
    left = left.filter(({ path }) => !group.isOne(path));
    if (added.length) files.push(await joined(added, group, state));
  }
  return [...files, ...left.filter(({ path }) => !isBeside(path, given)).map(({ file }) => file)];
}

// A README and the like in a folder that holds images.
const isBeside = (path, given) => path.includes("/") && given.some((one) => IMAGE.test(one.path));

// A folder is packed whole, except the weights that an import leaves out; a file stays as it is.
const WEIGHTS = /\.(h5|keras|index|data-\d+-of-\d+)$|(^|\/)checkpoint$/i;

export async function gatherImport(given, { limits }) {
  const folder = folderOf(given);
  if (folder) return [await zipOf(given.filter(({ path }) => !WEIGHTS.test(path)), `${folder}.zip`, limits)];
  if (given.length > 1) throw new Refused("Select one file or one folder at a time.");
  return given.map(({ file }) => file);
}
