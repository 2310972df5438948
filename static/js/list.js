/* The panes: opening and going back, the list that stays in place while it changes, tooltips, and what to say when an
   answer does not come. Works on server-drawn pages; without it every link and form still does its job. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const frame = () => $("#frame");
  const words = () => $("#words")?.dataset ?? {};
  const VIEW = "inbox\\/(?:(?:department|weergave)\\/[\\w-]+|(?!(?:department|weergave)\\/)[\\w-]+)";
  const CONVERSATION = new RegExp(`^(\\/(?:${VIEW}|conversations)\\/)(\\d+)\\/$`);
  const LIST = new RegExp(`^\\/${VIEW}\\/$`);
  const MOST_IDS = 300;

  // ------------------------------------------------------------------ words

  let toasting;
  webcare.toast = (text) => {
    const toast = $("#toast");
    if (!toast) return;
    toast.textContent = text;
    clearTimeout(toasting);
    toasting = setTimeout(() => (toast.textContent = ""), 6000);
  };

  let said = 0;
  webcare.say = (text) => {
    // At most one sentence in four seconds: a calm voice while a crowd writes.
    if (Date.now() - said < 4000) return false;
    said = Date.now();
    $("#spoken").textContent = text;
    return true;
  };

  webcare.online = (yes) => {
    const banner = $("#offline");
    // An answer that was under way when the connection went says nothing of now.
    if (banner) banner.hidden = yes && navigator.onLine;
  };

  const spoken = (template, value) => (template ?? "{}").replace(/\{\w*\}/, value);

  // ------------------------------------------------------------------ the session

  const isLogin = (url) => {
    try {
      return new URL(url, location.href).pathname === document.body.dataset.login;
    } catch {
      return false;
    }
  };

  webcare.ended = () => {
    const dialog = $("#ended");
    if (dialog && !dialog.open) dialog.showModal();
  };

  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

  async function resume() {
    const answer = await webcare.get("/status/");
    if (!answer) {
      $("#ended-still").hidden = false;
      return;
    }
    // Somebody else logged in on this machine: what is open here is not theirs to send.
    if (answer.headers.get("X-Webcare-User") !== document.body.dataset.user) {
      location.reload();
      return;
    }
    $("#ended-still").hidden = true;
    $("#ended").close();
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = token() ?? input.value;
    document.dispatchEvent(new CustomEvent("webcare:resumed"));
  }

  /* GET for our own scripts: null when the session ended or nothing came (both are told on screen). */
  webcare.get = async (url) => {
    let answer;
    try {
      // With a limit: a line that died without a word would hold up everything after it.
      const signal = AbortSignal.timeout(20000);
      answer = await fetch(url, { credentials: "same-origin", headers: { "HX-Request": "true" }, signal });
    } catch {
      webcare.online(false);
      return null;
    }
    webcare.online(true);
    if (answer.redirected && isLogin(answer.url)) {
      webcare.ended();
      return null;
    }
    return answer.ok ? answer : null;
  };

  // ------------------------------------------------------------------ which one is open

  webcare.openId = () => {
    const match = location.pathname.match(CONVERSATION);
    return match ? Number(match[2]) : null;
  };

  function mark(id) {
    for (const link of document.querySelectorAll(".row > a[aria-current]")) link.removeAttribute("aria-current");
    if (id) $(`#row-${id} > a`)?.setAttribute("aria-current", "true");
  }

  function showList(focus = true) {
    const open = $(".row > a[aria-current]");
    mark(null);
    frame().dataset.open = "list";
    const empty = $("#no-conversation");
    if (empty) $("#conversation").replaceChildren(empty.content.cloneNode(true));
    if (focus) open?.focus();
  }

  const bare = (path) => path.split("?")[0];
  const here = () => location.pathname + location.search;
  const query = () => $("#rows")?.dataset.query ?? "";
  const home = () => $("#rows")?.dataset.address ?? ($("#results") ? "/search/" : null);
  let restoring = null;

  function follow(path) {
    if (restoring === path) {
      restoring = null;
      return;
    }
    if (here() !== path) history.pushState({ webcare: true }, "", path);
  }

  window.addEventListener("popstate", () => {
    const path = here();
    const match = location.pathname.match(CONVERSATION);
    if (location.hash || !frame()) return;
    const known = location.search === query();
    if (location.pathname === home() && known) showList();
    else if (match && ((match[1] === home() && known) || match[1] === "/conversations/")) visit(path, "#conversation");
    else if (LIST.test(location.pathname) && $("#rows")) visit(path, "#list");
    else location.reload();
  });

  function visit(path, target) {
    restoring = path;
    window.htmx.ajax("GET", path, { target, swap: "innerHTML" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-menu], [data-back], [data-dialog], [data-newer], [data-resume]");
    if (!link) return;
    if ("menu" in link.dataset) {
      event.preventDefault();
      frame().dataset.menu = link.dataset.menu;
      if (link.dataset.menu === "open") $("#views a")?.focus();
    } else if ("back" in link.dataset) {
      event.preventDefault();
      if (history.state?.webcare) history.back();
      else {
        history.pushState({ webcare: true }, "", link.getAttribute("href"));
        showList();
      }
    } else if ("dialog" in link.dataset) {
      $(`#${link.dataset.dialog}`).showModal();
    } else if ("newer" in link.dataset) {
      $(`.row.fresh.${link.dataset.newer}`)?.scrollIntoView({ block: "center" });
      settle();
    } else {
      resume();
    }
  });

  document.addEventListener("click", (event) => {
    // A click beside an open drawer closes it; one on the backdrop closes a dialog that may be closed.
    for (const drawer of document.querySelectorAll("details.person[open]")) {
      if (!drawer.contains(event.target) || event.target.closest("[data-dialog]")) drawer.open = false;
    }
    if (event.target instanceof HTMLDialogElement && event.target.id !== "ended") event.target.close();
  });

  // ------------------------------------------------------------------ htmx: what was asked, what came

  const waiting = new Map();

  document.addEventListener("htmx:configRequest", (event) => {
    // Logging in again in another tab renews the token.
    const fresh = token();
    if (!fresh) return;
    event.detail.headers["X-CSRFToken"] = fresh;
    if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = fresh;
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { target, requestConfig } = event.detail;
    if (requestConfig.verb !== "get" && target.id !== "list") return;
    if (target.id === "conversation") {
      const match = bare(requestConfig.path).match(CONVERSATION);
      if (!match) return;
      mark(match[2]);
    } else if (target.id === "list") {
      for (const link of document.querySelectorAll("#menu a")) {
        if (link.getAttribute("href") === bare(requestConfig.path)) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    } else return;
    clearTimeout(waiting.get(target.id));
    // A skeleton only when the answer takes longer than a moment.
    waiting.set(target.id, setTimeout(() => target.classList.add("loading"), 200));
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { target } = event.detail;
    if (!target || !waiting.has(target.id)) return;
    clearTimeout(waiting.get(target.id));
    target.classList.remove("loading");
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target, requestConfig } = event.detail;
    if (isLogin(xhr.responseURL)) {
      event.detail.shouldSwap = false;
      mark(webcare.openId());
      webcare.ended();
    } else if (xhr.status >= 400) {
      const reading = requestConfig.verb === "get" && target.id === "conversation" && xhr.status < 500;
      event.detail.shouldSwap = reading;
      if (!reading) {
        const sentence = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector("[role=alert]");
        webcare.toast(sentence ? sentence.textContent.trim() : words().failed);
      }
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target, requestConfig, xhr } = event.detail;
    if (!target || (requestConfig?.verb !== "get" && target.id !== "list")) return;
    // A form that narrows or sorts the list answers with the address of the list it made.
    const answered = xhr?.responseURL ? new URL(xhr.responseURL) : null;
    const path = target.id === "list" && answered ? answered.pathname + answered.search : requestConfig.path;
    if (target.id === "conversation" && CONVERSATION.test(bare(path))) {
      follow(path);
      frame().dataset.open = "conversation";
      mark(webcare.openId());
      if (matchMedia("(width < 48rem)").matches) target.focus({ preventScroll: true });
    } else if (target.id === "list" && LIST.test(bare(path))) {
      follow(path);
      delete frame().dataset.menu;
      frame().dataset.open = "list";
      webcare.retitle(`${$("#rows").dataset.title} · ${document.body.dataset.municipality}`);
      const back = $(".back");
      back?.setAttribute("href", path);
      if (back) $("span", back).textContent = $("#list-title").textContent;
      settle();
      if (document.activeElement === document.body) $("#rows").focus({ preventScroll: true });
    }
  });

  document.addEventListener("htmx:sendError", () => {
    webcare.online(false);
    webcare.toast(words().slow);
  });
  document.addEventListener("htmx:timeout", () => webcare.toast(words().slow));
  document.addEventListener("htmx:afterOnLoad", () => webcare.online(true));

  // ------------------------------------------------------------------ the list, kept up to date in place

  /* Ask for these conversations (ids), and with `first` for all on screen and the first page, and put each where it
     belongs. Nothing that is on screen goes away by itself: a row that left the view stays, quietly, until one leaves. */
  webcare.refresh = async (ids, first = false) => {
    const rows = $("#rows");
    const address = rows?.dataset.address ?? "/inbox/todo/";
    const shown = rows ? [...rows.querySelectorAll(".row")].map((row) => row.dataset.id) : [];
    const asked = (first ? [...shown, ...ids.map(String)] : ids.map(String)).slice(0, MOST_IDS);
    const query = new URLSearchParams();
    if (asked.length && rows) query.set("ids", [...new Set(asked)].join(","));
    if (first && rows) query.set("first", "1");
    if (webcare.openId()) query.set("open", webcare.openId());
    const narrowed = rows?.dataset.query.slice(1);
    const answer = await webcare.get(`${address}rows/?${query}${narrowed ? `&${narrowed}` : ""}`);
    if (!answer) return;
    const data = await answer.json();
    for (const place of document.querySelectorAll("[data-count]")) {
      place.textContent = data.counts[place.dataset.count] ?? "";
    }
    // Another view was opened while this one was asked for.
    if (!rows || !rows.isConnected || rows.dataset.address !== address || rows.dataset.query.slice(1) !== narrowed) return;
    webcare.retitle(`${data.title} · ${document.body.dataset.municipality}`);
    rows.dataset.title = data.title;
    const focused = document.activeElement;
    const came = new Set(data.rows.map((row) => String(row.id)));
    for (const id of asked) if (!came.has(id)) $(`#row-${id}`)?.remove();
    for (const row of data.rows) place(rows, row);
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
    tell();
  };

  function place(rows, row) {
    const template = document.createElement("template");
    template.innerHTML = row.html;
    const fresh = template.content.firstElementChild;
    const old = $(`#row-${row.id}`);
    const unread = $(".new", fresh)?.textContent;
    const news = unread && unread !== (old && $(".new", old)?.textContent) && row.id !== webcare.openId();
    if (old) {
      const moved = old.dataset.key !== row.key && row.belongs;
      fresh.classList.toggle("fresh", old.classList.contains("fresh"));
      // What was ticked stays ticked.
      const [tick, ticked] = [$(".pick input", fresh), $(".pick input", old)];
      if (tick && ticked) tick.checked = ticked.checked;
      window.Idiomorph.morph(old, fresh, { morphStyle: "outerHTML" });
      window.htmx.process(old);
      if (moved) insert(rows, $(`#row-${row.id}`));
    } else {
      if (!row.belongs || !insert(rows, fresh)) return;
      window.htmx.process(fresh);
      fresh.classList.add("came", "fresh");
    }
    if (news) webcare.say(spoken(words().came, row.name));
  }

  /* Put a row where its key says; false when that is past the last row loaded. */
  function insert(rows, row) {
    const before = rows.dataset.order === "desc" ? (a, b) => a > b : (a, b) => a < b;
    const next = [...rows.querySelectorAll(".row")].find((other) => other !== row && before(row.dataset.key, other.dataset.key));
    const more = $(".more", rows);
    if (!next && more && !row.isConnected) return false;
    rows.insertBefore(row, next ?? more ?? null);
    return true;
  }

  /* Buttons that say how many came outside what one sees. */
  function tell() {
    const scroll = $("#scroll");
    if (!scroll) return;
    const box = scroll.getBoundingClientRect();
    const tally = { above: 0, below: 0 };
    for (const row of scroll.querySelectorAll(".row.fresh")) {
      const place = row.getBoundingClientRect();
      const side = place.bottom <= box.top + 8 ? "above" : place.top >= box.bottom - 8 ? "below" : null;
      row.classList.remove("above", "below");
      if (side) {
        row.classList.add(side);
        tally[side] += 1;
      } else row.classList.remove("fresh");
    }
    for (const side of ["above", "below"]) {
      const button = $(`[data-newer=${side}]`);
      if (!button) continue;
      button.hidden = !tally[side];
      button.textContent = spoken(words()[side], tally[side]);
    }
  }

  function settle() {
    setTimeout(tell, 50);
  }

  let scrolling;
  document.addEventListener(
    "scroll",
    (event) => {
      hideTip();
      if (event.target.id !== "scroll") return;
      clearTimeout(scrolling);
      scrolling = setTimeout(tell, 80);
    },
    { capture: true, passive: true },
  );

  /* A conversation that the server chose: opened as if its row was pressed, with the cursor on its title. */
  document.addEventListener("open-conversation", async (event) => {
    if (!event.detail?.path) return;
    await window.htmx.ajax("GET", event.detail.path, { target: "#conversation", swap: "innerHTML" });
    $("#pane-title")?.focus({ preventScroll: true });
  });

  document.addEventListener("conversation-changed", (event) => {
    if (event.detail?.id) webcare.refresh([event.detail.id]);
  });

  // ------------------------------------------------------------------ the tooltip: on hover and on focus, gone with Esc

  let showing;
  const tipFor = (node) => node?.dataset?.tip || $(".tip", node)?.textContent || "";

  function showTip(node) {
    const text = tipFor(node);
    const tip = $("#tip");
    if (!text || !tip) return;
    tip.textContent = text;
    tip.hidden = false;
    const at = node.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
    const below = at.bottom + 6 + size.height < innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? at.bottom + 6 : at.top - size.height - 6}px`;
  }

  function hideTip() {
    clearTimeout(showing);
    const tip = $("#tip");
    if (tip) tip.hidden = true;
  }

  document.addEventListener("mouseover", (event) => {
    if (event.target.closest?.("#tip")) {
      clearTimeout(showing);
      return;
    }
    const node = event.target.closest?.("[data-tip]");
    clearTimeout(showing);
    showing = node ? setTimeout(() => showTip(node), 250) : setTimeout(hideTip, 150);
  });
  document.addEventListener("focusin", (event) => {
    if (!event.target.matches?.(":focus-visible")) return;
    const node = event.target.closest("[data-tip]") ?? $("[data-tip]", event.target);
    if (node && event.target.matches("a, button, [tabindex='0'], summary")) {
      // Not while one walks through the list.
      clearTimeout(showing);
      showing = setTimeout(() => showTip(node), 400);
    }
  });
  document.addEventListener("focusout", hideTip);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    // The first Esc takes only the tooltip away.
    if (!$("#tip")?.hidden) event.preventDefault();
    hideTip();
  });
})();
