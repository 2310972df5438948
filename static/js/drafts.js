/* Drafts: what is typed is saved on the server a moment later, and kept in this tab until the server has it, so that
   no reload, lost connection or ended session loses it. Two tabs with different texts ask which one counts. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const PREFIX = "webcare.draft.";
  const PAUSE = 700; // ms without a key
  const AGAIN = 10000; // ms until a save that failed is tried again

  const boxes = () => [$("#reply-text"), $("#note-text")].filter(Boolean);
  const modeOf = (box) => (box.id === "note-text" ? "note" : "reply");
  const keyOf = (pane, mode) => `${PREFIX}${pane.dataset.user}.${pane.dataset.pane}.${mode}`;
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

  let shown = null; // the last pane that held a conversation
  const pending = new Map(); // key -> {timer, send}: saves that wait for a pause
  const running = new Map(); // key -> AbortController

  // ------------------------------------------------------------------ in this tab, until the server has it

  function read(key) {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch {
      return null;
    }
  }

  function write(key, draft) {
    try {
      sessionStorage.setItem(key, JSON.stringify(draft));
    } catch {
      /* a full or forbidden storage: the text is still on screen */
    }
  }

  function forget(pk, mode) {
    const pane = $("#pane");
    if (!pane) return;
    const key = keyOf({ dataset: { user: pane.dataset.user, pane: String(pk) } }, mode);
    clearTimeout(pending.get(key)?.timer);
    pending.delete(key);
    running.get(key)?.abort();
    sessionStorage.removeItem(key);
  }

  // ------------------------------------------------------------------ to the server

  /* A picture's words go along: they are part of the draft. */
  function fields(box, extra) {
    const data = new FormData();
    for (const input of box.form?.querySelectorAll("[name^=alt-], [name^=decorative-]") ?? []) {
      if (!input.disabled && (input.type !== "checkbox" || input.checked)) data.set(input.name, input.value);
    }
    for (const [name, value] of Object.entries(extra)) data.set(name, value);
    return data;
  }

  function plan(box, { at = PAUSE, force = "" } = {}) {
    const pane = $("#pane");
    const url = box.dataset.draft;
    if (!pane?.dataset.pane || !url) return;
    const mode = modeOf(box);
    const key = keyOf(pane, mode);
    const text = box.value;
    const submission = $("[name=submission]", box.form)?.value ?? "";
    write(key, { text, submission, version: Number(box.dataset.version), unsaved: true });
    const body = fields(box, { mode, text, submission, force });
    const job = { id: Number(pane.dataset.pane), key, mode, url, body, text, version: Number(box.dataset.version) };
    clearTimeout(pending.get(key)?.timer);
    pending.set(key, { timer: setTimeout(() => save(key), at), job });
    said("");
  }

  /* Resolves when it is saved, or cannot be now. */
  async function save(key, keepalive = false) {
    const waiting = pending.get(key);
    if (!waiting) return;
    if (running.has(key) && !keepalive) {
      // One at a time, so that the versions stay in order.
      waiting.timer = setTimeout(() => save(key), 200);
      return;
    }
    clearTimeout(waiting.timer);
    pending.delete(key);
    const { job } = waiting;
    const box = boxFor(job);
    if (box) job.version = Number(box.dataset.version); // an earlier save may have come back since
    job.body.set("version", job.version);
    const control = new AbortController();
    running.set(key, control);
    try {
      const answer = await fetch(job.url, {
        method: "POST",
        body: job.body,
        credentials: "same-origin",
        headers: { "X-CSRFToken": token(), Accept: "application/json" },
        signal: control.signal,
        keepalive,
      });
      if (answer.redirected || answer.status === 403) {
        if (answer.redirected) webcare.ended?.();
        return;
      }
      if (answer.status === 409) {
        conflict(job, await answer.json());
        return;
      }
      if (answer.status >= 500) throw new Error("later");
      if (!answer.ok) return;
      const { version } = await answer.json();
      saved(job, version);
    } catch {
      if (control.signal.aborted || pending.has(key)) return;
      pending.set(key, { timer: setTimeout(() => save(key), AGAIN), job });
    } finally {
      if (running.get(key) === control) running.delete(key);
    }
  }

  const boxFor = (job) => {
    const box = $(job.mode === "note" ? "#note-text" : "#reply-text");
    return box && $("#pane")?.dataset.pane === String(job.id) ? box : null;
  };

  function saved(job, version) {
    const kept = read(job.key);
    const box = boxFor(job);
    if (box) box.dataset.version = version;
    if (kept && kept.text === job.text) {
      if (job.text.trim()) write(job.key, { ...kept, version, unsaved: false, savedAt: Date.now() });
      else sessionStorage.removeItem(job.key);
    } else if (kept) write(job.key, { ...kept, version });
    if (box && job.mode === "reply" && job.text.trim()) said("saved");
    // The row says "concept", or no longer.
    if ((job.version === 0) !== (version === 0)) {
      document.dispatchEvent(new CustomEvent("conversation-changed", { detail: { id: job.id } }));
    }
  }

  function said(what) {
    const words = $("[data-saved]");
    if (words) words.hidden = what !== "saved";
  }

  webcare.saveDrafts = () => Promise.all([...pending.keys()].map((key) => save(key)));

  const again = () => {
    for (const key of [...pending.keys()]) save(key);
    for (const box of boxes()) {
      const kept = $("#pane")?.dataset.pane && read(keyOf($("#pane"), modeOf(box)));
      if (kept?.unsaved && kept.text === box.value) plan(box, { at: 0 });
    }
  };
  window.addEventListener("online", again);
  document.addEventListener("webcare:resumed", again);
  window.addEventListener("pagehide", () => {
    for (const key of [...pending.keys()]) save(key, true);
  });

  // ------------------------------------------------------------------ another text in another tab

  function conflict(job, there) {
    const box = boxFor(job);
    if (!box) return;
    ask(box, there);
  }

  function ask(box, there) {
    const question = $("[data-elsewhere]", box.form);
    if (!question) return;
    question.dataset.text = there.text;
    question.dataset.version = there.version;
    question.hidden = false;
    webcare.say?.($("p", question).textContent.trim());
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-elsewhere] :is([data-take], [data-keep])");
    if (!button) return;
    const question = button.closest("[data-elsewhere]");
    const box = $("textarea", question.parentElement);
    box.dataset.version = question.dataset.version;
    question.hidden = true;
    if ("take" in button.dataset) box.value = question.dataset.text;
    plan(box, { at: 0, force: "keep" in button.dataset ? "1" : "" });
    box.focus();
    if (box.id === "reply-text") {
      webcare.measure?.();
      window.htmx?.trigger("#writing", "check");
    }
  });

  // ------------------------------------------------------------------ after every drawing

  /* Put back what was typed here and is not on the server yet, or show it where there is no box for it any more.
     `asked`: when this drawing was asked for. What was saved since may have come too late to be in it. */
  function restore(asked = Infinity) {
    const here = $("#pane");
    if (!here) return;
    if (here.dataset.pane) shown = { dataset: { ...here.dataset } }; // a copy: the element is drawn over
    const pane = shown; // also when it went to others since
    if (!pane) return;
    for (const box of boxes()) {
      const key = keyOf(pane, modeOf(box));
      const kept = read(key);
      if (!kept || kept.text === box.value) continue;
      if (!kept.unsaved) {
        if (!(kept.savedAt >= asked) || Number(box.dataset.version) >= kept.version) continue;
        box.value = kept.text;
        box.dataset.version = kept.version;
        continue;
      }
      // On its way to the server, and drawn anew before it was there: an empty box is no later text.
      if (pending.has(key) && box.value) continue;
      const version = Number(box.dataset.version);
      if (box.value && kept.version < version) {
        ask(box, { text: box.value, version });
      }
      box.value = kept.text;
      const submission = $("[name=submission]", box.form);
      if (submission && kept.submission) submission.value = kept.submission;
      if (box.id === "reply-text") window.htmx?.trigger("#writing", "check");
      if ($("[data-elsewhere]", box.form)?.hidden !== false) plan(box);
    }
    const place = $("[data-kept]", here);
    if (place) {
      const kept = read(keyOf(pane, "reply"));
      // Unless the server shows it by itself.
      place.hidden = !kept?.text || Boolean($("[data-testid=kept]", here));
      $("pre", place).textContent = kept?.text ?? "";
    }
    webcare.measure?.();
  }

  webcare.restoreDrafts = restore;

  document.addEventListener("input", (event) => {
    if (boxes().includes(event.target)) plan(event.target);
    else if (event.target.matches?.("[data-alt]") && $("#reply-text")) plan($("#reply-text"));
  });

  /* On to another conversation: what waits for a pause goes now. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "conversation" || event.detail.requestConfig.verb !== "get") return;
    for (const [key, { job }] of [...pending]) if (job.id !== webcare.openId?.()) save(key);
  });

  /* What is being sent is no draft: only what becomes of it says whether it is one again. */
  document.addEventListener("htmx:beforeSend", (event) => {
    const { elt, target } = event.detail;
    if (target?.id !== "conversation" || !elt.matches?.("#reply-form, #note-form")) return;
    const key = keyOf($("#pane"), elt.id === "note-form" ? "note" : "reply");
    clearTimeout(pending.get(key)?.timer);
    pending.delete(key);
    running.get(key)?.abort();
  });

  document.addEventListener("composer-sent", (event) => {
    const { id, mode } = event.detail;
    forget(id, mode);
    // The form that was sent must not come back with its old text.
    const box = $(mode === "note" ? "#note-text" : "#reply-text");
    if (box && $("#pane")?.dataset.pane === String(id)) {
      box.value = "";
      box.dataset.version = "0";
    }
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.action?.endsWith("/logout/")) return;
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  });

  document.addEventListener("DOMContentLoaded", () => restore());
})();
