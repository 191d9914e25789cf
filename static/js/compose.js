// The compose page without reloads. Everything here can be done without it, by plain POSTs of the same form.
(() => {
  const form = document.getElementById("compose");
  if (!form) return;
  const byId = (id) => document.getElementById(id);
  const list = byId("id_recipients");
  const entry = byId("entry");
  const chips = byId("chips");
  const upload = byId("upload");
  const { most, bytes, tooLarge } = form.dataset;

  // Answers: each part that changed says by its id where it belongs. The element itself stays, so that screen readers
  // hear what is new in it; the focus returns to the same button, or to its neighbour when that one is spent. Whoever
  // asked before another answer came in has an old answer, and asks again.

  let swaps = 0;

  function swap(html) {
    const answer = new DOMParser().parseFromString(html, "text/html");
    const parts = [...answer.querySelectorAll("[data-part]")];
    swaps += parts.length ? 1 : 0;
    const focused = document.activeElement;
    const file = focused.closest(".file");
    const beside = (file?.nextElementSibling ?? file?.previousElementSibling)?.querySelector("[id^=remove]");
    const places = [focused, focused.previousElementSibling, focused.nextElementSibling, beside, upload];
    const ids = places.map((element) => element?.id).filter(Boolean);
    for (const part of parts) byId(part.id).replaceChildren(...part.childNodes);
    if (!focused.isConnected) ids.map(byId).find((element) => element && !element.disabled).focus();
    return parts.length > 0 && answer;
  }

  const say = (text) => { byId("sentence").textContent = text; };

  const LOST = "The portal cannot be reached, or you have been signed out. What you filled in is still here.";

  async function post(url, data) {
    try {
      const answer = await fetch(url, { method: "POST", body: data, headers: { "HX-Request": "true" } });
      return await answer.text();
    } catch {
      return "";
    }
  }

  // Recipients. The list in the textarea is what is sent; chips show how the server reads it.

  const split = (text) => text.split(/[\r\n\t,;]+/).map((part) => part.trim()).filter(Boolean);
  let turn = 0;
  // What the page itself has to say of the recipients: an answer to what was asked before does not know of it.
  let warning = "";

  async function check() {
    const mine = ++turn;
    const since = swaps;
    const html = await post(form.dataset.check, new FormData(form));
    // A later question is under way, and its answer will know more.
    if (mine !== turn) return;
    if (since !== swaps) return check();
    if (!swap(html)) return say(LOST);
    if (warning) warn(warning);
    holdOn();
    list.value = [...chips.children].map((chip) => chip.dataset.line).join("\n");
    entry.setAttribute("aria-invalid", Boolean(chips.querySelector(".chip-bad")));
    if (document.activeElement === entry) entry.scrollIntoView({ block: "nearest" });
  }

  function warn(text) {
    warning = text;
    const line = document.createElement("p");
    line.className = "field-error";
    line.textContent = text;
    byId("recipient-notes").replaceChildren(line);
  }

  function add(text) {
    const lines = split(list.value);
    const added = split(text);
    if (!added.length) return;
    warning = "";
    if (lines.length + added.length > most) {
      const count = lines.length + added.length;
      return warn(`A fax goes to at most ${most} numbers at once, and these are ${count}. Send it in parts.`);
    }
    list.value = [...lines, ...added].join("\n");
    for (const line of added) {
      const chip = document.createElement("li");
      chip.className = "chip chip-new";
      chip.dataset.line = chip.textContent = line;
      chips.append(chip);
    }
    entry.value = "";
    check();
  }

  function take(chip) {
    warning = "";
    chip.remove();
    list.value = [...chips.children].map((each) => each.dataset.line).join("\n");
    entry.focus();
    check();
  }

  function mend(chip) {
    entry.value = chip.dataset.line;
    take(chip);
  }

  entry.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (["Enter", ",", ";"].includes(event.key)) {
      event.preventDefault();
      add(entry.value);
    } else if (event.key === "Backspace" && !entry.value && chips.lastElementChild) {
      event.preventDefault();
      mend(chips.lastElementChild);
    }
  });

  entry.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    if (split(text).length < 2) return;
    event.preventDefault();
    add(`${entry.value}\n${text}`);
  });

  entry.addEventListener("blur", () => add(entry.value));

  byId("chip-box").addEventListener("click", (event) => {
    const chip = event.target.closest(".chip");
    if (event.target.closest(".chip-remove")) take(chip);
    else if (event.target.closest(".chip-edit")) mend(chip);
    else if (!chip) entry.focus();
  });

  byId("id_number").addEventListener("change", check);

  // Files. One at a time, so that they arrive in the order in which they were chosen.

  const waiting = [];
  let current = null;

  function holdOn() {
    const busy = Boolean(current || waiting.length);
    if (busy) say("Wait until every file is here, then send.");
    return busy;
  }

  function problem(text) {
    const line = document.createElement("li");
    line.textContent = text;
    byId("file-problems").append(line);
  }

  function sized(file) {
    // As the server says it, and before the file has travelled.
    const size = (Math.ceil(file.size / 100000) / 10).toFixed(1);
    const words = { file: `“${file.name}”`, size, limit: bytes / 1000000 };
    return tooLarge.replace(/{(\w+)}/g, (_, word) => words[word]);
  }

  function queue(files) {
    byId("file-problems").replaceChildren();
    upload.removeAttribute("aria-invalid");
    for (const file of files) {
      if (file.size > bytes) problem(sized(file));
      else waiting.push(row(file));
    }
    next();
    holdOn();
  }

  function row(file) {
    const line = document.createElement("li");
    const name = document.createElement("span");
    const progress = document.createElement("progress");
    const stop = document.createElement("button");
    name.className = "file-name";
    name.textContent = file.name;
    progress.max = file.size || 1;
    progress.value = 0;
    progress.setAttribute("aria-label", `Upload of ${file.name}`);
    stop.type = "button";
    stop.textContent = "✕";
    stop.setAttribute("aria-label", `Stop the upload of ${file.name}`);
    line.append(name, progress, stop);
    byId("uploads").append(line);
    const job = { file, line, progress, request: null };
    stop.addEventListener("click", () => {
      if (job.request) return job.request.abort();
      waiting.splice(waiting.indexOf(job), 1);
      line.remove();
    });
    return job;
  }

  function next() {
    if (current || !waiting.length) return;
    current = waiting.shift();
    const { file, progress } = current;
    const since = swaps;
    const data = new FormData(form);
    data.delete("upload");
    data.append("upload", file);
    const request = new XMLHttpRequest();
    current.request = request;
    request.open("POST", form.dataset.upload);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => { progress.value = event.loaded; });
    // Everything has left; the server now looks at the pages, which nobody can time.
    request.upload.addEventListener("load", () => progress.removeAttribute("value"));
    request.addEventListener("load", () => settle(file, request.responseText, since));
    request.addEventListener("error", () => settle(file, "", since));
    // No answer will say how the sheet stands now.
    request.addEventListener("abort", check);
    request.addEventListener("loadend", () => {
      current.line.remove();
      current = null;
      next();
      holdOn();
    });
    request.send(data);
  }

  function settle(file, html, since) {
    const old = since !== swaps;
    const answer = swap(html);
    if (!answer) return problem(`“${file.name}” has not arrived. ${LOST}`);
    byId("file-problems").append(...answer.querySelectorAll("#file-problems > li"));
    if (old) refresh();
  }

  async function change(url, data) {
    const since = swaps;
    const html = await post(url, data);
    const old = since !== swaps;
    if (!swap(html)) problem(LOST);
    else if (old) refresh();
  }

  // To put the files in the order in which they are changes nothing, and tells all.
  const refresh = () => change(form.dataset.order, new FormData(form));

  upload.addEventListener("change", () => {
    queue([...upload.files]);
    upload.value = "";
  });

  byId("files").addEventListener("click", (event) => {
    const button = event.target.closest("button[formaction]");
    if (!button) return;
    event.preventDefault();
    const data = new FormData(form);
    if (button.name) data.append(button.name, button.value);
    change(button.formAction, data);
  });

  // Dragging: files from outside onto the page, and files of the sheet among each other.

  let dragged = null;
  const fromOutside = (event) => !dragged && event.dataTransfer.types.includes("Files");

  document.addEventListener("dragover", (event) => {
    if (!fromOutside(event)) return;
    event.preventDefault();
    form.classList.add("dropping");
  });

  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) form.classList.remove("dropping");
  });

  document.addEventListener("drop", (event) => {
    form.classList.remove("dropping");
    if (!fromOutside(event)) return;
    event.preventDefault();
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const folders = items.filter((item) => item.webkitGetAsEntry()?.isDirectory).map((item) => item.getAsFile()?.name);
    queue([...event.dataTransfer.files].filter((file) => !folders.includes(file.name)));
    for (const name of folders) problem(`“${name}” is a folder. Open it and drop the files that are in it.`);
  });

  form.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".file");
    if (!dragged) return;
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
  });

  form.addEventListener("dragover", (event) => {
    const over = event.target.closest(".file");
    if (!dragged || !over) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (over !== dragged) over[event.clientX < box.left + box.width / 2 ? "before" : "after"](dragged);
  });

  form.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    dragged = null;
    refresh();
  });

  // The preview: which page is seen, and the pager.

  const sheets = () => [...form.querySelectorAll(".proof .proof-page")];

  function seen(box) {
    const middle = box.scrollTop + box.clientHeight / 2;
    return Math.max(0, sheets().findLastIndex((sheet) => sheet.offsetTop <= middle));
  }

  form.addEventListener("scroll", (event) => {
    const now = byId("page-now");
    if (now && event.target.classList.contains("proof")) now.textContent = seen(event.target) + 1;
  }, true);

  function turnTo(sheet) {
    sheet.parentElement.scrollTo({ top: sheet.offsetTop - 14 });
  }

  form.addEventListener("click", (event) => {
    const turned = event.target.closest("[data-turn]");
    const picture = event.target.closest(".file-picture");
    if (turned) {
      const at = seen(form.querySelector(".proof")) + Number(turned.dataset.turn);
      if (sheets()[at]) turnTo(sheets()[at]);
    } else if (picture) {
      event.preventDefault();
      turnTo(byId(picture.hash.slice(1)));
    }
  });

  // Sending. Once: the sheet's id is a one-use token; this only saves the second request.

  let leaving = false;

  function setLeaving(now) {
    leaving = now;
    byId("send").toggleAttribute("aria-disabled", now);
  }

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      form.requestSubmit(byId("send"));
    } else if (event.target.matches("input:not([type=file])")) {
      event.preventDefault();
    }
  });

  form.addEventListener("submit", (event) => {
    if (leaving || holdOn()) return event.preventDefault();
    list.value = [...split(list.value), ...split(entry.value)].join("\n");
    entry.value = "";
    setLeaving(true);
    // Somebody may have stopped the browser. To ask again does no harm.
    setTimeout(setLeaving, 5000, false);
  });

  addEventListener("beforeunload", (event) => {
    // Nothing is lost where a session has ended: the sheet and what was typed come back with the next log-in.
    if (leaving || "signedOut" in document.documentElement.dataset) return;
    if (current || list.value || form.querySelector(".file")) event.preventDefault();
  });

  // Back on a page that the browser kept: what became of the sheet is for the server to say.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    leaving = true;
    location.reload();
  });

  // What was typed before a session ended is back in the fields.
  form.addEventListener("faxportal:given-back", check);

  // A reload finds the same sheet, with its files.
  history.replaceState(null, "", `${form.getAttribute("action")}?draft=${form.elements.batch.value}`);

  // A list too long to be read has no chips; it stays a text to be mended.
  if (chips.children.length || !list.value.trim()) {
    form.classList.add("live-list");
    entry.hidden = false;
    byId("to-label").htmlFor = "entry";
  }
  form.classList.add("live");
  const wrong = form.querySelector("[aria-invalid=true]") ?? entry;
  (wrong.hidden ? list : wrong).focus();
})();
