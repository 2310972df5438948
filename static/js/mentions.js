/* "@" in a note offers colleagues and departments: arrows walk, Enter or Tab takes, Esc closes. Without this the name is
   typed; the server reads it. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const PAUSE = 100; // ms between a key and the question
  const AT = /(?:^|[^\p{L}\p{N}_@./+-])@([\p{L}\p{N}_.+-]{0,40})$/u;
  const BOXES = "#note-text, #route-note, [data-mentions]";

  let box = null; // where one types
  let start = 0; // where the @ stands
  let asked = 0;
  let waiting;
  let refused = -1; // Esc was pressed for the @ at this place

  const list = () => $("#mentions");
  const options = () => [...document.querySelectorAll("#mentions [role=option]")];
  const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

  function close() {
    clearTimeout(waiting);
    asked += 1;
    list()?.remove();
    for (const name of ["aria-activedescendant", "aria-controls", "aria-autocomplete"]) box?.removeAttribute(name);
    box = null;
  }

  function ask(query) {
    clearTimeout(waiting);
    const mine = (asked += 1);
    const pane = $("#pane")?.dataset.pane;
    waiting = setTimeout(async () => {
      const answer = await webcare.get(`/conversations/${Number(pane)}/mentions/?q=${encodeURIComponent(query)}`);
      if (mine !== asked || !box) return;
      if (!answer) {
        close();
        return;
      }
      const { offers } = await answer.json();
      if (mine === asked && box) draw(offers);
    }, PAUSE);
  }

  function draw(offers) {
    list()?.remove();
    if (!offers.length) return;
    const words = $("#words").dataset;
    const made = document.createElement("ul");
    made.id = "mentions";
    made.className = "mentions";
    made.setAttribute("role", "listbox");
    made.setAttribute("aria-label", words.named);
    offers.forEach((offer, number) => {
      const item = document.createElement("li");
      item.id = `mention-${number}`;
      item.setAttribute("role", "option");
      item.dataset.name = offer.name;
      const name = document.createElement("b");
      name.textContent = offer.words;
      const more = document.createElement("span");
      more.textContent = offer.sees ? `@${offer.name}` : `@${offer.name} · ${words.outside}`;
      item.append(name, more);
      made.append(item);
    });
    box.after(made);
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", "mentions");
    choose(0);
    webcare.say?.(`${offers.length}: ${words.named}`);
  }

  function choose(index) {
    const all = options();
    const at = (index + all.length) % all.length;
    all.forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    box.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  }

  function take(option) {
    const text = box;
    const from = start;
    close();
    text.focus();
    text.setRangeText(`@${option.dataset.name} `, from, text.selectionStart, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    const text = event.target;
    if (!text.matches?.(BOXES)) return;
    const found = text.selectionStart === text.selectionEnd && text.value.slice(0, text.selectionStart).match(AT);
    if (!found) {
      refused = -1;
      if (box) close();
      return;
    }
    if (box && box !== text) close();
    start = text.selectionStart - found[1].length - 1;
    if (start === refused) return;
    box = text;
    ask(found[1]);
  });

  document.addEventListener(
    "keydown",
    (event) => {
      if (!box || event.target !== box || event.isComposing || event.ctrlKey || event.metaKey) return;
      if (!list()) {
        if (event.key === "Escape") close();
        return;
      }
      switch (event.key) {
        case "ArrowDown":
        case "ArrowUp":
          choose(chosen() + (event.key === "ArrowDown" ? 1 : -1));
          break;
        case "Enter":
        case "Tab":
          if (event.shiftKey) {
            close();
            return;
          }
          take(options()[chosen()]);
          break;
        case "Escape":
          refused = start;
          close();
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
    if (event.target.closest?.("#mentions [role=option]")) event.preventDefault(); // the cursor stays in the text
  });

  document.addEventListener("click", (event) => {
    const option = event.target.closest?.("#mentions [role=option]");
    if (option) take(option);
    else if (box && event.target !== box) close();
  });
})();
