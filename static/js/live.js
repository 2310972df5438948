/* The live stream: nudges with ids, never content; the list and the open conversation fetch what changed through the
   normal views. After every gap (reconnect, sleep) everything on screen is fetched once; without a stream, every 15 s. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const POLL = 15000;
  const TICK = 60000; // timers tell the time left: drawn anew every minute
  const QUIET = 250; // at most four refreshes a second
  const CROWDED = 1000; // and one, when much comes at once

  let source = null;
  let connected = false;
  let ended = false;
  let retry = 1000;
  let reconnecting;
  let hiddenSince = null;

  // ------------------------------------------------------------------ gathering nudges into refreshes

  const pending = new Set();
  let everything = false;
  let running = false;
  let planned;
  let last = 0;
  let recent = [];

  function plan() {
    if (running || planned) return;
    const now = Date.now();
    recent = recent.filter((at) => now - at < 1000);
    const pause = document.hidden ? 5000 : recent.length > 8 ? CROWDED : QUIET;
    planned = setTimeout(run, Math.max(0, last + pause - now));
  }

  async function run() {
    planned = undefined;
    running = true;
    last = Date.now();
    const ids = [...pending];
    const all = everything;
    pending.clear();
    everything = false;
    try {
      await webcare.refresh(ids, all);
    } finally {
      running = false;
      if (pending.size || everything) plan();
    }
  }

  function nudgePane(what) {
    const conversation = webcare.openId();
    if (conversation) document.dispatchEvent(new CustomEvent("webcare:nudge", { detail: { conversation, what } }));
  }

  function catchUp(what) {
    everything = true;
    plan();
    nudgePane(what);
  }

  // ------------------------------------------------------------------ the stream

  function connect() {
    clearTimeout(reconnecting);
    source?.close();
    const address = document.body.dataset.live;
    if (!address || ended) return;
    source = new EventSource(`${address}/stream`, { withCredentials: true });
    source.addEventListener("hello", () => {
      connected = true;
      retry = 1000;
      catchUp("hello");
    });
    source.addEventListener("nudge", (event) => {
      const { conversation, what } = JSON.parse(event.data);
      recent.push(Date.now());
      pending.add(conversation);
      plan();
      // Also for another citizen's, when it is on screen in the same thread.
      const beside = document.querySelector(`#lines [data-of="${Number(conversation)}"]`);
      if (conversation === webcare.openId() || beside) nudgePane(what);
    });
    source.addEventListener("bye", () => {
      ended = true;
      source.close();
      connected = false;
      webcare.ended();
    });
    source.addEventListener("error", () => {
      source.close();
      connected = false;
      if (ended) return;
      // The longer it lasts, the calmer we try; not all browsers at the same moment.
      reconnecting = setTimeout(connect, retry * (0.75 + Math.random() / 2));
      retry = Math.min(retry * 2, 30000);
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      hiddenSince = Date.now();
      return;
    }
    const slept = hiddenSince !== null && Date.now() - hiddenSince > 10000;
    hiddenSince = null;
    if (ended) return;
    if (!connected) {
      retry = 1000;
      connect();
    }
    if (slept) catchUp("awake");
  });
  window.addEventListener("online", () => {
    webcare.online(true);
    retry = 1000;
    if (!connected) connect();
    catchUp("online");
  });
  window.addEventListener("offline", () => webcare.online(false));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
  window.addEventListener("pagehide", () => source?.close());
  document.addEventListener("webcare:resumed", () => {
    ended = false;
    connect();
    catchUp("resumed");
  });

  setInterval(() => {
    if (!connected && !ended && !document.hidden) catchUp("poll");
  }, POLL);
  setInterval(() => {
    if (connected && !document.hidden) {
      everything = true;
      plan();
    }
  }, TICK);

  document.addEventListener("DOMContentLoaded", connect);
})();
