// Light or dark as the system is, now and when it changes, unless the person chose one; and whether there are scripts.
(() => {
  document.documentElement.classList.add("scripts");
  if ("themeChosen" in document.documentElement.dataset) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  dark.addEventListener("change", apply);
  apply();
})();
