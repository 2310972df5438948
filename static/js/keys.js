/* Keys: single letters outside text fields (a colleague may switch them off). Everything by name: palette.js. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const GO = 1500; // ms after "g" in which a letter names a view
  let going = 0;

  const visible = (node) => node.getClientRects().length > 0 && !node.disabled;
  const typing = (node) => node?.closest?.("input, textarea, select, [contenteditable]:not([contenteditable=false])");

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      webcare.openPalette?.();
      return;
    }
    if (event.key === "Escape" && !event.defaultPrevented && !$("dialog[open]")) {
      escape(event);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.body.dataset.shortcuts !== "on" || typing(event.target) || $("dialog[open]")) return;
    if (press(event.key)) event.preventDefault();
  });

  function press(key) {
    if (Date.now() - going < GO) {
      going = 0;
      const link = $(`#views [data-letter="${CSS.escape(key.toLowerCase())}"]`);
      if (link) {
        link.click();
        return true;
      }
    }
    switch (key) {
      case "j":
      case "k":
        return walk(key === "j" ? 1 : -1);
      case "g":
        going = Date.now();
        return true;
      case "s":
        location.assign($("[data-go=s]").href);
        return true;
      case "?":
        $("#keys").showModal();
        return true;
      case "Enter":
        return false;
      default:
        return act(key);
    }
  }

  function walk(step) {
    const links = $$(".row > a").filter(visible);
    if (!links.length) return false;
    const here = links.findIndex((link) => link === document.activeElement);
    const open = links.findIndex((link) => link.hasAttribute("aria-current"));
    const from = here >= 0 ? here : open;
    const to = from < 0 ? 0 : Math.min(links.length - 1, Math.max(0, from + step));
    links[to].focus();
    links[to].scrollIntoView({ block: "nearest" });
    return true;
  }

  function act(key) {
    const node = keyed(`[data-key="${CSS.escape(key)}"]`)[0];
    if (!node) return false;
    perform(node);
    return true;
  }

  /* What can be pressed in the conversation, and above the list; of what every message has, that of the last one. */
  function keyed(selector) {
    const found = $$(`:is(#conversation, #list .head) ${selector}`).filter(visible);
    const last = found.filter((node) => node.closest(".message")).at(-1);
    return found.filter((node) => !node.closest(".message") || node === last);
  }

  function perform(node) {
    node.click();
    if (typing(node)) node.focus();
    else if (node.matches("summary") && node.parentElement.open) {
      $(":is(input:not([type=hidden], [type=radio]), textarea, button)", node.nextElementSibling)?.focus();
    }
  }

  function escape(event) {
    const open = $$("#conversation details[open][name], #conversation details.menu[open], details.person[open]").pop();
    if (open) {
      open.open = false;
      $("summary", open)?.focus();
    } else if ($("#frame")?.dataset.menu === "open") {
      delete $("#frame").dataset.menu;
      $("[data-menu=open]")?.focus();
    } else if (typing(event.target) && event.target.type !== "search") {
      event.target.blur();
    } else if (matchMedia("(width < 48rem)").matches && $("#frame")?.dataset.open === "conversation") {
      $("[data-back]")?.click();
    } else {
      ($(".row > a[aria-current]") ?? $(".row > a"))?.focus();
    }
  }

  Object.assign(webcare, { keyed, perform, visible });
})();
