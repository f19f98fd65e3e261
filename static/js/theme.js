// Before the first paint, so not a module: light or dark, as chosen here or by the system.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem("tuneroom-theme"); } catch { /* storage is switched off */ }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const theme = chosen ?? (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new CustomEvent("tuneroom:theme"));
  };
  system.addEventListener("change", apply);
  document.addEventListener("tuneroom:toggle-theme", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("tuneroom-theme", chosen); } catch { /* then for this page only */ }
    apply();
  });
  apply();
})();
