// The pages of a fax: which one is seen, steps, sizes, turning. Everything here can be done without it, by scrolling,
// by links and by a plain POST. The desk may come and go with what is opened, so it is looked up each time.
(() => {
  const SIZES = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
  const FIT = SIZES.indexOf(1);
  let size = FIT;
  let at = 1;
  let stepped = false;

  const desk = () => document.querySelector("#fax-pages.live");
  const sheet = (number) => document.getElementById(`page-${number}`);
  const pageOf = (link) => Number(link.hash.slice("#page-".length));
  const sheets = () => desk()?.querySelector(".sheets");
  const top = () => desk().querySelector(".desk-bar").getBoundingClientRect().bottom;

  // The desk's bar stands below the fax's head, which stays, too, and is as high as its words.
  const heights = new ResizeObserver(([{ target }]) => {
    const around = desk()?.closest(".pane, .fax");
    if (!around) return;
    const stays = getComputedStyle(target).position === "sticky";
    const above = target.closest(".pane")?.getBoundingClientRect().top ?? 0;
    around.style.setProperty("--desk-top", `${stays ? target.offsetHeight : 0}px`);
    around.style.setProperty("--desk-above", `${stays ? target.offsetHeight + above : 0}px`);
  });

  function start() {
    const fresh = document.querySelector("#fax-pages:not(.live)");
    if (!fresh?.querySelector(".sheets")) return;
    fresh.classList.add("live");
    heights.disconnect();
    heights.observe(fresh.closest(".pane")?.querySelector(".pane-head") ?? document.querySelector("main > .bar"));
    for (const image of sheets().querySelectorAll("img")) learn(image);
    near.disconnect();
    for (const link of fresh.querySelectorAll(".strip a")) near.observe(link);
    show(1);
    if (size !== FIT) resize(size);
  }

  // The shape of a page is known once it is seen; that of the first is a good guess for the others.

  function learn(image) {
    const page = image.closest(".sheets > li");
    if (!page || !image.naturalWidth) return;
    const tall = image.naturalHeight / image.naturalWidth;
    page.style.setProperty("--tall", tall);
    if (page.dataset.page === "1") {
      sheets().style.setProperty("--upright", page.classList.contains("sideways") ? 1 / tall : tall);
    }
  }

  // Where one is.

  function seen() {
    const all = sheets().children;
    if (all[all.length - 1].getBoundingClientRect().bottom <= innerHeight + 1) return all.length;
    const line = top() + 40;
    let [from, to] = [0, all.length - 1];
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if (all[middle].getBoundingClientRect().top <= line) from = middle;
      else to = middle - 1;
    }
    return from + 1;
  }

  function show(number) {
    at = number;
    const field = desk().querySelector(".desk-at input");
    if (field && field !== document.activeElement) field.value = number;
    const strip = desk().querySelector(".strip");
    if (!strip) return;
    for (const link of strip.querySelectorAll("a")) link.tabIndex = -1;
    strip.querySelector("[aria-current]")?.removeAttribute("aria-current");
    const link = strip.querySelector(`[href="#page-${number}"]`);
    link.setAttribute("aria-current", "true");
    link.tabIndex = 0;
    // Not scrollIntoView, which would move what is around the strip, too.
    const [box, small] = [strip.getBoundingClientRect(), link.getBoundingClientRect()];
    strip.scrollTop += Math.min(0, small.top - box.top - 40) + Math.max(0, small.bottom - box.bottom + 40);
  }

  // Small pictures come once they are in sight: what browsers call lazy is a dozen of them too many.

  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      // The fax may have been put away in the meantime.
      if (!target.isConnected) continue;
      const small = Object.assign(new Image(64, 83), { alt: "", fetchPriority: "low" });
      small.src = sheet(pageOf(target)).querySelector("img").src.replace(/w=\d+/, "w=176");
      target.prepend(small);
    }
  });

  function go(number) {
    const page = sheet(number);
    if (!page) return;
    stepped = true;
    page.scrollIntoView({ block: "start", behavior: "instant" });
    show(number);
  }

  let asked = 0;

  document.addEventListener("scroll", (event) => {
    if (asked || !desk() || event.target.closest?.(".strip, .desk-paper")) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      // At the end of the fax, a step cannot bring its page to the top.
      if (desk() && !stepped) show(seen());
      stepped = false;
    });
  }, { capture: true, passive: true });

  // How large.

  function scroller() {
    for (let box = desk().parentElement; box; box = box.parentElement) {
      if (box.scrollHeight > box.clientHeight && /auto|scroll/.test(getComputedStyle(box).overflowY)) return box;
    }
    return document.scrollingElement;
  }

  function resize(to) {
    size = Math.max(0, Math.min(SIZES.length - 1, to));
    const paper = desk().querySelector(".desk-paper");
    const [page, line] = [sheet(at), top()];
    const before = page.getBoundingClientRect();
    const middle = (paper.scrollLeft + paper.clientWidth / 2) / paper.scrollWidth;
    sheets().style.setProperty("--zoom", SIZES[size]);
    desk().classList.toggle("zoomed", size > FIT);
    const after = page.getBoundingClientRect();
    const share = Math.max(0, (line - before.top) / before.height);
    stepped = true;
    scroller().scrollBy({ top: after.top + share * after.height - Math.max(line, before.top), behavior: "instant" });
    paper.scrollLeft = middle * paper.scrollWidth - paper.clientWidth / 2;
    sharpen();
  }

  function sharpen() {
    const [usual, large] = ["w=1200", "w=1700"];
    const isLarge = sheets().clientWidth * devicePixelRatio > 1400;
    for (const image of sheets().querySelectorAll("img")) {
      // Lazy pictures out of sight stay unasked for.
      if (isLarge && image.src.includes(usual)) image.src = image.src.replace(usual, large);
    }
  }

  // Turning, kept for everybody. What goes wrong is said by the page that a plain POST brings.

  let turning = Promise.resolve();

  async function turn(form, number) {
    if (!form.isConnected) return;
    const page = sheet(number);
    const turned = (Number(page.dataset.turned ?? 0) + 90) % 360;
    form.elements.page.value = number;
    form.elements.degrees.value = turned;
    const data = new FormData(form);
    const asked = { method: "POST", body: data, headers: { "HX-Request": "true" } };
    const answer = await fetch(form.action, asked).catch(() => null);
    if (!form.isConnected) return;
    if (!answer?.ok || answer.headers.has("HX-Redirect")) return form.submit();
    page.dataset.turned = turned;
    page.classList.toggle("sideways", turned % 180 !== 0);
    page.style.removeProperty("--tall");
    for (const image of desk().querySelectorAll(`#page-${number} img, [href="#page-${number}"] img`)) {
      const address = new URL(image.src);
      address.searchParams.set("turned", turned);
      image.src = address;
    }
    desk().querySelector(".desk-said").textContent = `Page ${number} is turned.`;
  }

  // What people do.

  document.addEventListener("click", (event) => {
    if (!desk()?.contains(event.target)) return;
    const { step, zoom } = event.target.closest("button")?.dataset ?? {};
    const small = event.target.closest(".strip a");
    if (step) go(at + Number(step));
    else if (zoom) resize(zoom === "0" ? FIT : size + Number(zoom));
    else if (small && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      go(pageOf(small));
    }
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".live #turn")) return;
    event.preventDefault();
    // One after the other: each goes on from where the one before left the page.
    const [form, number] = [event.target, at];
    turning = turning.then(() => turn(form, number));
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches(".live .desk-at input")) go(Number(event.target.value));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches(".live .desk-at input")) {
      // It would press the button of the form.
      event.preventDefault();
      go(Number(event.target.value));
    }
    const steps = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    if (!event.target.matches(".live .strip a") || !(event.key in steps)) return;
    event.preventDefault();
    go(Math.max(1, Math.min(sheets().children.length, at + steps[event.key])));
    desk().querySelector(".strip [aria-current]").focus({ preventScroll: true });
  });

  // A large page is moved by dragging it. A link that was dragged is not followed.

  let grip = null;

  document.addEventListener("pointerdown", (event) => {
    const paper = event.target.closest?.(".zoomed .desk-paper");
    if (paper && event.button === 0 && event.pointerType === "mouse") grip = { paper, box: scroller(), moved: 0 };
  });

  document.addEventListener("pointermove", (event) => {
    if (!grip || !event.buttons) return;
    grip.moved += Math.abs(event.movementX) + Math.abs(event.movementY);
    desk()?.classList.add("panned");
    grip.paper.scrollLeft -= event.movementX;
    grip.box.scrollBy({ top: -event.movementY, behavior: "instant" });
  });

  document.addEventListener("pointerup", () => desk()?.classList.remove("panned"));

  document.addEventListener("click", (event) => {
    if (grip?.moved > 4 && event.target.closest(".sheets")) event.preventDefault();
    grip = null;
  }, true);

  document.addEventListener("dragstart", (event) => {
    if (event.target.closest?.(".zoomed .sheets")) event.preventDefault();
  });

  document.addEventListener("load", (event) => {
    if (event.target.matches?.(".live .sheets img")) learn(event.target);
  }, true);

  document.addEventListener("htmx:load", start);
  start();
})();
