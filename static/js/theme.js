// Before the first paint, so not a module: light or dark, as chosen in the person's profile, in this
// browser, or by the system.
(() => {
  const preferred = document.documentElement.dataset.preferredTheme;
  let chosen = preferred || null;
  if (preferred === undefined) {
    try { chosen = localStorage.getItem("tuneroom-theme"); } catch { /* storage is switched off */ }
  }
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
