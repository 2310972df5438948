/* Standard replies: "/" at the start of a word, or the button, opens a list under the text; arrows walk, Enter or Tab
   takes, Esc closes. The server finds, fills in and counts. A pinned answer is taken into the text likewise. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const PAUSE = 120; // ms between a key and the question
  const SLASH = /(?:^|\s)\/([\p{L}\p{N}][\p{L}\p{N} -]{0,39}|)$/u;

  const box = () => $("#reply-text");
  const list = () => $("#replies");
  const search = () => $("#replies-search");
  const options = () => [...document.querySelectorAll("#replies-list [role=option]")];
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

  let open = ""; // "slash" | "button"
  let start = 0; // where the slash stands
  let asked = 0; // the newest question: an older answer is thrown away
  let waiting;
  let refused = -1; // Esc was pressed for the slash at this place

  const holder = () => (open === "button" ? search() : box());

  function close({ back = false } = {}) {
    if (!open) return;
    const was = open;
    open = "";
    asked += 1;
    clearTimeout(waiting);
    const here = list();
    if (here) {
      here.hidden = true;
      search().hidden = true;
      search().value = "";
      $("#replies-list").replaceChildren();
    }
    box()?.removeAttribute("aria-activedescendant");
    search()?.removeAttribute("aria-activedescendant");
    $("[data-replies-button]")?.setAttribute("aria-expanded", "false");
    if (back && was === "button") box()?.focus();
  }

  function ask(query) {
    clearTimeout(waiting);
    const mine = (asked += 1);
    waiting = setTimeout(async () => {
      const answer = await webcare.get(`${list().dataset.url}?q=${encodeURIComponent(query)}`);
      if (mine !== asked || !open) return;
      if (!answer) {
        close();
        return;
      }
      const { replies } = await answer.json();
      if (mine === asked && open) draw(replies);
    }, PAUSE);
  }

  function draw(replies) {
    const here = list();
    if (!here) return;
    $("#replies-list").replaceChildren(
      ...replies.map((reply) => {
        const item = document.createElement("li");
        item.id = `reply-option-${reply.id}`;
        item.setAttribute("role", "option");
        item.dataset.use = reply.use;
        const name = document.createElement("b");
        name.textContent = reply.name;
        const text = document.createElement("span");
        text.textContent = reply.text;
        item.append(name, text);
        return item;
      }),
    );
    $("[data-none]", here).hidden = replies.length > 0;
    // A slash that is no question of ours (24/7, und/oder) opens nothing.
    here.hidden = open === "slash" && !replies.length;
    choose(0);
    webcare.say?.(replies.length ? `${replies.length}: ${$("#replies-list").getAttribute("aria-label")}` : "");
  }

  function choose(index) {
    const all = options();
    const at = all.length ? (index + all.length) % all.length : -1;
    all.forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    if (at < 0) {
      holder()?.removeAttribute("aria-activedescendant");
      return;
    }
    holder()?.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  }

  const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

  async function take(option) {
    const text = box();
    const [from, to] = open === "slash" ? [start, text.selectionStart] : [text.selectionStart, text.selectionEnd];
    const before = text.value;
    close();
    text.focus();
    let taken;
    try {
      const answer = await fetch(option.dataset.use, {
        method: "POST",
        credentials: "same-origin",
        headers: { "X-CSRFToken": token(), Accept: "application/json" },
      });
      if (answer.redirected) {
        webcare.ended?.();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      taken = await answer.json();
    } catch {
      webcare.toast?.($("#words")?.dataset.failed ?? "");
      return;
    }
    if (text !== box() || text.value !== before) return; // typed on, or gone: nothing is overwritten
    text.setRangeText(taken.text, from, to, "end");
    // To the first thing that nobody but the colleague knows.
    const open_ = taken.unfilled[0] && text.value.indexOf(`[${taken.unfilled[0]}]`, from);
    if (open_ >= 0 && taken.unfilled[0]) text.setSelectionRange(open_, open_ + taken.unfilled[0].length + 2);
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    if (event.target === search()) {
      ask(search().value);
      return;
    }
    if (event.target !== box() || open === "button") return;
    const text = box();
    const found = text.selectionStart === text.selectionEnd && text.value.slice(0, text.selectionStart).match(SLASH);
    if (!found) {
      refused = -1;
      close();
      return;
    }
    start = text.selectionStart - found[1].length - 1;
    if (start === refused) return;
    open = "slash";
    ask(found[1]);
  });

  document.addEventListener(
    "keydown",
    (event) => {
      if (!open || event.target !== holder() || event.isComposing || event.ctrlKey || event.metaKey) return;
      const seen = !list().hidden;
      switch (event.key) {
        case "ArrowDown":
        case "ArrowUp":
          if (!seen || !options().length) return;
          choose(chosen() + (event.key === "ArrowDown" ? 1 : -1));
          break;
        case "Enter":
        case "Tab": {
          const option = options()[chosen()];
          if (!seen || !option || event.shiftKey) {
            if (event.key === "Enter" && open === "button") break; // never the form's own button
            close();
            return;
          }
          take(option);
          break;
        }
        case "Escape":
          refused = open === "slash" ? start : -1;
          close({ back: true });
          break;
        default:
          return;
      }
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.("#replies-list [role=option]");
    if (!option) return;
    event.preventDefault(); // the cursor stays in the text
  });

  document.addEventListener("click", (event) => {
    const option = event.target.closest?.("#replies-list [role=option]");
    if (option) {
      take(option);
      return;
    }
    const button = event.target.closest?.("[data-replies-button]");
    if (button) {
      const again = open === "button";
      close({ back: true });
      if (again || !list()) return;
      open = "button";
      list().hidden = false;
      search().hidden = false;
      button.setAttribute("aria-expanded", "true");
      search().focus();
      ask("");
      return;
    }
    if (open && !event.target.closest?.("#replies, #reply-text")) close();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "conversation" && open && !document.activeElement?.closest?.("#reply-form")) close();
  });

  // ------------------------------------------------------------------ a pinned answer into the text

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-pinned]");
    const text = button && $("#reply-text");
    if (!text) return;
    event.preventDefault();
    const [from, to, before] = [text.selectionStart, text.selectionEnd, text.value];
    let taken;
    try {
      const answer = await fetch(button.dataset.pinned, {
        method: "POST",
        credentials: "same-origin",
        headers: { "X-CSRFToken": $("input[name=csrfmiddlewaretoken]", text.form).value, Accept: "application/json" },
      });
      if (answer.redirected) {
        webcare.ended?.();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      taken = await answer.json();
    } catch {
      webcare.toast?.($("#words")?.dataset.failed ?? "");
      return;
    }
    if (text !== $("#reply-text") || text.value !== before) return; // typed on, or gone: nothing is overwritten
    text.focus();
    text.setRangeText(taken.text, from, to, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
