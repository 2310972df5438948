// De straat: three phones that follow the simulator's state. Drawing is one function of the state and the view.

import { call, follow } from "./api.js";
import * as compose from "./compose.js";
import * as controls from "./controls.js";
import { h, icon, morph } from "./dom.js";
import { renderPhone } from "./phone.js";
import { citizenOf, phoneOf, recall, remember, roomOf, unread, view } from "./view.js";

const phones = document.getElementById("phones");
const READ_AFTER = 1500; // long enough to see "afgeleverd" pass by
let known = null; // ids of our items that were announced
let refreshing = null;
let again = false;

// -- drawing ------------------------------------------------------------------------------------------------------

function redraw() {
  if (!view.data) return;
  const { data } = view;
  if (!data.citizens.some((one) => one.key === view.citizen)) view.citizen = data.citizens[0].key;
  if (!phoneOf(view.phone)) view.phone = data.phones[0].kind;
  const ends = atEnd();
  const now = controls.townNow();
  morph(phones, h("main", { id: "phones", class: "phones", tabindex: "-1", "aria-label": "Telefoons" }, data.phones.map((phone) => renderPhone(phone, now))));
  morph(document.getElementById("switch"), h("div", { class: "switch", role: "tablist", "aria-label": "Telefoon", id: "switch" }, data.phones.map(switchTab)));
  controls.showCitizens();
  keepEnd(ends);
  readSoon();
}

function switchTab(phone) {
  const selected = view.phone === phone.kind;
  const waiting = phone.rooms.reduce((sum, room) => sum + unread(phone, room).length, 0);
  return h(
    "button",
    { type: "button", role: "tab", "data-key": phone.kind, "data-phone": phone.kind, "data-testid": `switch-${phone.kind}`, "aria-selected": String(selected), tabindex: selected ? "0" : "-1" },
    icon(phone.kind), h("span", {}, phone.title), waiting > 0 && !selected && h("span", { class: "dot" }, String(waiting), h("span", { class: "sr" }, " ongelezen")),
  );
}

// A conversation that stood at its end goes on standing there when something comes in.
const drawn = new Map(); // scroll -> citizen whose conversation it shows
const atBottom = (scroll) => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;

function atEnd() {
  const ends = new Set();
  for (const scroll of drawn.keys()) {
    if (atBottom(scroll)) ends.add(scroll);
  }
  return ends;
}

function keepEnd(ends) {
  for (const scroll of phones.querySelectorAll(".room.private .scroll")) {
    const { kind } = scroll.closest("[data-kind]").dataset;
    if (ends.has(scroll) || drawn.get(scroll) !== citizenOf(kind) || view.toEnd.has(kind)) scroll.scrollTop = scroll.scrollHeight;
    drawn.set(scroll, citizenOf(kind));
    if (atBottom(scroll)) stuck.add(scroll);
  }
}

// A photo grows when it has loaded; who was at the end stays there.
const stuck = new WeakSet();
phones.addEventListener("scroll", ({ target: scroll }) => (atBottom(scroll) ? stuck.add(scroll) : stuck.delete(scroll)), true);
phones.addEventListener(
  "load",
  ({ target }) => {
    const scroll = target.closest(".room.private .scroll");
    if (scroll && stuck.has(scroll)) scroll.scrollTop = scroll.scrollHeight;
  },
  true,
);

// -- state --------------------------------------------------------------------------------------------------------

async function fetchState() {
  const data = await call("GET", "/street/state");
  view.data = data;
  controls.setClock(data);
  const inbox = document.getElementById("inbox");
  if (inbox.href !== data.inbox) inbox.href = data.inbox;
  redraw();
  controls.showFaults(data.faults);
  controls.showPost(data.post);
  announce(data);
}

// One request at a time; what changes meanwhile is one more.
function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = fetchState()
    .then(() => offline(false))
    .catch((error) => {
      offline(true);
      console.warn(error);
    })
    .finally(() => {
      refreshing = null;
      view.toEnd.clear();
      if (again) {
        again = false;
        refresh();
      }
    });
}

