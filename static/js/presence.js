/* Who else is here. This tab tells where it is and whether one writes, only while it is in sight; what colleagues tell
   comes over the live stream (ids; their names are asked for once), and stands above the composer and in the rows. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const BEAT = 4000; // ms between two signs of life; after ten seconds of silence a tab is gone
  const STILL = 6000; // ms after a key in which one still writes
  const LOST = 5000; // ms without a stream after which nobody is known here, nor are we there
  const STATES = ["answering", "noting", "looking"]; // the one that matters most first
  const ICONS = { answering: "reply", noting: "note", looking: "show" };

  webcare.tab = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // ------------------------------------------------------------------ what this tab tells

  let wrote = { at: 0, pane: "", state: "" };
  let told = { at: 0, pane: "", state: "", pass: "" };
  let streaming = false;

  function where() {
    const { pane, pass } = $("#pane")?.dataset ?? {};
    if (!pass || !streaming || document.hidden) return { pane: "", state: "", pass: told.pass };
    const writing = wrote.pane === pane && Date.now() - wrote.at < STILL;
    return { pane, state: writing ? wrote.state : "looking", pass };
  }

  function tell() {
    const here = where();
    const same = here.pane === told.pane && here.state === told.state;
    if (same && (!here.state || Date.now() - told.at < BEAT)) return;
    told = { ...here, at: Date.now() };
    const address = document.body.dataset.live;
    if (!address || !here.pass) return;
    fetch(`${address}/presence`, {
      method: "POST",
      body: JSON.stringify({ pass: here.pass, tab: webcare.tab, state: here.state }),
      credentials: "omit",
      keepalive: true, // also while the page is left
    }).catch(() => {});
  }

  document.addEventListener("input", (event) => {
    const state = { "reply-text": "answering", "note-text": "noting" }[event.target.id];
    if (!state) return;
    // An empty box: one stopped.
    wrote = { at: event.target.value ? Date.now() : 0, pane: $("#pane")?.dataset.pane, state };
    tell();
  });
  document.addEventListener("composer-sent", () => (wrote.at = 0));
  document.addEventListener("visibilitychange", tell);
  window.addEventListener("pagehide", () => {
    const pane = $("#pane");
    if (pane) delete pane.dataset.pass;
    tell();
  });
  setInterval(tell, 1000);

  // ------------------------------------------------------------------ what colleagues tell

  const company = new Map(); // conversation -> {colleague: state}
  let names = {};
  let asked = 0;
  let lost;

  document.addEventListener("webcare:presence", (event) => {
    for (const [conversation, people] of Object.entries(event.detail)) {
      if (Object.keys(people).length) company.set(conversation, people);
      else company.delete(conversation);
    }
    paint();
    learn();
  });

  /* A new stream tells of everybody anew, a lost one of nobody any more. */
  document.addEventListener("webcare:stream", (event) => {
    clearTimeout(lost);
    if (event.detail) {
      streaming = true;
      company.clear();
      told.at = 0; // a broken stream may have taken this tab along
      tell();
      setTimeout(paint, 50); // who is there follows at once
    } else {
      lost = setTimeout(() => {
        streaming = false;
        tell();
        company.clear();
        paint();
      }, LOST);
    }
  });

  async function learn() {
    const ids = [...company.values()].flatMap((people) => Object.keys(people));
    if (ids.every((id) => id in names) || Date.now() - asked < 30000) return;
    asked = Date.now();
    const answer = await webcare.get("/colleagues/");
    if (!answer) return;
    names = await answer.json();
    paint();
  }

  const join = (people) => new Intl.ListFormat(document.documentElement.lang).format(people.map((id) => names[id].short));

  /* [[state, ids, sentence]], what matters most first. */
  function sentences(conversation) {
    const people = company.get(String(conversation)) ?? {};
    const known = Object.keys(people).filter((id) => id in names);
    known.sort((one, other) => names[one].short.localeCompare(names[other].short));
    const words = $("#words")?.dataset ?? {};
    return STATES.map((state) => [state, known.filter((id) => people[id] === state)])
      .filter(([, ids]) => ids.length)
      .map(([state, ids]) => [state, ids, words[`${state}${ids.length > 1 ? "Many" : "One"}`].replace("{}", join(ids))]);
  }

  function node(name, classes, text = "") {
    const made = document.createElement(name);
    made.className = classes;
    made.textContent = text;
    return made;
  }

  function icon(name) {
    const made = $("#words").content.querySelector(`[data-icon=${name}] svg`);
    return made.cloneNode(true);
  }

  function mini(id) {
    const made = node("span", "mini", names[id].initials);
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  // ------------------------------------------------------------------ above the composer

  let announced = { pane: "", people: new Set() };

  function paintPane() {
    const line = $("#company");
    if (!line) return;
    const pane = $("#pane").dataset.pane;
    const here = sentences(pane);
    const text = JSON.stringify(here);
    if (line.dataset.shown !== text) {
      line.dataset.shown = text;
      line.hidden = !here.length;
      line.classList.toggle("answering", here[0]?.[0] === "answering");
      line.replaceChildren(
        ...here.map(([state, ids, sentence]) => {
          const part = node("span", "part");
          part.append(icon(ICONS[state]), node("span", "", sentence));
          return part;
        }),
      );
    }
    // Told once of each who begins to write, not at every pause of theirs.
    if (announced.pane !== pane) announced = { pane, people: new Set() };
    const [state, ids, sentence] = here[0] ?? [];
    if (state === "answering" && ids.some((id) => !announced.people.has(id))) {
      if (webcare.say(sentence)) for (const id of ids) announced.people.add(id);
      else setTimeout(paintPane, BEAT);
    }
  }

  // ------------------------------------------------------------------ in the rows

  function paintRows() {
    for (const old of document.querySelectorAll(".row .faces")) {
      if (!company.has(old.closest(".row").dataset.id)) old.remove();
    }
    for (const conversation of company.keys()) {
      const place = $(`#row-${conversation} .middle`);
      if (!place) continue;
      const here = sentences(conversation);
      const text = JSON.stringify(here);
      const old = $(".faces", place);
      if (old?.dataset.shown === text) continue;
      old?.remove();
      if (!here.length) continue;
      const ids = here.flatMap(([, each]) => each);
      const faces = node("span", "faces");
      faces.dataset.shown = text;
      faces.dataset.tip = here.map(([, , sentence]) => sentence).join(", ");
      faces.append(icon(ICONS[here[0][0]]), ...ids.slice(0, 2).map(mini));
      if (ids.length > 2) faces.append(node("span", "", `+${ids.length - 2}`));
      faces.append(node("span", "hidden", ` ${faces.dataset.tip}`));
      place.append(faces);
    }
  }

  function paint() {
    paintPane();
    paintRows();
  }

  // The rows are drawn anew without them.
  const refresh = webcare.refresh;
  webcare.refresh = async (...given) => {
    await refresh(...given);
    paintRows();
  };
  document.addEventListener("htmx:afterSwap", () => {
    tell();
    paint();
  });
})();
