// The inbox without reloads: links and forms are those that work by themselves, asked for in the background. The server
// answers with the parts that changed; the list is mended row by row, so that selection, focus and place stay.
(() => {
  const LOST = "That did not arrive, so nothing was changed. Check your connection and try again.";
  const MOST_WAITING = 30;
  const TOLD_FOR = 6000;
  // What opens a field. What is typed next is meant for it, and not for us.
  const OPENS_FIELD = ["n", "t", "a", "/"];

  const inbox = document.getElementById("inbox");
  const pane = document.getElementById("pane");
  const drafts = new Map();

  const list = () => document.getElementById("inbox-list");
  const rows = () => [...inbox.querySelectorAll(".mail:not(.leaves)")];
  const link = (row) => row?.querySelector("[data-row]");
  const boxes = () => [...inbox.querySelectorAll(".mail-pick input")];
  const openId = () => pane.querySelector(".pane-fax")?.dataset.fax;
  const openRow = () => openId() && document.getElementById(`row-${openId()}`);
  const typing = (element) => element.matches?.("input:not([type=checkbox]), textarea, select");

  // One thing after the other. Keys that are pressed meanwhile are meant for what comes then, and wait.

  let work = Promise.resolve();
  let busy = 0;
  let waiting = [];

  function ask(verb, address, context, sent) {
    busy += 1;
    work = work.then(() => request(verb, address, context, sent)).finally(() => {
      busy -= 1;
      if (!busy) next();
    });
  }

  async function request(verb, address, context, { form, field, chosen = [] } = {}) {
    const place = rows().indexOf(openRow());
    const before = { place, id: openId(), newer: rows().slice(0, Math.max(0, place)).map((row) => row.id) };
    const goesOn = pane.contains(form);
    document.querySelector("#told:has(.told-bad)")?.replaceChildren();
    accept();
    try {
      await htmx.ajax(verb, address, { swap: "none", target: inbox, source: inbox, ...context });
    } catch {
      tell(LOST);
    }
    // A note that was taken has gone with its form; one that was refused is still in it.
    if (form && !form.isConnected) drafts.delete(form.querySelector("[data-draft]")?.dataset.draft);
    if (goesOn && openId() !== before.id && openRow()) way = before.newer.includes(openRow().id) ? "newer" : "older";
    settle(before);
    if (document.querySelector("#told .told-bad")) refuse(field, chosen);
  }

  function next() {
    const key = waiting.shift();
    if (!key) return;
    const target = document.activeElement ?? document.body;
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    if (!busy) next();
  }

  addEventListener("keydown", (event) => {
    if (!busy || !event.isTrusted || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    // The space bar presses buttons, and is no key of ours.
    const ours = (event.key.length === 1 && event.key !== " ") || event.key.startsWith("Arrow");
    if (!ours || document.documentElement.dataset.keys === "off") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const typed = OPENS_FIELD.includes(waiting.at(-1));
    if (!event.repeat && !typed && waiting.length < MOST_WAITING) waiting.push(event.key);
  }, true);

  function tell(text) {
    const line = document.createElement("p");
    line.className = "told-bad";
    line.textContent = text;
    document.getElementById("told").replaceChildren(line);
    waiting = [];
  }

  // What is wrong is said at the field where it can be mended. What was chosen stays chosen.
  function refuse(field, chosen) {
    waiting = [];
    for (const id of chosen) document.getElementById(id)?.querySelector("input")?.click();
    if (!field?.isConnected) return;
    const told = document.getElementById("told");
    const text = told.querySelector(".told-bad").textContent;
    field.after(Object.assign(document.createElement("p"), { className: "refused", id: "refused", textContent: text }));
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", "refused");
    told.replaceChildren();
    for (let box = field.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    field.focus();
  }

  function accept() {
    document.getElementById("refused")?.remove();
    const field = inbox.querySelector("[aria-describedby=refused]");
    field?.removeAttribute("aria-invalid");
    field?.removeAttribute("aria-describedby");
  }

  document.addEventListener("htmx:responseError", (event) => {
    const gone = event.detail.xhr.status === 404;
    // Who may not see it any more has it before them no longer.
    if (gone && event.detail.target?.id === "fax-live") {
      const [row, here] = [openRow(), new URL(location)];
      pane.replaceChildren();
      if (row) leave(row);
      here.searchParams.delete("open");
      history.replaceState(history.state, "", here);
    }
    tell(gone ? "This fax is not here any more. Nothing was changed." : `${LOST} If it stays so, load the page anew.`);
  });

  document.addEventListener("htmx:sendError", () => tell(LOST));

  // After an answer: the open row is marked, drafts are back, and the focus is where the person was.

  function settle(before) {
    for (const one of inbox.querySelectorAll("[data-row][aria-current]")) one.removeAttribute("aria-current");
    link(openRow())?.setAttribute("aria-current", "true");
    if (openId() !== before.id) pane.scrollTop = 0;
    const field = pane.querySelector("[data-draft]");
    if (field && drafts.has(field.dataset.draft) && !field.value) {
      field.value = drafts.get(field.dataset.draft);
      field.closest("details").open = true;
    }
    const at = document.activeElement;
    const lost = !at || at === document.body || at.closest(".leaves");
    // Whoever is in the list goes along with what is open.
    if (lost || at.matches("[data-row]")) (link(openRow()) ?? (lost && beside(before.place)))?.focus({ preventScroll: true });
    openRow()?.scrollIntoView({ block: "nearest" });
    if (before.id && !openId() && scrollAt !== null) jump(scrollAt);
    count();
    clearTimeout(fading);
    fading = setTimeout(fade, TOLD_FOR);
  }

  // What cannot be undone and needs nobody goes by itself.
  let fading = 0;

  function fade() {
    const told = document.getElementById("told");
    if (!told.querySelector("#undo, .told-bad") && !told.contains(document.activeElement)) told.replaceChildren();
  }

  const jump = (top) => scrollTo({ top, behavior: "instant" });
  const beside = (place) => link(rows()[Math.max(0, Math.min(place, rows().length - 1))]) ?? list();

  let scrollAt = null;
  // Up or down the list: Done goes on the way in which the person goes.
  let way = "";

  function open(address) {
    if (!openId()) scrollAt = scrollY;
    ask("GET", address);
    if (matchMedia("(max-width: 959.98px)").matches) work.then(() => jump(0));
  }

  inbox.addEventListener("click", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const row = event.target.closest("[data-row]");
    const back = event.target.closest("[data-back]");
    if (!plain || !(row || back)) return;
    event.preventDefault();
    way = "";
    if (row) open(row.href);
    else close(back.href);
  });

  // On a phone: back to the list, where one was in it.
  function close(address) {
    const row = openRow();
    pane.replaceChildren();
    history.replaceState(history.state, "", address);
    for (const one of inbox.querySelectorAll("[data-row][aria-current]")) one.removeAttribute("aria-current");
    jump(scrollAt ?? 0);
    link(row)?.focus({ preventScroll: true });
  }

  // On a phone, what narrows the list is folded away.
  inbox.querySelector("[data-sifts]").addEventListener("click", ({ currentTarget }) => {
    const isOpen = currentTarget.getAttribute("aria-expanded") === "true";
    currentTarget.setAttribute("aria-expanded", String(!isOpen));
    if (!isOpen) document.getElementById("q").focus();
  });

  inbox.addEventListener("submit", (event) => {
    const form = event.target;
    // Turning a page is the desk's.
    if (form.method !== "post" || event.defaultPrevented || form.matches(".live #turn")) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    const values = {};
    for (const key of new Set(data.keys())) values[key] = data.getAll(key).length > 1 ? data.getAll(key) : data.get(key);
    for (const menu of form.querySelectorAll("details[open]")) menu.open = false;
    form.closest("details.menu")?.removeAttribute("open");
    values.way = way;
    const around = event.submitter?.closest(".menu-sheet") ?? (form.id !== "bulk" && form);
    const field = around && around.querySelector("[data-first], select");
    const chosen = form.id === "bulk" ? rows().filter((row) => row.querySelector(":checked")).map((row) => row.id) : [];
    for (const box of boxes()) box.checked = box.checked && form.id !== "bulk";
    ask("POST", form.getAttribute("action"), { values }, { form, field, chosen });
  });

  inbox.addEventListener("input", (event) => {
    const { draft } = event.target.dataset;
    if (draft) drafts.set(draft, event.target.value);
    if (event.target.matches("[aria-invalid]")) accept();
    if (event.target.matches("[data-filters]")) sift(event.target);
  });

  // Ctrl and Enter sends what is written, as in compose.
  inbox.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("textarea")) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  // A list of people: typing narrows it, arrows walk it, Enter takes the first.

  const choices = (form) => [...form.querySelectorAll("button[name=to]:not([hidden])")];

  function sift(field) {
    const wanted = field.value.trim().toLowerCase();
    for (const button of field.form.querySelectorAll("button[name=to]")) {
      button.hidden = !button.textContent.toLowerCase().includes(wanted);
    }
  }

  inbox.addEventListener("keydown", (event) => {
    const form = event.target.closest?.(".people");
    if (!form) return;
    const all = choices(form);
    const at = all.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      (all[at + step] ?? (step < 0 ? form.querySelector("[data-filters]") : all[at]))?.focus();
    } else if (event.key === "Enter" && at < 0) {
      event.preventDefault();
      all[0]?.click();
    }
  });

  // Selecting: a box, a range with the shift key, and x for the row at hand.

  let last = null;

  function count() {
    const number = boxes().filter((box) => box.checked).length;
    document.getElementById("bulk-count").textContent = `${number} selected`;
  }

  inbox.addEventListener("click", (event) => {
    if (!event.target.matches(".mail-pick input")) return;
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(event.target)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const box of all.slice(from, to + 1)) box.checked = event.target.checked;
    last = event.target;
    count();
  });

  // A click with the shift key on the label would select text.
  inbox.addEventListener("mousedown", (event) => {
    if (event.shiftKey && event.target.closest(".mail-pick")) event.preventDefault();
  });

  document.addEventListener("faxportal:key", (event) => {
    const key = event.detail;
    const row = document.activeElement.closest?.(".mail");
    const here = row ?? openRow();
    const by = { j: 1, k: -1, ...(row && { ArrowDown: 1, ArrowUp: -1 }) }[key];
    if (by) {
      way = by > 0 ? "older" : "newer";
      const all = rows();
      const at = all.indexOf(here);
      const to = all[at < 0 ? 0 : at + by];
      if (to) {
        link(to).focus({ preventScroll: true });
        to.scrollIntoView({ block: "nearest" });
        if (matchMedia("(min-width: 960px)").matches) open(link(to).href);
      }
      event.preventDefault();
    } else if (key === "x" && here) {
      here.querySelector("input").click();
      event.preventDefault();
    }
  });

  // The list, mended row by row.

  function change(old, fresh) {
    const box = old.querySelector(".mail-pick input");
    const focused = old.contains(document.activeElement) && document.activeElement;
    fresh.querySelector(".mail-pick input").checked = box.checked;
    if (last === box) last = fresh.querySelector(".mail-pick input");
    old.replaceWith(fresh);
    if (focused) (focused === box ? fresh.querySelector("input") : link(fresh)).focus({ preventScroll: true });
  }

  function leave(row) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return row.remove();
    row.classList.add("leaves");
    row.removeAttribute("id");
    setTimeout(() => row.remove(), 120);
  }

  function mend(target, fresh) {
    const changed = [];
    const old = target.querySelector(".mails");
    const before = new Map([...old.children].filter((row) => row.id).map((row) => [row.id, row]));
    let place = null;
    for (const row of [...fresh.querySelectorAll(".mail")]) {
      let there = before.get(row.id);
      before.delete(row.id);
      if (!there || there.dataset.version !== row.dataset.version) {
        if (there) change(there, row);
        else row.classList.add("arrives");
        there = row;
        changed.push(row);
      }
      const wanted = place ? place.nextElementSibling : old.firstElementChild;
      if (wanted !== there) place ? place.after(there) : old.prepend(there);
      place = there;
    }
    // The fax that is being read stays in its row, also where it is read and the list shows the unread ones.
    for (const row of before.values()) if (row.id !== `row-${openId()}`) leave(row);
    const row = openRow();
    if (changed.includes(row) || (before.has(row?.id) && !row.dataset.left)) look();
    if (before.has(row?.id)) row.dataset.left = "true";
    old.hidden = !old.querySelector(".mail:not(.leaves)");
    const rest = target.querySelector(".inbox-rest");
    const restNow = fresh.querySelector(".inbox-rest");
    if (rest.innerHTML !== restNow.innerHTML && (old.hidden || !restNow.querySelector(".empty"))) rest.innerHTML = restNow.innerHTML;
    target.querySelector("[name=seen]").value = fresh.querySelector("[name=seen]").value;
    return [target, ...changed];
  }

  // A colleague did something with the fax that is open here: who reads it should know. A menu that is open stays.
  function look() {
    if (busy || pane.querySelector("#fax-head details[open]")) return;
    htmx.ajax("GET", pane.querySelector(".pane-fax").dataset.status, { target: "#fax-live", swap: "outerHTML" });
  }

  htmx.defineExtension("rows", {
    isInlineSwap: (style) => style === "rows",
    handleSwap(style, target, fragment) {
      if (style !== "rows") return false;
      const changed = mend(target, fragment.querySelector("#inbox-list"));
      link(openRow())?.setAttribute("aria-current", "true");
      count();
      return changed;
    },
  });

  count();
})();
