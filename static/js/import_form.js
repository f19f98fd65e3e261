// Import a search: shows the upload's progress.

import { followUpload } from "./upload_form.js";

followUpload(document.getElementById("upload-form"));
