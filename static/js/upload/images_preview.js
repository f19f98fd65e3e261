// Images of an archive, with the classes that will be read from their folders or names.

import { labelsByPath } from "./picture_labels.js";
import { counted, element, fact } from "./preview_parts.js";
import { unpack } from "./zip.js";

const MAX_IMAGE_BYTES = 4 << 20;
const MAX_IMAGES = 12, MAX_CLASSES = 8;

// One of each class in turn.
function spread(groups) {
  const found = [];
  for (let round = 0; found.length < MAX_IMAGES; round += 1) {
    const next = groups.map((entries) => entries[round]).filter(Boolean);
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

const SOURCES = { folder: "by folder", name: "by file name" };

// What is said of the classes, which a table may name in place of folders and names.
function classesText(images, { by, classes }, tables) {
  const count = counted(images.length, "image");
  if (tables.length) return `${count} with ${tables.map((entry) => entry.name).slice(0, MAX_CLASSES).join(", ")}`;
  if (!by) {
    return `${count} without classes. Put the images of each class into a folder named after it, or begin file names with the class (cat_1.png).`;
  }
  const named = [...classes].slice(0, MAX_CLASSES).map(([name, paths]) => `${name} (${paths.length.toLocaleString("en")})`);
  const more = classes.size > MAX_CLASSES ? ", …" : "";
  return `${count} in ${counted(classes.size, "class", "classes")} ${SOURCES[by]}: ${named.join(", ")}${more}`;
}

export async function imagesPreview(file, images, tables) {
  const labels = labelsByPath(images.map((entry) => entry.name));
  const ofPath = new Map(images.map((entry) => [entry.name, entry]));
  const groups = labels.by ? [...labels.classes.values()].map((paths) => paths.map((path) => ofPath.get(path))) : [images];
  const small = spread(groups).filter((entry) => entry.size <= MAX_IMAGE_BYTES);
  const pictures = await Promise.all(small.map((entry) => picture(file, entry)));
  return [fact(classesText(images, labels, tables)), element("div", { className: "first-images" }, ...pictures)];
}
