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

  function put(fresh, old) {
    const focused = old.contains(document.activeElement) && document.activeElement;
    old.replaceWith(fresh);
    if (!focused) return;
    // A fax that has ended is found among the last ones.
    const ids = [focused.id, focused.id.replace("going-", "last-"), fresh.id, "main"];
    const there = ids.map((id) => id && document.getElementById(id)).find((one) => one?.checkVisibility());
    there?.focus({ preventScroll: true });
  }

  htmx.defineExtension("parts", {
    isInlineSwap: (style) => style === "parts",
    handleSwap(style, target, fragment) {
      if (style !== "parts") return false;
      const changed = [];
      for (const fresh of fragment.querySelectorAll("[data-version]")) {
        const old = document.getElementById(fresh.id);
        if (old.dataset.version === fresh.dataset.version) continue;
        // The rest waits for the next look, which is that of the old version.
        if (isBeingSelected(old)) return changed;
        put(fresh, old);
        changed.push(fresh);
      }
      return changed;
    },
  });
})();
