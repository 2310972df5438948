/* Keys: single letters outside text fields (a colleague may switch them off), Ctrl K for everything by name. */
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
      openPalette();
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
      const link = $(`#menu [data-letter="${CSS.escape(key.toLowerCase())}"]`);
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
    const node = $$(`#conversation [data-key="${CSS.escape(key)}"]`).find(visible);
    if (!node) return false;
    perform(node);
    return true;
  }

  function perform(node) {
    node.click();
    if (typing(node)) node.focus();
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

  // ------------------------------------------------------------------ the palette: everything by name

  let entries = [];
  let chosen = 0;

  const plain = (text) =>
    text
      .normalize("NFD")
      .replace(/\p{Diacritic}/gu, "")
      .toLowerCase();

  function named(node) {
    const copy = node.cloneNode(true);
    for (const part of $$("kbd, .count, .hidden, svg", copy)) part.remove();
    return (node.dataset.label || copy.textContent).replace(/\s+/g, " ").trim() || node.getAttribute("aria-label") || "";
  }

  function openPalette() {
    const dialog = $("#palette");
    if (!dialog || $("dialog[open]")) return;
    const words = $("#words").dataset;
    entries = [
      ...$$("#conversation [data-key]")
        .filter(visible)
        .map((node) => ({ name: named(node), key: node.dataset.key, run: () => perform(node) })),
      ...$$("#menu a").map((node) => ({
        name: node.title,
        key: node.dataset.letter ? `g ${node.dataset.letter}` : "",
        run: () => node.click(),
      })),
      { name: words.search, key: "s", run: () => location.assign($("[data-go=s]").href) },
      { name: words.keys, key: "?", run: () => $("#keys").showModal() },
      ...$$(".foot a").map((node) => ({ name: node.title || named(node), key: "", run: () => location.assign(node.href) })),
    ].filter((entry) => entry.name);
    const input = $("#palette-input");
    input.value = "";
    draw();
    dialog.showModal();
    input.focus();
  }

  function matching() {
    const wanted = plain($("#palette-input").value.trim()).split(/\s+/);
    return entries.filter((entry) => wanted.every((word) => plain(entry.name).includes(word)));
  }

  function draw() {
    const found = matching();
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    $("#palette-list").replaceChildren(
      ...found.map((entry, index) => {
        const item = document.createElement("li");
        item.id = `palette-${index}`;
        item.role = "option";
        item.setAttribute("aria-selected", index === chosen);
        item.append(entry.name);
        if (entry.key) {
          const keys = document.createElement("span");
          for (const letter of entry.key.split(" ")) {
            const key = document.createElement("kbd");
            key.textContent = letter;
            keys.append(key, " ");
          }
          item.append(keys);
        }
        item.addEventListener("click", () => choose(entry));
        return item;
      }),
    );
    $("#palette-none").hidden = found.length > 0;
    $("#palette-input").setAttribute("aria-activedescendant", found.length ? `palette-${chosen}` : "");
    $(`#palette-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }

  function choose(entry) {
    $("#palette").close();
    entry.run();
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "palette-input") return;
    chosen = 0;
    draw();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "palette-input") return;
    const found = matching();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % Math.max(1, found.length);
      draw();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (found[chosen]) choose(found[chosen]);
    }
  });

  webcare.openPalette = openPalette;
})();
