// Each <time data-as> is said in the reader's way, in full on hover: in the zone that they chose for their account, as
// the server says it, too; else in that of this browser.
(() => {
  const timeZone = document.documentElement.dataset.zone;
  const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long", timeZone });
  const DAY = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone });
  const CLOCK = { hour: "numeric", minute: "2-digit" };
  const WEEK = 6 * 24 * 3600 * 1000;

  // Such as 2026-11-05.
  const day = (moment) => DAY.format(moment);

  function parts(moment, as) {
    const now = new Date();
    const exact = as === "exact" ? { second: "2-digit" } : {};
    if (day(moment) === day(now)) return { ...CLOCK, ...exact };
    if (as === "moment" && moment < now && now - moment < WEEK) return { weekday: "short", ...CLOCK };
    if (as === "exact" || as === "moment") return { month: "short", day: "numeric", ...CLOCK, ...exact };
    if (moment < now && now - moment < WEEK) return { weekday: "short" };
    if (day(moment).slice(0, 4) === day(now).slice(0, 4)) return { month: "short", day: "numeric" };
    return { year: "numeric", month: "short", day: "numeric" };
  }

  // “in 7:12”: minutes and seconds until the moment, hours too where there are any.
  function left(moment) {
    const seconds = Math.max(0, Math.round((moment - new Date()) / 1000));
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const [first, ...rest] = parts[0] ? parts : parts.slice(1);
    return `in ${[first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":")}`;
  }

  function tick() {
    for (const element of document.querySelectorAll("time[data-as=countdown]")) {
      const moment = new Date(element.dateTime);
      if (!Number.isNaN(moment.getTime())) element.textContent = left(moment);
    }
  }

  function localise(root) {
    for (const element of root.querySelectorAll("time[data-as]")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      if (element.dataset.as === "countdown") element.textContent = left(moment);
      else element.textContent = new Intl.DateTimeFormat(undefined, { ...parts(moment, element.dataset.as), timeZone }).format(moment);
      element.title = FULL.format(moment);
    }
  }

  localise(document);
  setInterval(tick, 1000);
  document.addEventListener("htmx:load", (event) => localise(event.detail.elt.parentNode || document));
})();
