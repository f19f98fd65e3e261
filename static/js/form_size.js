// A form with more text than the server reads is not sent: the largest text says so, and nothing that
// was entered is lost.

const allowed = document.querySelector("meta[name=form-limit]");
// What the multipart format adds to a field.
const AROUND = 200;
const bytes = (text) => new TextEncoder().encode(text).length;
const megabytes = (size) => `${(size / 2 ** 20).toFixed(1).replace(/\.0$/, "")} MB`;

function sizeOf(form) {
  const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  if ([form.enctype, form.getAttribute("hx-encoding")].includes("multipart/form-data")) {
    return fields.reduce((sum, [name, value]) => sum + bytes(name) + bytes(value) + AROUND, 0);
  }
  return new URLSearchParams(fields).toString().length;
}

function refuse(area, text) {
  const error = document.createElement("ul");
  error.className = "errorlist";
  error.setAttribute("role", "alert");
  error.append(document.createElement("li"));
  error.firstChild.textContent = text;
  area.after(error);
  area.closest(".field")?.classList.add("has-errors");
  area.setAttribute("aria-invalid", "true");
  area.focus();
  const clear = () => {
    error.remove();
    area.closest(".field")?.classList.remove("has-errors");
    area.removeAttribute("aria-invalid");
  };
  for (const kind of ["input", "submit"]) area.form.addEventListener(kind, clear, { once: true, capture: true });
}

document.addEventListener("submit", (event) => {
  const areas = [...event.target.querySelectorAll("textarea")].sort((a, b) => b.value.length - a.value.length);
  if (!areas.length || event.target.method !== "post") return;
  const size = sizeOf(event.target);
  const limit = Number(allowed.content);
  if (size <= limit) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const other = event.target.querySelector("input[type=file]") ? ", or upload it as a file" : "";
  refuse(areas[0], `The form has ${megabytes(size)} of text, more than the limit of ${megabytes(limit)}. Shorten this text${other}.`);
}, true);
