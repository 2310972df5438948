/* The forms beside the box for an answer: search a template, see it as the citizen will, keep what is being filled in. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // ------------------------------------------------------------------ search

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-template-search]")) search(event.target);
    if (event.target.matches?.("[data-variable]")) preview(event.target.form);
  });

  function search(box) {
    const form = box.form;
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const choice of all("[data-choice]", form)) {
      const text = choice.textContent.toLowerCase();
      choice.hidden = !words.every((word) => text.includes(word));
      if (!choice.hidden) found += 1;
    }
    $("[data-template-none]", form).hidden = found > 0;
  }

  // Enter in the search goes to the first that fits; the form itself is for browsers without scripts.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches?.("[data-choose]")) return;
    event.preventDefault();
    const first = $("[data-choice]:not([hidden]) input", event.target);
    first?.focus();
    first?.click();
  });

  // ------------------------------------------------------------------ as the citizen reads it

  function preview(form) {
    const paper = $("[data-template-body]", form);
    if (!paper) return;
    const values = new Map(all("[data-variable]", form).map((field) => [field.dataset.variable, field.value.trim().replace(/\s+/g, " ")]));
    const text = paper.dataset.templateBody.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name) => values.get(name) || whole);
    const lines = text.split("\n").flatMap((line, number) => (number ? [document.createElement("br"), line] : [line]));
    paper.replaceChildren(...lines);
  }

  // ------------------------------------------------------------------ what is being filled in stays

  let sending = null; // the form whose answer is being drawn

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (form.matches?.("[data-keep]") && event.detail.requestConfig.verb !== "get") sending = form;
  });
  document.addEventListener("htmx:afterSettle", () => (sending = null));

  const typed = (form) =>
    form.contains(document.activeElement) || all("input:not([type=hidden]), textarea", form).some((field) => field.value !== field.defaultValue);

  const callbacks = window.Idiomorph?.defaults.callbacks;
  if (callbacks) {
    const before = callbacks.beforeNodeMorphed;
    callbacks.beforeNodeMorphed = (old, fresh) => {
      if (old.nodeType === Node.ELEMENT_NODE) {
        if (old.matches("[data-keep]") && old !== sending && fresh.id === old.id && typed(old)) return false;
        // The choice is shown by what was chosen here, not by what the server thinks was; also while it is being asked.
        const chosen = $("#template-fields input[name=template], [data-choose] input:checked");
        if (old.matches("[data-choose], #template-fields") && !sending && chosen) return false;
        // So does a search that is under way: Enter chooses of what one sees.
        if (old.matches("[data-choose]") && fresh.matches("[data-choose]") && old.action === fresh.action && typed(old)) return false;
      }
      return before ? before(old, fresh) : true;
    };
  }

  document.addEventListener("platform-sent", (event) => {
    const way = $(`#way-${event.detail.panel}`);
    if (way) way.open = false;
  });

  // A way that is opened: on with the first thing to fill in.
  document.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.matches?.(".way[open]") || event.target.contains(document.activeElement) === false) return;
      $("textarea, input:not([type=hidden])", event.target)?.focus({ preventScroll: false });
    },
    true,
  );
})();
