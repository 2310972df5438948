/* The board: a card dragged to a colleague is the form below it, filled in and sent. Without a mouse: tick and choose. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  let dragged = null;

  const board = () => $("[data-board]");
  const pileAt = (event) => event.target.closest?.(".pile[data-drop]");
  const takes = (pile) => pile && dragged && !pile.contains(dragged) && !("closed" in pile.dataset);

  function end() {
    dragged?.classList.remove("dragged");
    dragged = null;
    document.querySelectorAll(".pile.over").forEach((pile) => pile.classList.remove("over"));
  }

  document.addEventListener("dragstart", (event) => {
    const card = event.target.closest?.(".card[data-id]");
    if (!card || !board()) return;
    dragged = card;
    card.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.dataset.id);
  });
  document.addEventListener("dragover", (event) => {
    const pile = pileAt(event);
    if (!takes(pile)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    if (!pile.classList.contains("over")) {
      document.querySelectorAll(".pile.over").forEach((other) => other.classList.remove("over"));
      pile.classList.add("over");
    }
  });
  document.addEventListener("drop", (event) => {
    const pile = pileAt(event);
    if (!takes(pile)) return;
    event.preventDefault();
    const card = dragged;
    end();
    const form = $("#board-form");
    const tick = $("input[name=id]", card);
    // A ticked card takes the other ticked ones along; another goes alone.
    if (!tick.checked) {
      document.querySelectorAll(".board input[name=id]:checked").forEach((other) => (other.checked = false));
      tick.checked = true;
    }
    form.elements.to.value = pile.dataset.drop;
    form.requestSubmit();
  });
  document.addEventListener("dragend", end);

  // Right after ticking, in the box itself; elsewhere keys.js does it.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.body.dataset.shortcuts !== "on" || !event.target.matches?.(".board input[type=checkbox]")) return;
    event.preventDefault();
    $("#board-to").focus();
  });

  // What is in the hand must not be drawn anew under it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (dragged && event.detail.requestConfig?.verb === "get" && board()?.contains(event.detail.target)) event.preventDefault();
  });
})();
