// The order of the columns: in the list of columns and in the table's heads, by dragging and by
// Alt with an arrow key.
import { announce, go, state } from "./selection.js";

let dragged = null;
let later = null;

function ask(keys) {
  const query = new URLSearchParams(state().query);
  query.delete("column");
  for (const key of keys) query.append("column", key);
  return go(query.toString());
}

// --- The list -----------------------------------------------------------------------------------

function changed(list) {
  clearTimeout(later);
  later = setTimeout(() => ask([...list.querySelectorAll("input:checked")].map((box) => box.value)), 150);
}

function move(line, step) {
  const list = line.parentElement;
  const other = step < 0 ? line.previousElementSibling : line.nextElementSibling;
  if (!other) return;
  const focused = document.activeElement;
  if (step < 0) list.insertBefore(line, other);
  else list.insertBefore(other, line);
  focused.focus();
  line.scrollIntoView({ block: "nearest" });
  announce(`${line.querySelector("label span").textContent}: place ${[...list.children].indexOf(line) + 1} of ${list.children.length}`);
  changed(list);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (button) move(button.closest("li"), Number(button.dataset.move));
});
document.addEventListener("change", (event) => {
  const list = event.target.closest("#column-order");
  if (list) changed(list);
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "columns-form") return;
  event.preventDefault();
  changed(event.target.querySelector("#column-order"));
});

// --- The heads ----------------------------------------------------------------------------------

const heads = () => [...document.querySelectorAll("#trial-table th[data-key]")];
const movable = (head) => head && head.dataset.key !== "number";

// The trial's number is always the first and does not count.
function putHead(key, target) {
  const keys = heads().map((head) => head.dataset.key).slice(1);
  const from = keys.indexOf(key);
  const to = Math.max(0, Math.min(target, keys.length - 1));
  if (from < 0 || from === to) return;
  keys.splice(to, 0, keys.splice(from, 1)[0]);
  const label = heads()[from + 1].querySelector(".sort").textContent;
  ask(keys).then(() => announce(`${label}: column ${to + 2} of ${keys.length + 1}`));
}

document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const line = event.target.closest("#column-order li");
  if (line && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    event.preventDefault();
    move(line, event.key === "ArrowUp" ? -1 : 1);
  }
  const head = event.target.closest("#trial-table th[data-key]");
  if (movable(head) && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    putHead(head.dataset.key, heads().indexOf(head) - 1 + (event.key === "ArrowLeft" ? -1 : 1));
  }
});

// --- Dragging -----------------------------------------------------------------------------------

document.addEventListener("dragstart", (event) => {
  const item = event.target.closest?.("#column-order li, #trial-table th[data-key]");
  if (!item || (item.tagName === "TH" && !movable(item))) return;
  dragged = item;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", item.dataset.key);
  item.classList.add("dragged");
});
document.addEventListener("dragover", (event) => {
  if (!dragged) return;
  const over = event.target.closest("#column-order li, #trial-table th[data-key]");
  if (!over || over === dragged || over.tagName !== dragged.tagName) return;
  event.preventDefault();
  if (dragged.tagName === "LI") {
    const box = over.getBoundingClientRect();
    over.parentElement.insertBefore(dragged, event.clientY < box.top + box.height / 2 ? over : over.nextSibling);
    return;
  }
  for (const head of heads()) head.classList.toggle("drop-here", head === over && movable(head));
});
document.addEventListener("drop", (event) => {
  if (!dragged) return;
  event.preventDefault();
  const over = event.target.closest("#trial-table th[data-key]");
  if (dragged.tagName === "TH" && movable(over)) putHead(dragged.dataset.key, heads().indexOf(over) - 1);
});
document.addEventListener("dragend", () => {
  if (!dragged) return;
  dragged.classList.remove("dragged");
  for (const head of heads()) head.classList.remove("drop-here");
  if (dragged.tagName === "LI") changed(dragged.parentElement);
  dragged = null;
});
