// News replace the tables; whoever reads at their far end stays there.
let places = [];
document.addEventListener("htmx:beforeSwap", () => {
  places = [...document.querySelectorAll(".comparison .table-scroll")].map(({ id, scrollLeft, scrollTop }) => ({ id, scrollLeft, scrollTop }));
});
document.addEventListener("htmx:afterSwap", () => {
  for (const { id, ...place } of places) Object.assign(document.getElementById(id) ?? {}, place);
});
