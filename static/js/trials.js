// The page of a search's trials. Each module has one subject and works by events on the document.
import "./selection.js";
import "./panel.js";
import "./columns.js";
import "./range.js";
import "./chosen.js";
import "./frozen.js";
