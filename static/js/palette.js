/* Everything by name (Ctrl K): what can be done now with the open conversation, every view, the other pages, and a
   search. It presses the page's own buttons and links, so it never offers what is not allowed. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const REMEMBERED = 12;
  const RECENT = 4; // shown first when nothing is typed
  const MOST = 60;
  // Buttons that do something with what is open; of a list's row data-key is its place, not a key.
  const DEEDS = "#conversation .deeds :is(button, summary), #list [data-key]:not(.row)";

  let entries = [];
  let shown = [];
  let chosen = 0;
  let opener = null;

  const plain = (text) =>
    text
      .normalize("NFD")
      .replace(/\p{Diacritic}/gu, "")
      .toLowerCase();

  function named(node) {
    const copy = node.cloneNode(true);
    for (const part of $$("kbd, .count, .hidden, svg", copy)) part.remove();
    const words = (node.dataset.label || copy.textContent).replace(/\s+/g, " ").trim();
    return words || node.title || node.getAttribute("aria-label") || "";
  }

  // ------------------------------------------------------------------ what there is

  /* "c: take, pick; r: react": other words for what a key does. */
  function synonyms() {
    const pairs = ($("#words").dataset.also ?? "").split(";").map((part) => part.split(":"));
    return new Map(pairs.map(([key, words]) => [key.trim(), words ?? ""]));
  }

  function deeds() {
    const also = synonyms();
    const here = $("#words").dataset.here;
    const found = [];
    for (const node of new Set([...webcare.keyed("[data-key]"), ...$$(DEEDS)])) {
      if (!webcare.visible(node) || node.closest(".panel")) continue;
      const name = named(node);
      const id = `do ${node.dataset.testid || node.dataset.key || name}`;
      const key = node.dataset.key ?? "";
      found.push({ id, name, key, of: node.closest("#list") ? "" : here, also: also.get(key) ?? "", run: () => webcare.perform(node) });
      if (node.matches("summary")) found.push(...choices(node, name, id, here));
    }
    // Two buttons with one name and one key do the same: the first is enough.
    return found.filter((entry, at) => found.findIndex((other) => other.name === entry.name) === at);
  }

  /* What stands in a small form that is still folded: "Afsluiten: beantwoord". Only when one types. */
  function choices(summary, name, id, of) {
    const box = summary.parentElement;
    const deeper = (label, run) => ({ id: `${id} ${label}`, name: `${name}: ${label}`, key: "", of, deep: true, run });
    return [
      ...$$("button.choice", box).map((button) => deeper(named(button), () => button.click())),
      ...$$("select option", box)
        .filter((option) => option.value)
        .map((option) =>
          deeper(option.textContent.trim(), () => {
            box.open = true;
            const select = option.closest("select");
            select.value = option.value;
            // Not done yet: a note may go along.
            setTimeout(() => $("textarea, button:not([type=button])", select.form)?.focus());
          }),
        ),
    ];
  }

  function places() {
    const of = $("#words").dataset.go;
    const open = (node) => () => node.click();
    const menu = $$("#menu a").map((node) => ({
      id: `go ${node.getAttribute("href")}`,
      name: node.title || named(node),
      key: node.dataset.letter ? `g ${node.dataset.letter}` : "",
      of,
      run: open(node),
    }));
    const seek = $("[data-go=s]");
    const pages = [
      ...(seek ? [{ node: seek, key: "s" }] : []),
      ...$$(".foot a").map((node) => ({ node, key: "" })),
      ...$$(".foot [data-dialog]").map((node) => ({ node, key: "?" })),
    ];
    return [
      ...menu,
      ...pages.map(({ node, key }) => ({ id: `go ${node.getAttribute("href") ?? key}`, name: node.title || named(node), key, of: "", run: open(node) })),
    ];
  }

  const search = (text) => ({
    id: "",
    name: $("#words").dataset.seek.replace("{text}", text),
    key: "",
    of: "",
    run: () => $("#palette-form").requestSubmit(),
  });

  // ------------------------------------------------------------------ used before: on this machine, by name of the button

  const shelf = () => `webcare.palette.${$("#palette").dataset.user}`;

  function used() {
    try {
      return JSON.parse(localStorage.getItem(shelf())) ?? [];
    } catch {
      return [];
    }
  }

  function remember(entry) {
    if (!entry.id) return;
    try {
      const ids = [entry.id, ...used().filter((id) => id !== entry.id)].slice(0, REMEMBERED);
      localStorage.setItem(shelf(), JSON.stringify(ids));
    } catch {
      /* no storage: in the page's own order */
    }
  }

  // ------------------------------------------------------------------ finding

  /* How well a word fits a name, 0 for not: the beginning of a word, inside one, one letter wrong, letters in order. */
  function fit(word, words, whole) {
    if (words.some((each) => each.startsWith(word))) return words[0].startsWith(word) ? 10 : 9;
    if (whole.includes(word)) return 6;
    if (word.length >= 4 && words.some((each) => nearly(word, each.slice(0, word.length + 1)))) return 4;
    if (word.length >= 2 && inOrder(word, whole)) return 2;
    return 0;
  }

  /* At most one letter added, left out, changed, or two swapped; the name may go on. */
  function nearly(word, name) {
    let at = 0;
    while (at < word.length && word[at] === name[at]) at += 1;
    const rest = word.slice(at + 1);
    const swapped = word[at + 1] === name[at] && word[at] === name[at + 1];
    return (
      name.slice(at + 1).startsWith(rest) ||
      name.slice(at).startsWith(rest) ||
      name.slice(at + 1).startsWith(word.slice(at)) ||
      (swapped && name.slice(at + 2).startsWith(word.slice(at + 2)))
    );
  }

  /* Initials and the like: "gev" is "Gemeente > Verhuizen"; the first letter begins a word. */
  function inOrder(word, whole) {
    let at = ` ${whole}`.indexOf(` ${word[0]}`);
    for (const letter of word.slice(1)) {
      if (at < 0) return false;
      at = whole.indexOf(letter, at + 1);
    }
    return at >= 0;
  }

  function score(entry, wanted) {
    const name = plain(entry.name);
    const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
    const also = plain(entry.also ?? "").split(/[^\p{L}\p{N}]+/u).filter(Boolean);
    let total = 0;
    for (const word of wanted) {
      const best = Math.max(words.length ? fit(word, words, name) : 0, also.some((each) => each.startsWith(word)) ? 5 : 0);
      if (!best) return 0;
      total += best;
    }
    return total / wanted.length - (entry.deep ? 0.5 : 0);
  }

  function matching() {
    const text = $("#palette-input").value.trim();
    const before = used();
    const rank = (entry) => {
      const at = before.indexOf(entry.id);
      return at < 0 ? Infinity : at;
    };
    if (!text) {
      const near = entries.filter((entry) => !entry.deep);
      const recent = near.filter((entry) => rank(entry) < Infinity).sort((one, other) => rank(one) - rank(other)).slice(0, RECENT);
      return [...recent, ...near.filter((entry) => !recent.includes(entry))];
    }
    const wanted = plain(text).split(/\s+/);
    const found = entries
      .map((entry) => ({ entry, fits: score(entry, wanted) }))
      .filter((each) => each.fits > 0)
      .sort((one, other) => other.fits - one.fits || rank(one.entry) - rank(other.entry) || 0)
      .slice(0, MOST);
    const names = found.map((each) => each.entry);
    // Letters that happen to stand in some name are rarely what one meant: then the search goes first.
    return found.length && found[0].fits >= 4 ? [...names, search(text)] : [search(text), ...names];
  }

  // ------------------------------------------------------------------ the list on screen

  function item(entry, index) {
    const node = document.createElement("li");
    node.id = `palette-${index}`;
    node.role = "option";
    node.setAttribute("aria-selected", index === chosen);
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = entry.name;
    node.append(name);
    if (entry.of) {
      const of = document.createElement("span");
      of.className = "of";
      of.textContent = entry.of;
      node.append(" ", of);
    }
    if (entry.key) {
      const keys = document.createElement("span");
      keys.className = "keys";
      for (const letter of entry.key.split(" ")) {
        const key = document.createElement("kbd");
        key.textContent = letter;
        keys.append(key, " ");
      }
      node.append(" ", keys);
    }
    node.addEventListener("click", () => choose(entry));
    return node;
  }

  function draw() {
    shown = matching();
    chosen = Math.min(chosen, Math.max(0, shown.length - 1));
    $("#palette-list").replaceChildren(...shown.map(item));
    point();
  }

  function point() {
    for (const [index, node] of $$("#palette-list li").entries()) node.setAttribute("aria-selected", index === chosen);
    const input = $("#palette-input");
    if (shown.length) input.setAttribute("aria-activedescendant", `palette-${chosen}`);
    else input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", shown.length > 0);
    $(`#palette-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }

  function choose(entry) {
    remember(entry);
    close();
    entry.run();
  }

  function open() {
    const dialog = $("#palette");
    const other = $("dialog[open]");
    if (!dialog || other?.id === "ended") return;
    if (other === dialog) {
      close();
      return;
    }
    other?.close();
    opener = document.activeElement;
    entries = [...deeds(), ...places()].filter((entry) => entry.name);
    const input = $("#palette-input");
    input.value = "";
    chosen = 0;
    dialog.showModal();
    draw();
    input.focus();
  }

  function close() {
    $("#palette").close();
    $("#palette-input").blur(); // hidden now, yet it would have the next key until the page is drawn
    // What was drawn anew meanwhile has another element by the same name.
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    else if (opener?.id) $(`#${CSS.escape(opener.id)}`)?.focus({ preventScroll: true });
    opener = null;
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "palette-input") return;
    chosen = 0;
    draw();
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "palette-input" || event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in steps) {
      event.preventDefault();
      if (!shown.length) return;
      const step = steps[event.key];
      const to = chosen + step;
      chosen = Math.abs(step) > 1 ? Math.min(shown.length - 1, Math.max(0, to)) : (to + shown.length) % shown.length;
      point();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown[chosen]) choose(shown[chosen]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-palette]")) open();
    else if (event.target.closest?.("#palette [data-close]")) close();
  });

  webcare.openPalette = open;
})();
