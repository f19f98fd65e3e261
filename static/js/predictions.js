// The drop zone of a question to a saved model: a file that is dropped is asked about at once, and
// a picture is shown. Without this module the field works too.

const zoneOf = (event) => event.target.closest?.("[data-drop]");

function preview(zone) {
  const image = zone.querySelector("[data-preview]");
  const [file] = zone.querySelector("input[type=file]").files;
  if (image.src) URL.revokeObjectURL(image.src);
  const isPicture = Boolean(file) && file.type.startsWith("image/");
  image.hidden = !isPicture;
  if (isPicture) image.src = URL.createObjectURL(file);
  else image.removeAttribute("src");
}

document.addEventListener("dragover", (event) => {
  const zone = zoneOf(event);
  if (!zone) return;
  event.preventDefault();
  zone.classList.add("is-over");
});
document.addEventListener("dragleave", (event) => zoneOf(event)?.classList.remove("is-over"));
document.addEventListener("drop", (event) => {
  const zone = zoneOf(event);
  if (!zone) return;
  event.preventDefault();
  zone.classList.remove("is-over");
  if (!event.dataTransfer.files.length) return;
  zone.querySelector("input[type=file]").files = event.dataTransfer.files;
  preview(zone);
  zone.closest("form").requestSubmit();
});
document.addEventListener("change", (event) => {
  const zone = zoneOf(event);
  if (zone) preview(zone);
});
