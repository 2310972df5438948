/* The small forms of a conversation that ask for a part of themselves when they open; a proposed department chosen, and
   advice taken over, with one click. Without this script the same lies behind a link or a button. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);

  document.addEventListener(
    "toggle",
    async (event) => {
      const deed = event.target;
      if (!deed.open || !deed.matches?.("#conversation details")) return;
      const part = $("[data-lazy]", deed);
      if (!part || !window.htmx) return;
      await window.htmx.ajax("GET", part.dataset.lazy, { source: part, target: part, swap: "innerHTML" });
      // What is chosen first stands in it: the form had nothing to put the cursor in before.
      if (deed.open && !deed.contains(document.activeElement?.closest("select, textarea, input"))) {
        $("select, textarea, input:not([type=hidden])", part)?.focus({ preventScroll: true });
      }
    },
    true,
  );

  /* Advice into the answer, below what was typed. Without this script the page comes back with it. */
  async function takeOver(button) {
    const box = $("#reply-text");
    const before = box?.value;
    if (!box) return;
    webcare.focusBox?.("reply");
    try {
      const answer = await fetch(button.dataset.useAdvice, {
        method: "POST",
        credentials: "same-origin",
        headers: { "X-CSRFToken": $("[name=csrfmiddlewaretoken]", box.form).value, Accept: "application/json" },
      });
      if (answer.redirected) {
        webcare.ended?.();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const { text } = await answer.json();
      if (box !== $("#reply-text") || box.value !== before) return; // typed on, or gone: nothing is overwritten
      box.setRangeText(before.trim() ? `${before.trimEnd()}\n\n${text}` : text, 0, before.length, "end");
      box.dispatchEvent(new Event("input", { bubbles: true }));
    } catch {
      webcare.toast?.($("#words")?.dataset.failed ?? "");
    }
  }

  document.addEventListener("click", (event) => {
    const advice = event.target.closest?.("[data-use-advice]");
    if (advice) {
      event.preventDefault();
      takeOver(advice);
      return;
    }
    const proposed = event.target.closest?.("#conversation a[data-department]");
    const choice = proposed?.closest("form")?.elements.department;
    if (!choice || choice.type === "hidden") return;
    event.preventDefault();
    choice.value = proposed.dataset.department;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    choice.focus();
  });
})();
