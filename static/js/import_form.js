// Import a search: one file, or the folder of another program.

import { fileForm } from "./upload/file_form.js";
import { gatherImport } from "./upload/gathering.js";

fileForm(document.getElementById("import-form"), { gather: gatherImport });
