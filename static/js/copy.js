/* A button that copies what stands in a field; without scripts one selects it. */
(() => {
  "use strict";
  const SAID = 2000; // ms

  function show() {
    for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = !navigator.clipboard;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    const field = button && document.getElementById(button.dataset.copy);
    if (!field) return;
    field.select();
    await navigator.clipboard.writeText(field.value);
    const words = button.firstChild;
    const before = button.dataset.words ?? words.data;
    button.dataset.words = before;
    words.data = button.dataset.done;
    document.getElementById("spoken").textContent = button.dataset.done;
    setTimeout(() => { words.data = before; }, SAID);
  });

  document.addEventListener("htmx:afterSettle", show);
  show();
})();
