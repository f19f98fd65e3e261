// The code editor: line numbers beside a plain textarea, and Tab that indents. Escape lets Tab leave
// the editor, so that nobody who has only a keyboard is caught in it.

const INDENT = "    ";

function number(area, lines) {
  const count = area.value.split("\n").length;
  if (lines.childElementCount !== count) {
    lines.replaceChildren(...Array.from({ length: count }, (_, index) => {
      const line = document.createElement("span");
      line.textContent = index + 1;
      return line;
    }));
  }
  lines.scrollTop = area.scrollTop;
}

function insert(area, text, start, end) {
  area.setSelectionRange(start, end);
  // The one way that keeps the browser's undo; an empty text only deletes.
  if (!document.execCommand(text ? "insertText" : "delete", false, text)) {
    area.setRangeText(text, start, end, "end");
    area.dispatchEvent(new Event("input"));
  }
}

function indent(area, back) {
  const { value, selectionStart: start, selectionEnd: end } = area;
  const first = value.lastIndexOf("\n", start - 1) + 1;
  if (!back && start === end) {
    insert(area, INDENT.slice((start - first) % INDENT.length), start, end);
    return;
  }
  const old = value.slice(first, end);
  const changed = old.split("\n").map((line) => (back ? line.replace(/^ {1,4}|^\t/, "") : INDENT + line)).join("\n");
  if (changed === old) return;
  insert(area, changed, first, end);
  area.setSelectionRange(start === end ? first + changed.length : first, first + changed.length);
}

function mark(area, lines) {
  // The line that the error beside the field names.
  const error = area.closest(".field").querySelector(".errorlist")?.textContent.match(/Line (\d+), column (\d+)/);
  const line = error && lines.children[error[1] - 1];
  if (!line) return;
  line.className = "wrong";
  const starts = area.value.split("\n").slice(0, error[1] - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const place = Math.min(starts + Number(error[2]) - 1, area.value.length);
  area.setSelectionRange(place, place);
  area.scrollTop = Math.max(0, line.offsetTop - area.clientHeight / 2);
  lines.scrollTop = area.scrollTop;
}

for (const area of document.querySelectorAll("textarea[data-editor]")) {
  const lines = area.parentElement.querySelector(".editor-lines");
  let leaving = false;
  area.setAttribute("aria-describedby", [area.getAttribute("aria-describedby"), "editor-help"].filter(Boolean).join(" "));
  area.addEventListener("input", () => number(area, lines));
  area.addEventListener("scroll", () => { lines.scrollTop = area.scrollTop; });
  area.addEventListener("blur", () => { leaving = false; });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { leaving = true; return; }
    if (event.key !== "Tab") { if (event.key !== "Shift") leaving = false; return; }
    if (leaving || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    indent(area, event.shiftKey);
  });
  new ResizeObserver(() => { lines.scrollTop = area.scrollTop; }).observe(area);
  number(area, lines);
  mark(area, lines);
}
