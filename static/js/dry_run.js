// New search: what a dry run found too large becomes a constraint of the form.

const form = document.getElementById("search-form");

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-constraint]");
  if (!button) return;
  const rows = [...form.querySelectorAll('[data-rows="constraints"] [data-row]')];
  const measured = (row) => row.querySelector("select").value;
  const row = rows.find((one) => measured(one) === button.dataset.constraint) ?? rows.find((one) => !measured(one));
  if (!row) return;
  const [name, relation] = row.querySelectorAll("select");
  name.value = button.dataset.constraint;
  relation.value = "<=";
  row.querySelector("input").value = button.dataset.limit;
  row.hidden = false;
  row.querySelector("input").focus();
  form.dispatchEvent(new Event("change", { bubbles: true }));
});
