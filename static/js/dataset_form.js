// New dataset: shows the options of the kind of file that was chosen, and the upload's progress.

import { followUpload } from "./upload_form.js";

const form = document.getElementById("dataset-form");

followUpload(form, (file) => {
  const name = file?.name.toLowerCase() ?? "";
  form.querySelector("#image-options").hidden = name !== "" && !/\.(zip|npz)$/.test(name);
  form.querySelector("#table-options").hidden = name !== "" && !/\.(csv|tsv|txt|parquet)$/.test(name);
});
