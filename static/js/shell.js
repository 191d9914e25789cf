// Keys for those who work fast, and menus that close by themselves. Everything here can be done without it.
(() => {
  const sheet = document.getElementById("keys");
  const toggle = document.getElementById("keys-on");
  const root = document.documentElement;

  const typing = (element) => element.isContentEditable || element.matches?.("input:not([type=checkbox]), textarea, select");
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
    // A page may know better what a key means there.
    const own = new CustomEvent("faxportal:key", { detail: event.key, cancelable: true });
    if (!document.dispatchEvent(own)) return true;
    const onRow = rows().includes(document.activeElement);
    const by = { j: 1, k: -1, ...(onRow && { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
    if (by && step(by)) return true;
    if (event.key === "?") return sheet.showModal() ?? true;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (target?.matches("input")) target.focus();
    else target?.click();
    // A field that a key opened is written in at once.
    if (target?.matches("summary")) begin(target.parentElement);
    return Boolean(target);
  }

  function begin(menu) {
    if (menu.open) (menu.querySelector("[data-first]") ?? menu.querySelector("button, a"))?.focus();
  }

  document.addEventListener("keydown", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented);
    if (!plain || sheet.open || typing(event.target) || root.dataset.keys === "off") return;
    if (act(event)) event.preventDefault();
  });

  // Kept on the account, so that it holds in each browser.
  toggle.addEventListener("change", () => {
    root.dataset.keys = toggle.checked ? "on" : "off";
    const data = new URLSearchParams({ on: toggle.checked ? "1" : "" });
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    fetch(toggle.dataset.save, { method: "POST", body: data, headers: { "X-CSRFToken": token } });
  });

  // A choice that is a question at once, such as the team of a list.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  // What was not asked for has no place in an address.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("[data-tidy]")) return;
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });

  // What looks again by itself rests while nobody sees it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.matches?.("[data-rests]")) event.preventDefault();
  });

  // The title says how many faxes are unread, wherever one is.
  function entitle() {
    const { unread } = document.querySelector("[data-unread]")?.dataset ?? {};
    const bare = document.title.replace(/^\(\d+\+?\) /, "").replace(/\s+/g, " ").trim();
    const count = Number(unread) >= 100 ? "99+" : unread;
    const title = Number(unread) ? `(${count}) ${bare}` : bare;
    if (document.title !== title) document.title = title;
  }

  document.addEventListener("htmx:load", entitle);

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (event.target.closest("[data-opens-keys]")) sheet.showModal();
    if (event.target.closest("[data-dismiss-told]")) document.getElementById("told").replaceChildren();
  });

  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.("details.menu[open]")) return;
    for (const other of document.querySelectorAll("details.menu[open]")) {
      if (!other.contains(event.target) && other !== event.target) other.open = false;
    }
  }, true);

  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details[open]") ?? document.querySelector("details.menu[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
