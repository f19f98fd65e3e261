// A form with one large file: shows how much of it has arrived. Without this module the form works
// too. `adapt` is called with the chosen file, also when the form came back with its errors.

const MB = 1024 * 1024;

export function followUpload(form, adapt = () => {}) {
  let request = null;
  const part = (selector) => form.querySelector(selector);
  const chosen = () => part("input[type=file]").files[0];

  function tooLarge() {
    return chosen() && chosen().size > Number(form.dataset.mostBytes);
  }

  function complain(text) {
    part("#upload-problem").textContent = text;
    part("#upload-problem").hidden = !text;
  }

  function working(state) {
    part("#upload-progress").hidden = !state;
    part(".button.primary").toggleAttribute("disabled", state);
  }

  function progress(event) {
    if (!event.lengthComputable) return;
    const done = event.loaded / event.total;
    part("progress").value = done;
    const figures = `${(event.loaded / MB).toFixed(1)} of ${(event.total / MB).toFixed(1)} MB`;
    part(".progress-line span").textContent = figures;
    part(".progress-line b").textContent = done < 1 ? `Uploading… ${Math.floor(done * 100)} %` : "Storing…";
  }

  function answered() {
    const isForm = new DOMParser().parseFromString(request.responseText, "text/html").getElementById(form.id);
    // Accepted: the answer is the page of what was made of it. Signed out meanwhile: the sign-in page.
    if (!isForm && request.status < 400) { location.assign(request.responseURL); return; }
    working(false);
    if (request.getResponseHeader("Content-Type")?.startsWith("text/plain")) { complain(request.responseText); return; }
    if (!isForm) { complain("The upload was refused. Reload the page and try again."); return; }
    // The form with its errors; the file stays chosen.
    const file = part("input[type=file]");
    form.replaceChildren(...isForm.childNodes);
    part("input[type=file]").replaceWith(file);
    changed();
    form.querySelector("[role=alert]:not([hidden])")?.scrollIntoView({ block: "nearest" });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (request && request.readyState !== XMLHttpRequest.DONE) return;
    complain("");
    if (tooLarge()) { complain(form.dataset.tooLarge); return; }
    request = new XMLHttpRequest();
    request.upload.addEventListener("progress", progress);
    request.addEventListener("load", answered);
    request.addEventListener("error", () => {
      working(false);
      complain("The upload was interrupted. Check your connection and try again.");
    });
    request.open("POST", location.href);
    part("progress").value = 0;
    part(".progress-line span").textContent = "";
    working(true);
    request.send(new FormData(form));
  });

  function changed() {
    adapt(chosen());
    if (chosen() && !tooLarge()) complain("");
  }

  form.addEventListener("change", changed);
  adapt(chosen());
}
