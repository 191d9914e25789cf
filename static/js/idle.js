// The end of a session: said before, and without losing what was typed. The server decides; this only asks it.
(() => {
  const box = document.getElementById("idle");
  const { here, login, since, key } = box.dataset;
  const count = document.getElementById("idle-count");
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

  // Time

  let end = Date.now() + Number(box.dataset.left) * 1000;
  const whole = end - Date.now();
  // Two minutes ahead, or a quarter of the time where all of it is short.
  const warning = Math.min(120_000, whole / 4);
  // To say that somebody is here once a minute is enough.
  const pause = Math.min(60_000, whole / 10);
  let told = Date.now();
  let asking = null;

  // Somebody is here (POST), or how long is left (GET)? Another tab may have said so meanwhile.
  function ask(method) {
    const headers = method === "POST" ? { "X-CSRFToken": token() } : {};
    asking ??= fetch(here, { method, headers, redirect: "manual", cache: "no-store" })
      .then((answer) => (answer.ok ? answer.json() : { left: 0 }))
      .then(({ left }) => { end = Date.now() + left * 1000; })
      // Nobody answers. The time that was left goes on.
      .catch(() => {})
      .finally(() => { asking = null; });
    return asking;
  }

  function act(event) {
    if (!event.isTrusted || box.open || Date.now() - told < pause) return;
    told = Date.now();
    ask("POST");
  }

  // Not scrolling, which a page also does by itself.
  for (const name of ["keydown", "pointerdown", "wheel", "touchmove"]) {
    addEventListener(name, act, { capture: true, passive: true });
  }

  let asked = 0;

  async function tick() {
    if (end - Date.now() <= warning && (Date.now() - asked > 5000 || end <= Date.now())) {
      asked = Date.now();
      await ask("GET");
    }
    const left = end - Date.now();
    if (left <= 0) return leave();
    if (left > warning) return box.open && box.close("elsewhere");
    if (!box.open) {
      box.returnValue = "";
      box.showModal();
    }
    const seconds = Math.ceil(left / 1000);
    count.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  // By its button or the escape key: somebody is here.
  box.addEventListener("close", () => {
    told = Date.now();
    if (box.returnValue !== "elsewhere") ask("POST");
  });

  async function leave() {
    await keep();
    document.documentElement.dataset.signedOut = "";
    // What the page shows is for nobody's eyes any more, also where the next page does not come.
    document.body.replaceChildren();
    location.replace(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
  }

  // A machine that was asleep asks as soon as it wakes up.
  setInterval(tick, Math.min(1000, whole / 20));
  document.addEventListener("visibilitychange", tick);

  // What was typed and not sent. It lies in this tab, sealed, and whoever signs in again as the same person gets it
  // back; another person cannot read it. A page of the same session that loads anew has lost nothing, and forgets it.

  const PLACE = "faxportal-kept";
  const FIELDS = "input:not([type=hidden], [type=password], [type=file], [type=submit]), textarea, select";

  const sealer = crypto.subtle?.importKey(
    "raw", Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0)), "AES-GCM", false, ["encrypt", "decrypt"],
  );
  const text = (bytes) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
  const bytes = (letters) => Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));

  const isBox = (field) => field.matches("[type=checkbox], [type=radio]");
  const valueOf = (field) => (isBox(field) ? field.checked : field.value);

  function isChanged(field) {
    if (isBox(field)) return field.checked !== field.defaultChecked;
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.value !== field.defaultValue;
  }

  // A field is known by where its form goes, its name or id, and its value where several share the name.
  function places(form) {
    return [...form.querySelectorAll(FIELDS)].filter((field) => field.name || field.id).map((field) => ({
      field,
      id: [form.getAttribute("action"), field.name || field.id, isBox(field) ? field.value : ""].join("\n"),
    }));
  }

  const all = () => [...document.querySelectorAll("form[method=post]")].flatMap(places);

  async function keep() {
    if (!sealer) return;
    const typed = all().filter(({ field }) => isChanged(field)).map(({ field, id }) => [id, valueOf(field)]);
    if (!typed.length) return sessionStorage.removeItem(PLACE);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify({ since, typed }));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await sealer, plain);
    sessionStorage.setItem(PLACE, `${text(iv)} ${text(sealed)}`);
  }

  // Other scripts of the page look after their fields by then.
  const ready = new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve));

  async function giveBack() {
    await ready;
    const [iv, sealed] = (sessionStorage.getItem(PLACE) ?? "").split(" ");
    if (!sealed || !sealer) return;
    let kept;
    try {
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(iv) }, await sealer, bytes(sealed));
      kept = JSON.parse(new TextDecoder().decode(plain));
    } catch {
      // Somebody else's.
      return sessionStorage.removeItem(PLACE);
    }
    if (kept.since === since) return sessionStorage.removeItem(PLACE);
    const typed = new Map(kept.typed);
    const found = all().filter(({ id, field }) => typed.has(id) && !isChanged(field));
    for (const { field, id } of found) {
      if (isBox(field)) field.checked = typed.get(id);
      else field.value = typed.get(id);
      for (let folded = field.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    for (const form of new Set(found.map(({ field }) => field.form))) form.dispatchEvent(new Event("faxportal:given-back"));
  }

  let soon = 0;

  function keepSoon() {
    clearTimeout(soon);
    soon = setTimeout(keep, 300);
  }

  giveBack().then(() => {
    for (const name of ["input", "change", "keyup", "click", "htmx:afterSettle"]) document.addEventListener(name, keepSoon);
  });
})();
