// New project: dims the templates that do not fit the chosen dataset, and adds up the split.

const form = document.getElementById("project-form");

function adapt() {
  const kind = form.querySelector("input[name=dataset]:checked")?.closest("[data-kind]").dataset.kind;
  for (const choice of form.querySelectorAll("[data-kinds]")) {
    const fits = !kind || choice.dataset.kinds.split(" ").includes(kind);
    choice.classList.toggle("dimmed", !fits);
    choice.querySelector(".unfit").hidden = fits;
    const input = choice.querySelector("input");
    input.disabled = !fits;
    if (!fits) input.checked = false;
  }
}

form.addEventListener("change", adapt);
adapt();
