// New dataset: which fields the chosen files need.

import { fileForm, stem } from "./upload/file_form.js";
import { gatherDatasets } from "./upload/gathering.js";

const form = document.getElementById("dataset-form");
const part = (selector) => form.querySelector(selector);
// In the dialog; without this script, images have to be in a zip.
const IMAGE_ENDINGS = ".png,.jpg,.jpeg,.gif,.bmp,.webp";
const mayBeImages = (kind) => kind === "images" || kind === "arrays";

function adapt(chosen) {
  const kinds = chosen.map((entry) => entry.kind).filter(Boolean);
  part("#image-options").hidden = kinds.length > 0 && !kinds.some(mayBeImages);
  // A zip may hold tables.
  part("#table-options").hidden = kinds.length > 0 && kinds.every((kind) => kind === "arrays");
  const name = part("[data-field=name]");
  name.hidden = chosen.length > 1;
  const field = name.querySelector("input");
  const proposed = chosen.length === 1 ? stem(chosen[0].file.name) : "";
  if (field.value === (field.dataset.proposed ?? "")) [field.value, field.dataset.proposed] = [proposed, proposed];
}

part("input[name=file]").accept += `,${IMAGE_ENDINGS}`;
fileForm(form, { gather: gatherDatasets, adapt, several: true });
