/* The open conversation: drawn anew when something happened to it, without touching what is being typed, read or
   looked at; read marks; the small forms. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const QUIET = 300; // ms between two drawings
  const MINUTE = 60000; // timers and the platform's window tell the time left
  const NEAR = 48; // px from the end that still count as being there
  const WIDE = "(width >= 80rem)";

  const pane = () => $("#pane[data-pane]");
  const thread = () => $("#thread");
  // The thread grows upwards from its end: 0 is the end, higher up is negative.
  const atEnd = () => Math.abs(thread()?.scrollTop ?? 0) < NEAR;

  // ------------------------------------------------------------------ drawing anew

  let running = false;
  let again = false;
  let posting = 0;
  let generation = 0; // goes up with every act of ours: an answer that was asked for before it is old
  let last = 0;
  let planned;

  function refetch() {
    if (!pane()) return;
    if (running || posting) {
      again = true;
      return;
    }
    clearTimeout(planned);
    planned = setTimeout(draw, Math.max(0, last + QUIET - Date.now()));
  }

  async function draw() {
    const here = pane();
    if (!here || running || posting) {
      again = Boolean(here);
      return;
    }
    running = true;
    again = false;
    last = Date.now();
    const query = new URLSearchParams();
    // Earlier pages that were asked for stay.
    const since = $("#earlier")?.dataset.since;
    if (here.dataset.grown && since) query.set("since", since);
    // So does the line before what was new; none is drawn for what comes while one looks on.
    const line = $("#new-line")?.dataset.new;
    if (line || (atEnd() && !document.hidden)) query.set("new", line ?? "0");
    const url = query.size ? `${here.dataset.url}?${query}` : here.dataset.url;
    try {
      await window.htmx.ajax("GET", url, { source: here, target: "#conversation", swap: "morph:innerHTML" });
    } catch {
      /* told by htmx:sendError; live.js asks again */
    } finally {
      running = false;
      if (again) refetch();
    }
  }

  document.addEventListener("webcare:nudge", (event) => {
    if (String(event.detail.conversation) === pane()?.dataset.pane) refetch();
  });
  setInterval(() => {
    if (!document.hidden) refetch();
  }, MINUTE);

  // ------------------------------------------------------------------ around each swap

  const ours = (event) => event.detail.target?.id === "conversation";
  const isPane = (config) => config.verb !== "get" || /\/pane\/(\?|$)/.test(config.path);
  let before = null;
  let source = null; // the form whose answer is being drawn: that one is drawn wholly
  let wanted = ""; // "reply": put the cursor in the box; "next": go to the next conversation

  document.addEventListener("htmx:beforeRequest", (event) => {
    const config = event.detail.requestConfig;
    config.webcarePane = pane()?.dataset.pane;
    config.webcareGeneration = generation;
    config.webcareAsked = Date.now();
  });

  document.addEventListener("htmx:beforeSend", (event) => {
    if (!ours(event) || event.detail.requestConfig.verb === "get") return;
    posting += 1;
    const { elt, xhr } = event.detail;
    // Of the request itself: htmx tells the form, and that may be gone by then (another conversation was opened).
    let gone = false;
    xhr.addEventListener("readystatechange", () => (gone = xhr.readyState === XMLHttpRequest.DONE && !elt.isConnected));
    xhr.addEventListener("loadend", () => {
      posting -= 1;
      generation += 1;
      if (gone) tell(xhr);
      if (again) refetch();
    });
  });

  /* What became of it, for who does not look at that conversation any more: what was typed there was sent. */
  function tell(xhr) {
    const told = JSON.parse(xhr.getResponseHeader("HX-Trigger") ?? "{}");
    for (const name of ["conversation-changed", "composer-sent", "answer-leaves"]) {
      if (told[name]) document.dispatchEvent(new CustomEvent(name, { detail: told[name] }));
    }
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!ours(event)) return;
    const { requestConfig: config, shouldSwap } = event.detail;
    if (isPane(config)) {
      const elsewhere = config.webcarePane !== pane()?.dataset.pane;
      const old = config.verb === "get" && config.webcareGeneration !== generation;
      if (elsewhere || old) {
        event.detail.shouldSwap = false;
        again = again || (old && !elsewhere);
        return;
      }
    }
    if (!shouldSwap) return;
    // Opened again while it is open: what is typed by now stays under one's fingers.
    if (!isPane(config) && config.path.match(/\/(\d+)\/$/)?.[1] === pane()?.dataset.pane) {
      event.detail.swapOverride = "morph:innerHTML";
    }
    source = config.verb === "get" ? null : config.elt;
    before = {
      pane: pane()?.dataset.pane,
      grown: pane()?.dataset.grown,
      end: atEnd(),
      place: place(),
      newest: newest(),
      mine: $("#composer")?.dataset.state === "open",
      writing: $("#composer")?.contains(document.activeElement),
    };
  });

  /* What one is looking at: the first line in sight, and where it stands. */
  function place() {
    const top = thread()?.getBoundingClientRect().top;
    for (const line of document.querySelectorAll("#lines .line[id]")) {
      const box = line.getBoundingClientRect();
      if (box.bottom > top) return { id: line.id, top: box.top };
    }
    return null;
  }

  const newest = () => Math.max(0, ...[...document.querySelectorAll("#lines [data-inbound]")].map((node) => Number(node.id.split("-")[1])));

  document.addEventListener("htmx:afterSwap", (event) => {
    if (!ours(event)) return;
    const config = event.detail.requestConfig;
    const here = pane();
    const same = here && before?.pane === here.dataset.pane;
    if (same) {
      if (before.grown) here.dataset.grown = before.grown;
      const line = before.place && document.getElementById(before.place.id);
      if (before.end) thread().scrollTop = 0;
      else if (line) thread().scrollTop += line.getBoundingClientRect().top - before.place.top;
      if (newest() > before.newest) {
        const button = $("[data-newest]");
        if (button) {
          button.hidden = before.end;
          webcare.say?.(button.textContent.trim());
        }
      }
    } else if (thread()) thread().scrollTop = 0;
    ready(config.webcareAsked);
    if (config.verb !== "get") land();
    else if (same && before.mine && $("#composer")?.dataset.state === "other") lost();
    source = null;
  });

  // A nudge of it that came while it was on its way here found nothing to draw: what was fetched may be old by now.
  document.addEventListener("htmx:afterSettle", (event) => {
    const config = event.detail.requestConfig;
    if (ours(event) && !isPane(config) && webcare.toldSince?.(Number(pane()?.dataset.pane), config.webcareAsked)) refetch();
  });

  /* Looking for a citizen to merge with: from the result to what is compared, and back to the words. */
  document.addEventListener("htmx:afterSwap", (event) => {
    const place = event.detail.target;
    if (place?.id !== "merge-place") return;
    const heading = $("[data-land]", place);
    if (heading) heading.focus();
    else if (document.activeElement === document.body) $("#merge-q")?.focus();
  });

  /* A colleague took it over: said at once, and the cursor stays near. */
  function lost() {
    webcare.toast?.($("#words").dataset.taken.replace("{}", $("#composer").dataset.claimer));
    if (before.writing && document.activeElement === document.body) $("#pane-title")?.focus({ preventScroll: true });
  }

  /* Where the cursor goes after an act: on with the work, never to the top of the page. */
  function land() {
    const wish = wanted;
    wanted = "";
    if (wish === "next" && next()) return;
    if (wish === "reply" && webcare.focusBox?.("reply")) return;
    const question = $("#notice [data-confirm]");
    if (question) {
      question.focus({ preventScroll: true });
      return;
    }
    const focused = document.activeElement;
    if (focused !== document.body && focused?.checkVisibility()) return;
    const box = $("#mode-note:checked") ? $("#note-text") : $("#reply-text");
    if (source?.closest?.("#composer") && box) box.focus({ preventScroll: true });
    else $("#pane-title")?.focus({ preventScroll: true });
  }

  function next() {
    const row = $(".row > a[aria-current]")?.closest(".row");
    const link = row?.nextElementSibling?.querySelector("a[hx-get]") ?? row?.previousElementSibling?.querySelector("a[hx-get]");
    link?.click();
    return Boolean(link);
  }

  document.addEventListener("composer-focus", () => (wanted = "reply"));
  document.addEventListener("next-conversation", () => (wanted = "next"));

  // ------------------------------------------------------------------ what a drawing leaves alone

  const isSource = (node) => source !== null && (node === source || node.contains(source));

  function mayMorph(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) return true;
    if (old.matches("#reply-form, #note-form")) {
      const box = $("textarea", old);
      if (isSource(old) || fresh.id !== old.id || !(box.value || old.contains(document.activeElement))) return true;
      // Only the words that change by themselves.
      for (const part of ["[data-left]", ".audience"]) {
        const [was, is] = [$(part, old), $(part, fresh)];
        if (was && is && was.textContent !== is.textContent) was.replaceChildren(...is.cloneNode(true).childNodes);
      }
      return false;
    }
    if (old.matches("input[name=compose]")) return source?.closest?.("#composer") != null;
    // A note of one's own that is being changed.
    if (old.matches("details.own[open]")) return isSource(old) || fresh.id !== old.id;
    if (old.matches("details.deed[open]")) return isSource(old) || fresh.id !== old.id;
    // A sentence about something that was refused stays until the next act.
    if (old.matches("#notice")) return source !== null || before?.pane !== pane()?.dataset.pane;
    // Who is there too is told by the stream, not by the page.
    if (old.matches("#company")) return false;
    if (old.matches("#timeline[data-whole]")) return false;
    // Somebody looks for a citizen here, or compares two.
    if (old.matches("#merging")) return isSource(old) || before?.pane !== pane()?.dataset.pane;
    // A number that is being typed, among colleagues who come and go.
    if (old.matches("#people input")) return old !== document.activeElement;
    return true;
  }

  function mayChange(name, node) {
    // What someone opened stays open; a note that was changed closes.
    return !(name === "open" && node.matches?.("#conversation details:not(.deed)") && !isSource(node));
  }

  if (window.Idiomorph) {
    Object.assign(window.Idiomorph.defaults.callbacks, {
      beforeNodeMorphed: (old, fresh) => (mayMorph(old, fresh) ? undefined : false),
      beforeAttributeUpdated: (name, node) => (mayChange(name, node) ? undefined : false),
    });
  }

  // ------------------------------------------------------------------ earlier messages

  let growing = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "earlier") growing = true;
    if (event.detail.target?.id === "timeline") event.detail.target.dataset.whole = "";
  });
  document.addEventListener("htmx:load", () => {
    if (!growing || !pane()) return;
    growing = false;
    // Measured from its end, the thread stays where it is: the earlier page lies above it.
    pane().dataset.grown = "1";
    const days = new Set();
    for (const day of document.querySelectorAll("#lines .day")) {
      if (days.has(day.id)) day.remove();
      days.add(day.id);
    }
  });

  // ------------------------------------------------------------------ read

  let marking = null;

  async function markRead() {
    const here = pane();
    if (!here || document.hidden || !atEnd() || !(Number(here.dataset.unread) || here.dataset.told) || marking === here.dataset.pane) return;
    const id = here.dataset.pane;
    marking = id;
    try {
      const answer = await fetch(here.dataset.read, {
        method: "POST",
        credentials: "same-origin",
        body: new FormData($("#mark-read")),
      });
      if (answer.ok && pane()?.dataset.pane === id) {
        pane().dataset.unread = "0";
        delete pane().dataset.told;
      }
      if (answer.ok) document.dispatchEvent(new CustomEvent("conversation-changed", { detail: { id: Number(id) } }));
    } catch {
      /* without a connection it stays unread, and is tried at the next drawing */
    } finally {
      marking = null;
    }
  }

  document.addEventListener("visibilitychange", markRead);
  document.addEventListener(
    "scroll",
    (event) => {
      if (event.target !== thread() || !atEnd()) return;
      const button = $("[data-newest]");
      if (button) button.hidden = true;
      markRead();
    },
    { capture: true, passive: true },
  );

  // ------------------------------------------------------------------ the small forms and the citizen's panel

  document.addEventListener("click", (event) => {
    for (const deed of document.querySelectorAll("#conversation details.deed[open]")) {
      if (!deed.contains(event.target)) deed.open = false;
    }
    if (event.target.closest?.("[data-newest]")) {
      thread().scrollTop = 0;
      $("[data-newest]").hidden = true;
      markRead();
    }
    if (event.target.closest?.("#notice [data-dismiss]")) {
      $("#notice").replaceChildren();
      $("#pane-title")?.focus({ preventScroll: true });
    }
    const fold = event.target.closest?.("[data-fold]");
    if (fold && matchMedia(WIDE).matches) {
      // Wide enough to stand beside the conversation: the button folds it, for good.
      event.preventDefault();
      const folded = fold.dataset.fold === "hide" || document.documentElement.dataset.citizen !== "folded";
      setFolded(folded);
    }
  });

  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.matches?.("#conversation details.deed[open]")) {
        $(".panel :is(select, button, textarea)", event.target)?.focus({ preventScroll: true });
      }
    },
    true,
  );

  function setFolded(folded) {
    if (folded) document.documentElement.dataset.citizen = "folded";
    else delete document.documentElement.dataset.citizen;
    try {
      localStorage.setItem("webcare.citizen", folded ? "folded" : "");
    } catch {
      /* then it is open again at the next page */
    }
    $("button.fold")?.setAttribute("aria-expanded", String(!folded));
  }

  try {
    if (localStorage.getItem("webcare.citizen") === "folded") document.documentElement.dataset.citizen = "folded";
  } catch {
    /* no storage: open */
  }

  function ready(asked) {
    webcare.restoreDrafts?.(asked);
    markRead();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const box = thread();
    if (box) box.scrollTop = 0;
    markRead();
  });
})();
