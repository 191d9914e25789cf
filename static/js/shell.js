// Keys for those who work fast, and menus that close by themselves. Everything here can be done without it.
(() => {
  const OFF = "keys-off";
  const sheet = document.getElementById("keys");
  const toggle = document.getElementById("keys-on");

  const typing = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
  const rows = () => [...document.querySelectorAll("[data-row]")];

  function step(by) {
    const all = rows();
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? 0 : at + by;
    if (all[next]) {
      all[next].focus({ preventScroll: true });
      // A page of a fax is higher than the window: its top is what one wants to see.
      all[next].scrollIntoView({ block: all[next].closest(".sheets") ? "start" : "nearest" });
    }
    return all.length > 0;
  }

  function act(event) {
    const onRow = rows().includes(document.activeElement);
    if (event.key === "j" || (onRow && event.key === "ArrowDown")) return step(1);
    if (event.key === "k" || (onRow && event.key === "ArrowUp")) return step(-1);
    if (event.key === "?") return sheet.showModal() ?? true;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (target?.matches("input")) target.focus();
    else target?.click();
    return Boolean(target);
  }

  document.addEventListener("keydown", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented);
    if (!plain || sheet.open || typing(event.target) || localStorage.getItem(OFF)) return;
    if (act(event)) event.preventDefault();
  });

  toggle.checked = !localStorage.getItem(OFF);
  toggle.addEventListener("change", () => {
    if (toggle.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });

  // A choice that is a question at once, such as the team of a list.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (event.target.closest("[data-opens-keys]")) sheet.showModal();
  });

  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector("details.menu[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
