// The drop zone: files and folders that are dropped anywhere on the page or chosen in a dialog are
// given on as [{file, path}], where the path of a file in a folder begins with the folder's name.

const HIDDEN = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$)/;

async function inside(entry, folder) {
  const path = folder + entry.name;
  if (entry.isFile) return [{ file: await new Promise((found, failed) => entry.file(found, failed)), path }];
  const reader = entry.createReader(), entries = [];
  // Each answer has some of them; the last is empty.
  for (;;) {
    const some = await new Promise((found, failed) => reader.readEntries(found, failed));
    if (!some.length) break;
    entries.push(...some);
  }
  return (await Promise.all(entries.map((one) => inside(one, `${path}/`)))).flat();
}

// Entries and files are there only until the event is over.
function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  return items.map((item) => {
    const entry = item.webkitGetAsEntry?.();
    if (entry) return inside(entry, "");
    const file = item.getAsFile();
    return [{ file, path: file.name }];
  });
}

const selected = (input) => [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

export function followZone(zone, choose, several) {
  const input = zone.querySelector("input[name=file]");
  const folder = document.getElementById("folder-input");
  const offer = (given) => {
    const shown = given.filter(({ path }) => !path.includes("/") || !HIDDEN.test(path));
    if (shown.length) choose(shown);
  };
  zone.classList.add("enhanced");
  for (const enhanced of zone.querySelectorAll("[data-enhanced]")) enhanced.hidden = false;
  input.multiple = several;
  // Their value stays empty: the same file may be chosen again.
  for (const one of [input, folder]) one.addEventListener("change", () => { offer(selected(one)); one.value = ""; });
  document.getElementById("choose-folder").addEventListener("click", () => folder.click());

  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("over"); });
  document.addEventListener("drop", async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("over");
    offer((await Promise.all(dropped(event.dataTransfer))).flat());
  });
  if (input.files.length) { offer(selected(input)); input.value = ""; }
}
