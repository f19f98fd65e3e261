// New project: dims the templates that do not fit the chosen dataset, and offers to keep the split
// of one that comes divided.

const form = document.getElementById("project-form");

function adapt() {
  const chosen = form.querySelector("input[name=dataset]:checked")?.closest("[data-kind]").dataset;
  const kind = chosen?.kind;
  const keep = document.getElementById("keep-parts");
  keep.hidden = chosen?.parts === undefined;
  keep.querySelector(".parts").textContent = chosen?.parts ? `: ${chosen.parts}` : "";
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
