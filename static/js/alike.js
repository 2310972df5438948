/* Alike questions: choosing in the check list, a text that outlives a log-in, and progress that comes by itself. Without
   this the boxes are boxes, and the progress is there on a reload. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const SHELF = "webcare.alike.text";
  const CALM = 1000; // ms between two looks at the progress

  // ------------------------------------------------------------------ the check list

  const boxes = () => $$("#alike-form input[name=item]:not(:disabled)");

  function tell() {
    const tally = $("[data-alike-tally]");
    if (!tally) return;
    const all = boxes();
    const count = all.filter((box) => box.checked).length;
    tally.textContent = count === 1 ? tally.dataset.one : tally.dataset.more.replace("{count}", count);
    const label = $("[data-alike-every]");
    label.hidden = !all.length;
    const every = $("input", label);
    every.checked = count > 0 && count === all.length;
    every.indeterminate = count > 0 && count < all.length;
  }

  document.addEventListener("change", (event) => {
    if (event.target.closest?.("[data-alike-every]")) for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.closest?.("#alike-form")) tell();
  });

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("#alike-form input[name=item]")) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = boxes();
    const next = all[all.indexOf(event.target) + step];
    event.preventDefault();
    next?.focus();
  });

  // ------------------------------------------------------------------ the text

  document.addEventListener("input", (event) => {
    if (event.target.id === "alike-text") sessionStorage.setItem(SHELF, event.target.value);
  });

  function back() {
    const box = $("#alike-text");
    if (box && !box.value) box.value = sessionStorage.getItem(SHELF) ?? "";
    if ($("#group")) sessionStorage.removeItem(SHELF);
  }

  // ------------------------------------------------------------------ the progress

  let planned;
  let last = 0;

  async function look() {
    planned = undefined;
    last = Date.now();
    const group = $("#group");
    if (!group) return;
    const answer = await webcare.get(group.dataset.url);
    if (!answer) return;
    const html = await answer.text();
    // What somebody is choosing stays chosen.
    const chosen = new Set($$("input[name=item]:checked", group).map((box) => box.value));
    window.Idiomorph.morph(group, html, { morphStyle: "innerHTML" });
    for (const box of $$("input[name=item]", group)) box.checked = chosen.has(box.value);
  }

  document.addEventListener("webcare:heard", (event) => {
    const group = $("#group");
    if (!group || planned) return;
    const { conversation } = event.detail;
    if (conversation && !group.dataset.ids.split(",").includes(String(conversation))) return;
    planned = setTimeout(look, Math.max(0, last + CALM - Date.now()));
  });

  document.addEventListener("DOMContentLoaded", () => {
    back();
    tell();
  });
})();
