/* The composer: how long a text is for the platform, hints on it, Ctrl+Enter. The server decides everything; this only
   tells it sooner. Drafts, standard replies and files have scripts of their own. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);

  // ------------------------------------------------------------------ length, as channels/connectors/x/length.py has it

  const LINK = 23;
  const LIGHT = [
    [0, 0x10ff],
    [0x2000, 0x200d],
    [0x2010, 0x201f],
    [0x2032, 0x2037],
  ];
  // Of the names without https:// the usual ones; the server knows all.
  const URLS =
    /(?<![A-Za-z0-9@$#])(?:https?:\/\/[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+(?::\d+)?|(?<![-_./])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|info|eu|nl|be|de|fr|uk|gov|edu|app|dev|io|co|me|tv|amsterdam|frl)(?![\w@-]))(?:[/?#][^\s]*[^\s.,;:!?)'"\]])?/giu;
  let emoji;
  try {
    emoji = new RegExp("\\p{RGI_Emoji}", "gv");
  } catch {
    emoji = /\p{Extended_Pictographic}/gu;
  }

  const plainLength = (text) => {
    let found = 0;
    const rest = text.replace(emoji, () => {
      found += 1;
      return "";
    });
    let length = 2 * found;
    for (const char of rest) {
      const point = char.codePointAt(0);
      length += LIGHT.some(([low, high]) => point >= low && point <= high) ? 1 : 2;
    }
    return length;
  };

  const weightedLength = (text) => {
    text = text.normalize("NFC");
    let length = 0;
    let from = 0;
    for (const link of text.matchAll(URLS)) {
      length += plainLength(text.slice(from, link.index)) + LINK;
      from = link.index + link[0].length;
    }
    return length + plainLength(text.slice(from));
  };

  /* How many posts a thread would have: cut where the server cuts. */
  function cut(text, budget) {
    let pieces = 0;
    while (weightedLength(text) > budget) {
      let end = 0;
      for (const word of text.matchAll(/\S+/gu)) {
        const stop = word.index + word[0].length;
        if (weightedLength(text.slice(0, stop)) > budget) break;
        end = stop;
      }
      if (end) {
        const ends = [...text.slice(0, end + 1).matchAll(/[.!?…]+["'”’)\]]*(?=\s)|\n/gu)]
          .map((found) => found.index + found[0].length)
          .filter((stop) => stop <= end);
        if (ends.length && ends.at(-1) >= Math.floor(end / 2)) end = ends.at(-1);
      } else {
        end = 1;
        while (end < text.length && weightedLength(text.slice(0, end + 1)) <= budget) end += 1;
      }
      pieces += 1;
      text = text.slice(end).trimStart();
    }
    return pieces + (text ? 1 : 0);
  }

  function threadLength(text, limit) {
    text = text.trim();
    if (weightedLength(text) <= limit) return 1;
    let pieces = 1;
    for (let digits = 1; digits < 6; digits += 1) {
      pieces = cut(text, limit - " (/)".length - 2 * digits);
      if (String(pieces).length <= digits) break;
    }
    return pieces;
  }

  webcare.weightedLength = weightedLength;
  webcare.threadLength = threadLength;

  // ------------------------------------------------------------------ while one types

  /* With the ending that the server will put behind it. */
  function whole(box) {
    const text = box.value.trim();
    const ending = box.dataset.ending;
    if (!ending || !text || text.endsWith(ending)) return text;
    return text + (ending.startsWith("^") ? " " : "\n") + ending;
  }

  function measure() {
    const box = $("#reply-text");
    const shown = $("[data-length]");
    if (!box || !shown) return;
    const text = whole(box);
    const weighted = "weighted" in box.dataset;
    const limit = Number(box.dataset.max);
    const length = weighted ? weightedLength(text) : text.length;
    const near = limit > 0 && length >= 0.8 * limit;
    const over = limit > 0 && length > limit;
    shown.hidden = !near;
    shown.textContent = near ? `${length} / ${limit}` : "";
    shown.classList.toggle("over", over);
    box.setAttribute("aria-invalid", over);
    const thread = $("[data-thread]");
    if (thread) {
      const offered = over && "threads" in box.dataset;
      thread.hidden = !offered;
      thread.classList.toggle("primary", offered);
      $("[data-testid=send]")?.classList.toggle("primary", !offered);
      if (offered) {
        const words = $("[data-thread-words]", thread);
        words.textContent = words.dataset.threadWords.replace("{}", threadLength(text, limit));
      }
    }
    const hint = $("[data-link-hint]");
    if (hint) hint.hidden = !text.match(URLS);
    // Told once when a border is passed, not at every key.
    const spoken = $("[data-spoken]");
    const stage = over ? "over" : near ? "near" : "";
    if (spoken && spoken.dataset.stage !== stage) {
      spoken.dataset.stage = stage;
      spoken.textContent = stage ? shown.textContent : "";
    }
  }

  // ------------------------------------------------------------------ hints, house style, personal data

  let told = ""; // the last summary that was read out: told once, not at every pause

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "writing") return;
    const summary = $("[data-summary]", event.detail.target)?.dataset.summary ?? "";
    if (summary && summary !== told) webcare.say?.(summary);
    told = summary;
  });

  /* Open for who left it open, in every conversation. */
  function openHouse() {
    const house = $("[data-house]");
    if (!house) return;
    try {
      if (localStorage.getItem("webcare.house") === "open") house.open = true;
    } catch {
      /* no storage: folded */
    }
  }

  document.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.matches?.("[data-house]")) return;
      try {
        localStorage.setItem("webcare.house", event.target.open ? "open" : "");
      } catch {
        /* then it is folded again at the next page */
      }
    },
    true,
  );

  /* The question about personal data goes when none of it stands in the text any more. */
  function stillPersonal(box) {
    const asked = $("[data-personal]", box.form);
    if (asked) asked.hidden = ![...asked.querySelectorAll("mark")].some((mark) => box.value.includes(mark.textContent));
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "reply-text") return;
    measure();
    stillPersonal(event.target);
  });

  /* After every drawing, and whenever a script changed the text. */
  webcare.measure = () => {
    measure();
    openHouse();
  };

  // ------------------------------------------------------------------ keys and tabs

  document.addEventListener("keydown", (event) => {
    // In the words with a picture Enter is no way to send.
    if (event.key === "Enter" && event.target.matches?.("[data-alt], [data-decorative]")) event.preventDefault();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const form = event.target.closest?.("textarea, [data-alt]")?.form;
    if (!form?.closest("#conversation")) return;
    event.preventDefault();
    const button = [...form.querySelectorAll("button:not([type=button])")].filter((each) => !each.hidden).at(-1);
    form.requestSubmit(button);
  });

  document.addEventListener("click", (event) => {
    const label = event.target.closest?.(".modes label");
    if (!label) return;
    // The arrow keys walk over the two; a click or its letter goes on into the box, before the next key is pressed.
    event.preventDefault();
    focusBox(label.htmlFor === "mode-note" ? "note" : "reply");
  });

  function focusBox(mode) {
    const radio = $(`#mode-${mode}`);
    if (radio) radio.checked = true;
    const box = $(`#${mode}-text`);
    box?.focus();
    box?.setSelectionRange(box.value.length, box.value.length);
    return Boolean(box);
  }

  webcare.focusBox = focusBox;
})();
