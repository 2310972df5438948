/* The live stream: nudges with ids, never content; the list and the open conversation fetch what changed through the
   normal views. A stream that breaks goes on at its cursor, so that only what was missed is fetched; where that cannot
   be (server started anew, other rights, something that failed here) everything on screen is. Without a stream we ask
   every 15 s. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const POLL = 15000;
  const TICK = 60000; // timers tell the time left: drawn anew every minute
  const QUIET = 250; // at most four refreshes a second
  const CROWDED = 1000; // and one, when much comes at once
  const UNSEEN = 20000; // behind another tab only the title counts
  const SILENT = 40000; // a stream beats every 15 s: after this its line is dead, whatever the browser thinks
  const LOOK = 5000;
  const SPREAD = 3000; // after a restart all browsers come back: not all at the same moment

  let source = null;
  let connected = false;
  let ended = false;
  let cursor = ""; // how far the stream told us; "" when everything must be asked anew
  let greeted = false;
  let retry = 1000;
  let reconnecting;
  let hiddenSince = null;
  let heard = Date.now();
  let looked = Date.now();

  const some = (most) => Math.random() * most;

  // ------------------------------------------------------------------ gathering nudges into refreshes

  const pending = new Set();
  let everything = false;
  let running = false;
  let planned;
  let last = 0;
  let recent = [];
  let failed = false;
  let failures = 0;
  let again;
  let paneBehind = false;
  const told = new Map(); // conversation -> when a nudge of it came last
  let caughtUp = 0; // when everything was asked anew

  /* Whether something happened to it since then: for a conversation that was still being fetched when its nudge came. */
  webcare.toldSince = (conversation, since) => Math.max(told.get(conversation) ?? 0, caughtUp) >= since;

  function plan() {
    if (running || planned || ended) return;
    const now = Date.now();
    recent = recent.filter((at) => now - at < 1000);
    const pause = document.hidden ? UNSEEN : recent.length > 8 ? CROWDED : QUIET;
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
    failed = false;
    try {
      await webcare.refresh(ids, all);
    } finally {
      running = false;
      if (!failed) {
        failures = 0;
        if (pending.size || everything) plan();
      }
    }
  }

  /* Something we asked for did not come, and no nudge will tell of it again: everything, a little later; the longer it
     lasts, the calmer. */
  function behind() {
    failed = true;
    everything = true;
    if (again || ended) return;
    failures += 1;
    again = setTimeout(
      () => {
        again = undefined;
        if (!ended) catchUp("again");
      },
      Math.min(1000 * 2 ** failures, 30000) * (0.75 + some(0.5)),
    );
  }

  const get = webcare.get;
  webcare.get = async (url) => {
    const answer = await get(url);
    if (!answer) behind();
    return answer;
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      const { requestConfig, xhr } = event.detail;
      // A page that is not there, or not ours, will not come by asking again.
      if (requestConfig?.verb === "get" && !(xhr?.status >= 400 && xhr.status < 500)) behind();
    });
  }

  function nudgePane(what) {
    const conversation = webcare.openId();
    if (!conversation) return;
    if (document.hidden) paneBehind = true;
    else document.dispatchEvent(new CustomEvent("webcare:nudge", { detail: { conversation, what } }));
  }

  /* For pages that show other conversations than list and pane; 0: any may have changed. */
  const heardOf = (conversation) => document.dispatchEvent(new CustomEvent("webcare:heard", { detail: { conversation } }));

  function catchUp(what) {
    everything = true;
    caughtUp = Date.now();
    plan();
    nudgePane(what);
    heardOf(0);
  }

  // ------------------------------------------------------------------ the stream

  function connect() {
    clearTimeout(reconnecting);
    source?.close();
    down();
    const address = document.body.dataset.live;
    if (!address || ended) return;
    heard = Date.now();
    const query = new URLSearchParams({ tab: webcare.tab });
    if (cursor) query.set("since", cursor);
    const mine = new EventSource(`${address}/stream?${query}`, { withCredentials: true });
    source = mine;
    const on = (name, act) =>
      mine.addEventListener(name, (event) => {
        if (mine !== source) return;
        heard = Date.now();
        act(event);
      });
    // Nothing is known of what we missed.
    on("hello", (event) => {
      up(event);
      if (!greeted) catchUp("hello");
      else setTimeout(() => catchUp("hello"), some(SPREAD));
      greeted = true;
    });
    // What we missed follows as nudges.
    on("back", up);
    on("beat", (event) => (cursor = event.lastEventId));
    on("nudge", (event) => {
      const { conversation, what } = JSON.parse(event.data);
      cursor = event.lastEventId;
      if (what === "notice") {
        document.dispatchEvent(new CustomEvent("webcare:notice", { detail: { conversation } }));
        if (conversation === webcare.openId()) nudgePane(what); // so that it counts as seen
        return;
      }
      if (!conversation) {
        // Of a colleague, not of a conversation.
        document.dispatchEvent(new CustomEvent("webcare:colleagues"));
        return;
      }
      recent.push(Date.now());
      pending.add(conversation);
      told.delete(conversation); // so that the oldest stands first
      told.set(conversation, Date.now());
      if (told.size > 500) told.delete(told.keys().next().value);
      plan();
      heardOf(conversation);
      // Also for another citizen's, when it is on screen in the same thread.
      const beside = document.querySelector(`#lines [data-of="${Number(conversation)}"]`);
      if (conversation === webcare.openId() || beside) nudgePane(what);
    });
    on("presence", (event) => {
      cursor = event.lastEventId || cursor;
      document.dispatchEvent(new CustomEvent("webcare:presence", { detail: JSON.parse(event.data) }));
    });
    // Other rights: the cursor is of the old ones.
    on("again", () => (cursor = ""));
    on("bye", () => webcare.ended());
    mine.addEventListener("error", () => {
      if (mine !== source) return;
      mine.close();
      down();
      if (ended) return;
      reconnecting = setTimeout(connect, retry / 2 + some(retry));
      retry = Math.min(retry * 2, 30000);
    });
  }

  const streams = (yes) => document.dispatchEvent(new CustomEvent("webcare:stream", { detail: yes }));

  function up(event) {
    connected = true;
    retry = 1000;
    cursor = event.lastEventId || cursor;
    streams(true);
  }

  function down() {
    if (connected) streams(false);
    connected = false;
  }

  function reconnect(what) {
    retry = 1000;
    connect();
    catchUp(what);
  }

  // ------------------------------------------------------------------ the session

  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  let tokenThen;

  const say = webcare.ended;
  webcare.ended = () => {
    if (!ended) tokenThen = token();
    ended = true;
    source?.close();
    down();
    clearTimeout(reconnecting);
    say();
  };
  document.addEventListener("webcare:resumed", () => {
    ended = false;
    cursor = "";
    reconnect("resumed");
  });

  /* Back from the tab where one logged in again: go on by itself. */
  function goOn() {
    if (ended && token() !== tokenThen) {
      tokenThen = token();
      document.querySelector("#ended [data-resume]")?.click();
    }
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    const user = event.detail.xhr?.getResponseHeader?.("X-Webcare-User");
    // Somebody else logged in on this machine in another tab: nothing here may be sent in their name.
    if (user && user !== document.body.dataset.user) location.reload();
  });

  // ------------------------------------------------------------------ tabs, sleep and tunnels

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      hiddenSince = Date.now();
      return;
    }
    const slept = hiddenSince !== null && Date.now() - hiddenSince > 10000;
    hiddenSince = null;
    goOn();
    if (ended) return;
    if (!connected) {
      retry = 1000;
      connect();
    }
    if (planned) {
      clearTimeout(planned);
      planned = undefined;
      plan();
    }
    if (slept) catchUp("awake");
    else if (paneBehind) nudgePane("awake");
    paneBehind = false;
  });
  window.addEventListener("focus", goOn);
  window.addEventListener("online", () => {
    webcare.online(true);
    if (ended) return;
    retry = 1000;
    connect();
    // With a cursor the stream tells what was missed; what failed meanwhile is asked for anew.
    if (!cursor || failed) catchUp("online");
  });
  window.addEventListener("offline", () => webcare.online(false));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && !ended) reconnect("shown");
  });
  window.addEventListener("pagehide", () => source?.close());

  setInterval(() => {
    if (!connected && !ended && !document.hidden) catchUp("poll");
  }, POLL);
  setInterval(() => {
    if (connected && !document.hidden) {
      everything = true;
      plan();
    }
  }, TICK);
  setInterval(() => {
    const now = Date.now();
    // The machine slept with this screen before one's eyes, or the line died without a word.
    const slept = now - looked > SILENT;
    looked = now;
    if (ended || (!slept && now - heard < SILENT)) return;
    retry = 1000;
    connect();
    if (slept) catchUp("awake");
  }, LOOK);

  document.addEventListener("DOMContentLoaded", connect);
})();
