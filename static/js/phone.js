/* A phone: writing is a screen of its own, that one leaves by gesture, by button or by sending; and the page is as high
   as what the keyboard leaves free. Before list.js: leaving the composer is no step in the list. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const TOUCH = matchMedia("(width < 48rem) and (pointer: coarse)");
  const BOX = "#composer textarea";
  const KEYBOARD = 120; // px that no toolbar of a browser takes

  const frame = () => $("#frame");
  const writing = () => frame() && "writing" in frame().dataset;
  let leaving = false;
  let backWas = "";

  function enter() {
    if (!frame() || writing() || !TOUCH.matches) return;
    frame().dataset.writing = "";
    const words = $(".back span");
    if (words) {
      backWas = words.textContent;
      words.textContent = $("#conversation").getAttribute("aria-label");
    }
    if (!history.state?.writing) history.pushState({ webcare: true, writing: true }, "");
  }

  function leave() {
    delete frame().dataset.writing;
    const words = $(".back span");
    if (words && backWas) words.textContent = backWas;
    if ($(BOX)?.matches(":focus") || document.activeElement?.matches(BOX)) document.activeElement.blur();
  }

  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.(BOX)) enter();
  });

  window.addEventListener("popstate", (event) => {
    if (!writing() && !leaving) return;
    leaving = false;
    if (writing()) leave();
    // Only the step out of the composer: the same conversation is still open.
    const open = $("#pane")?.dataset.pane;
    if (open && location.pathname.endsWith(`/${open}/`)) event.stopImmediatePropagation();
  });

  document.addEventListener("composer-sent", () => {
    if (!writing()) return;
    leave();
    if (history.state?.writing) {
      leaving = true;
      history.back();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && writing() && event.target.matches?.(BOX)) history.back();
  });

  function room() {
    const seen = window.visualViewport;
    if (!seen || seen.scale !== 1) return;
    const covered = innerHeight - seen.height;
    const root = document.documentElement;
    if (covered > KEYBOARD && TOUCH.matches) {
      root.style.setProperty("--webcare-visible", `${Math.round(seen.height)}px`);
      scrollTo(0, 0);
    } else root.style.removeProperty("--webcare-visible");
  }

  window.visualViewport?.addEventListener("resize", room);
})();
