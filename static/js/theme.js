// Light or dark as the system is, now and when it changes; and whether there are scripts at all.
(() => {
  document.documentElement.classList.add("scripts");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  dark.addEventListener("change", apply);
  apply();
})();
