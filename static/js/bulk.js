/* Ticking rows: one by one, a stretch with Shift, all on the page, by key (x) or by a long press; and the bar that does
   something with them. Without it the boxes and the bar are a plain form. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const LONG = 500; // ms
  const boxes = () => $$("#rows .pick input");
  let anchor = null; // the id of the box that was ticked last: a stretch begins there

  function tell() {
    const all = boxes();
    const count = all.filter((box) => box.checked).length;
    const tally = $("[data-tally]");
    if (tally) tally.textContent = count === 1 ? tally.dataset.one : tally.dataset.more.replace("{count}", count);
    const every = $("#every");
    if (every) {
      every.checked = count > 0 && count === all.length;
      every.indeterminate = count > 0 && count < all.length;
      every.closest("[data-every]").hidden = !(count || $("#selecting")?.checked);
    }
  }

  function tick(box, on, stretch) {
    const all = boxes();
    const from = all.findIndex((other) => other.value === anchor);
    const to = all.indexOf(box);
    if (stretch && from >= 0) for (const other of all.slice(Math.min(from, to), Math.max(from, to) + 1)) other.checked = on;
    box.checked = on;
    anchor = box.value;
    tell();
  }

  function none() {
    for (const box of boxes()) box.checked = false;
    const mode = $("#selecting");
    if (mode) mode.checked = false;
    anchor = null;
    tell();
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(".pick input");
    if (box) tick(box, box.checked, event.shiftKey);
    else if (event.target.closest?.("[data-unselect]")) {
      event.preventDefault();
      none();
      ($(".row > a[aria-current]") ?? $(".row > a"))?.focus();
    } else if (event.target.closest?.("[data-clear-outcome]") && $("#rows")) {
      event.preventDefault();
      event.target.closest("#bulk-outcome, #next-outcome")?.replaceChildren();
      ($(".row > a[aria-current]") ?? $(".row > a") ?? $("#rows"))?.focus();
    } else if (event.target.closest?.("[data-clear-filters]") && $("#rows")) {
      event.preventDefault();
      $("#filters").replaceChildren();
      $(".tool.filter")?.focus();
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "every") {
      for (const box of boxes()) box.checked = event.target.checked;
      tell();
    } else if (event.target.id === "selecting") {
      if (event.target.checked) tell();
      else none();
    }
  });

  // ------------------------------------------------------------------ by key

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.key === "Escape" && !$("dialog[open]")) {
      const open = event.target.closest?.("#filters, #bulk-outcome");
      if (open?.firstElementChild) {
        event.preventDefault();
        $("[data-clear-outcome], [data-clear-filters]", open)?.click();
      }
      return;
    }
    if (document.body.dataset.shortcuts !== "on" || $("dialog[open]")) return;
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing) return;
    if (event.key.toLowerCase() === "x") {
      const row = document.activeElement?.closest?.(".row") ?? $(".row:has(> a[aria-current])");
      const box = row && $(".pick input", row);
      if (!box) return;
      event.preventDefault();
      tick(box, !box.checked, event.shiftKey);
    } else if (event.key === "f") {
      const filter = $(".tool.filter");
      if (!filter) return;
      event.preventDefault();
      filter.click();
    }
  });

  // ------------------------------------------------------------------ by a long press

  let pressing;
  let pressed = false;
  document.addEventListener(
    "touchstart",
    (event) => {
      const row = event.target.closest?.("#rows .row");
      pressed = false;
      clearTimeout(pressing);
      if (!row || event.touches.length > 1) return;
      pressing = setTimeout(() => {
        const box = $(".pick input", row);
        if (!box) return;
        pressed = true;
        $("#selecting").checked = true;
        tick(box, true, false);
      }, LONG);
    },
    { passive: true },
  );
  for (const name of ["touchend", "touchmove", "touchcancel"]) {
    document.addEventListener(name, () => clearTimeout(pressing), { passive: true });
  }
  document.addEventListener("contextmenu", (event) => {
    if (pressed && event.target.closest?.("#rows .row")) event.preventDefault();
  });
  document.addEventListener(
    "click",
    (event) => {
      // The finger that pressed long lifts: that is no tap.
      if (!pressed || !event.target.closest?.("#rows .row")) return;
      pressed = false;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  // ------------------------------------------------------------------ what was done

  document.addEventListener("htmx:configRequest", (event) => {
    // Each press of a button is a form of its own; hx-sync keeps a double click to one.
    if (event.detail.elt.id === "bulk") event.detail.parameters.submission = crypto.randomUUID?.() ?? "";
  });

  document.addEventListener("bulk-done", (event) => {
    none();
    const ids = event.detail.ids ?? [];
    webcare.refresh(ids);
    const conversation = webcare.openId();
    if (ids.includes(conversation)) {
      document.dispatchEvent(new CustomEvent("webcare:nudge", { detail: { conversation, what: "bulk" } }));
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target } = event.detail;
    if (target?.id === "filters" || target?.id === "bulk-outcome") {
      const field = $("input[type=search], input[type=text]", target);
      (target.id === "filters" && field ? field : ($("[data-focus]", target) ?? $("[data-testid=bulk-undo]", target)))?.focus();
    } else if (target?.id === "list" || target?.classList?.contains("more")) tell();
  });
  document.addEventListener("DOMContentLoaded", tell);
})();
