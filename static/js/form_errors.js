// The list of errors above a form: it is read out first, and its links lead to their fields, also to
// those that are folded away.

function show(link) {
  const field = document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return false;
  for (let part = field.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  field.scrollIntoView({ block: "center" });
  (field.matches("fieldset") ? field.querySelector("input") ?? field : field).focus({ preventScroll: true });
  return true;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".form-errors a[href^='#']");
  if (link && show(link)) event.preventDefault();
});

document.querySelector(".form-errors")?.focus();
