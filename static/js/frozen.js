// Frozen columns stand side by side: how wide they are is known only once they are drawn.

let watched = null;
const sizes = new ResizeObserver(() => place());

function place() {
  const table = document.querySelector("#trial-table table.trials");
  if (!table) return;
  let left = 0;
  const heads = table.querySelectorAll("thead tr:last-child .frozen");
  heads.forEach((head, index) => {
    table.style.setProperty(`--left-${index}`, `${left}px`);
    left += head.offsetWidth;
  });
  table.style.setProperty("--frozen", `${left}px`);
  // On narrow screens the score stays beside the first column.
  const first = table.querySelector("thead tr:last-child > :first-child");
  table.style.setProperty("--first", `${first.offsetWidth}px`);
  const groups = table.querySelector("thead tr.groups");
  table.style.setProperty("--groups", `${groups.offsetHeight}px`);
  if (watched !== table) {
    sizes.disconnect();
    watched = table;
    for (const head of new Set([first, ...heads])) sizes.observe(head);
  }
}

document.addEventListener("tuneroom:selection", place);
place();
// Only with scripts can heads be dragged.
const draggable = () => {
  for (const head of document.querySelectorAll("#trial-table th[data-key]:not([data-key=number])")) head.draggable = true;
};
document.addEventListener("tuneroom:selection", draggable);
draggable();
