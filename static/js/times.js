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

  // “46 minutes”: how long ago the moment was.
  function age(moment) {
    const minutes = Math.max(0, Math.floor((new Date() - moment) / 60000));
    if (minutes < 1) return "less than a minute";
    const units = [["minute", minutes, 60], ["hour", Math.floor(minutes / 60), 48], ["day", Math.floor(minutes / 1440)]];
    const [unit, number] = units.find(([, number, most]) => !most || number < most);
    return `${number} ${unit}${number === 1 ? "" : "s"}`;
  }

  const RUNNING = { countdown: left, age };

  function tick() {
    for (const element of document.querySelectorAll("time[data-as=countdown], time[data-as=age]")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      const text = RUNNING[element.dataset.as](moment);
      // Whoever selects a text that stays the same keeps it selected.
      if (element.textContent !== text) element.textContent = text;
    }
  }

  function localise(root) {
    for (const element of root.querySelectorAll("time[data-as]")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      const running = RUNNING[element.dataset.as];
      const form = running ?? ((at) => new Intl.DateTimeFormat(undefined, { ...parts(at, element.dataset.as), timeZone }).format(at));
      element.textContent = form(moment);
      element.title = FULL.format(moment);
    }
  }

  localise(document);
  setInterval(tick, 1000);
  document.addEventListener("htmx:load", (event) => localise(event.detail.elt.parentNode || document));
})();