function offline(yes) {
  document.getElementById("offline").hidden = !yes;
}

function ours(items, found) {
  for (const item of items) {
    if (item.from_us) found.push(item);
    ours(item.replies ?? [], found);
  }
  return found;
}

function announce(data) {
  const found = data.phones.flatMap((phone) => phone.rooms.flatMap((room) => ours(room.items, []).map((item) => ({ phone, item }))));
  const fresh = known === null ? [] : found.filter(({ phone, item }) => !known.has(`${phone.kind}/${item.id}`));
  known = new Set(found.map(({ phone, item }) => `${phone.kind}/${item.id}`));
  if (fresh.length) document.getElementById("announce").textContent = fresh.map(({ phone, item }) => `Nieuw op ${phone.title}, van ${item.name}: ${item.text}`).join(" ");
}

// -- reading ------------------------------------------------------------------------------------------------------

const readers = new Map(); // "kind/room/citizen" -> {timer, seen}

function visible(panel) {
  return document.visibilityState === "visible" && panel && panel.getClientRects().length > 0;
}

function readSoon() {
  if (!view.autoread) return;
  for (const phone of view.data.phones) {
    const room = roomOf(phone);
    const waiting = unread(phone, room).filter((item) => item.state === "sent" || item.state === "delivered");
    if (waiting.length === 0 || !visible(document.getElementById(`panel-${phone.kind}-${room.id}`))) continue;
    const key = `${phone.kind}/${room.id}/${waiting[0].citizen}`;
    const ids = waiting.map((item) => `${item.id}:${item.state}`).join();
    const reader = readers.get(key) ?? { timer: null, seen: "" };
    // The same messages are tried once: a platform that keeps them unread is not asked for ever.
    if (reader.timer !== null || reader.seen === ids) continue;
    reader.timer = setTimeout(() => {
      Object.assign(reader, { timer: null, seen: ids });
      const panel = document.getElementById(`panel-${phone.kind}-${room.id}`);
      if (!view.autoread || !visible(panel)) {
        reader.seen = "";
        return;
      }
      read(phone.kind, room, waiting[0].citizen);
    }, READ_AFTER);
    readers.set(key, reader);
  }
}

function read(kind, room, citizen) {
  return call("POST", `/street/${kind}/read`, { ...(room.composer?.data ?? {}), citizen }).then(refresh, (error) => console.warn(error.message));
}

// -- listening ----------------------------------------------------------------------------------------------------

function choose(kind, room) {
  view.room[kind] = room;
  remember();
  redraw();
  const panel = document.getElementById(`panel-${kind}-${room}`);
  if (panel.classList.contains("private")) panel.querySelector(".scroll").scrollTop = panel.querySelector(".scroll").scrollHeight;
}

function showPhone(kind) {
  view.phone = kind;
  remember();
  redraw();
  for (const scroll of phones.querySelectorAll(`.phone-${kind} .room.private .scroll`)) scroll.scrollTop = scroll.scrollHeight;
}

phones.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { kind } = button.closest("[data-kind]").dataset;
  if (button.dataset.room) choose(kind, button.dataset.room);
  if (button.dataset.earlier) {
    view.all.add(button.dataset.earlier);
    redraw();
  }
  if (button.dataset.read) {
    const phone = phoneOf(kind);
    read(kind, roomOf(phone), unread(phone, roomOf(phone))[0]?.citizen);
  }
});

// Arrow keys walk through tabs, as everywhere.
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.('[role="tab"]');
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.parentElement.querySelectorAll('[role="tab"]')];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  event.preventDefault();
  next.click();
  next.focus();
});

document.getElementById("switch").addEventListener("click", (event) => {
  const kind = event.target.closest("[data-phone]")?.dataset.phone;
  if (kind) showPhone(kind);
});

document.addEventListener("visibilitychange", () => view.data && readSoon());

recall();
controls.listen(redraw, refresh);
compose.listen(phones, redraw, refresh);
setInterval(controls.tick, 1000);
follow(refresh, (connected) => connected && offline(false));
