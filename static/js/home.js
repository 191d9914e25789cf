// The dashboard greets by the reader's clock, and puts in place the parts of it that changed: what somebody has the focus
// or a selection in is theirs.
(() => {
  const timeZone = document.documentElement.dataset.zone;
  const hour = Number(new Intl.DateTimeFormat("en-GB", { hour: "numeric", hourCycle: "h23", timeZone }).format());
  const greeting = hour < 5 || hour >= 18 ? "Good evening" : hour < 12 ? "Good morning" : "Good afternoon";
  document.querySelector("[data-greeting]").textContent = greeting;

  function isBeingSelected(part) {
    const selection = getSelection();
    return !selection.isCollapsed && selection.containsNode(part, true);
  }

  function focusAgain(id, part) {
    // A fax that has ended is found among the last ones.
    const ids = [id, id.replace("going-", "last-"), part, "main"];
    const there = ids.map((one) => one && document.getElementById(one)).find((one) => one?.checkVisibility());
    there?.focus({ preventScroll: true });
  }

  htmx.defineExtension("parts", {
    isInlineSwap: (style) => style === "parts",
    handleSwap(style, target, fragment) {
      if (style !== "parts") return false;
      const changed = [];
      let lost = null;
      for (const fresh of fragment.querySelectorAll("[data-version]")) {
        const old = document.getElementById(fresh.id);
        if (old.dataset.version === fresh.dataset.version) continue;
        // The rest waits for the next look, which is that of the old version.
        if (isBeingSelected(old)) break;
        if (old.contains(document.activeElement)) lost = [document.activeElement.id, fresh.id];
        old.replaceWith(fresh);
        changed.push(fresh);
      }
      // Only now, as what had the focus may have gone to another part.
      if (lost) focusAgain(...lost);
      return changed;
    },
  });
})();
