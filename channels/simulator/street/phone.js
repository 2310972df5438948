// One phone, from the JSON of street() to DOM. Nothing here knows a platform by name except for its looks.

import { clockTime, exactTime, h, icon, shortTime } from "./dom.js";
import { citizenOf, itemsOf, person, roomOf, unread, view } from "./view.js";

const SHOWN = 60; // items of a room before "Toon eerdere berichten"
const STATES = { failed: ["fault", "niet afgeleverd"], undelivered: ["fault", "niet afgeleverd"], sent: ["tick", "verstuurd"], delivered: ["ticks", "afgeleverd"], read: ["ticks", "gelezen"] };
const ICONS = { reply: "reply", comment: "reply", message: "reply", dm: "reply", quote: "quote", edit: "edit", delete: "delete" };

const QUIET = new Set(["edit", "delete"]); // an icon will do

const initials = (name) =>
  name.split(/\s+/).filter((part) => /^\p{Lu}/u.test(part)).map((part) => part[0]).slice(0, 2).join("") || name.slice(0, 1) || "?";

function tone(text) {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 6;
  return sum;
}

const avatar = (name, us) =>
  h("span", { class: `avatar ${us ? "us" : `tone-${tone(name)}`}`, "aria-hidden": "true" }, us ? h("img", { src: "/street/crest.svg", alt: "" }) : initials(name));

// Media lives at the simulator's own address; by path it works under every name the page is opened with.
function localPath(url) {
  try {
    const parts = new URL(url, location.href);
    return parts.pathname.startsWith("/media/") ? parts.pathname : parts.href;
  } catch {
    return url;
  }
}

export function renderPhone(phone, now) {
  const { kind } = phone;
  const current = roomOf(phone);
  const tabs = phone.rooms.length > 1;
  return h(
    "article",
    { class: `phone phone-${kind}${view.phone === kind ? " in-view" : ""}`, "data-testid": `phone-${kind}`, "data-key": kind, "data-kind": kind, "aria-labelledby": `title-${kind}` },
    h(
      "div",
      { class: "screen" },
      h("div", { class: "statusbar", "aria-hidden": "true" }, h("span", { class: "status-time" }, clockTime(now)), icon("status", "status-icons")),
      h(
        "header",
        { class: "appbar" },
        icon(kind, "app-icon"),
        h("div", { class: "app-title" }, h("h2", { id: `title-${kind}` }, phone.title), !tabs && h("p", {}, current.title)),
        h("label", { class: "persona", "data-keep": true, "data-key": "persona" }, h("span", { class: "sr" }, `Je speelt op ${phone.title}`), h("select", { "data-persona": kind, "data-testid": `citizen-select-${kind}` })),
      ),
      tabs &&
        h("div", { class: phone.rooms.length > 3 ? "rooms many" : "rooms", role: "tablist", "aria-label": `Onderdelen van ${phone.title}`, "data-key": "rooms" }, phone.rooms.map((room) => renderTab(phone, room, room === current))),
      phone.rooms.map((room) => renderRoom(phone, room, room === current, now, tabs)),
    ),
  );
}

function renderTab(phone, room, selected) {
  const waiting = unread(phone, room).length;
  return h(
    "button",
    {
      type: "button", role: "tab", id: `tab-${phone.kind}-${room.id}`, class: "tab", "data-key": `tab-${room.id}`, "data-room": room.id, "data-testid": `room-${room.id}`,
      "aria-selected": selected ? "true" : "false", "aria-controls": `panel-${phone.kind}-${room.id}`, tabindex: selected ? "0" : "-1",
    },
    h("span", {}, room.title),
    waiting > 0 && !selected && h("span", { class: "dot" }, String(waiting), h("span", { class: "sr" }, " ongelezen")),
  );
}

function renderRoom(phone, room, selected, now, tabs) {
  const { kind } = phone;
  const items = itemsOf(phone, room);
  const place = `${kind}/${room.id}`;
  const cut = !view.all.has(place) && items.length > SHOWN;
  const shown = !cut ? items : room.public ? items.slice(0, SHOWN) : items.slice(-SHOWN);
  const earlier = cut && h("li", { class: "earlier", "data-key": "earlier" }, h("button", { type: "button", class: "link", "data-earlier": place }, `Toon alle ${items.length} berichten`));
  const manual = !view.autoread && unread(phone, room).length > 0;
  return h(
    "section",
    {
      class: `room ${room.public ? "public" : "private"}`, id: `panel-${kind}-${room.id}`, "data-key": `panel-${room.id}`, "data-panel": room.id, "data-testid": `panel-${room.id}`,
      role: tabs ? "tabpanel" : "region", "aria-label": room.title, hidden: !selected,
    },
    h(
      "div",
      { class: "scroll", "data-key": "scroll", tabindex: "0", role: "group", "aria-label": `Berichten, ${room.title}` },
      h(
        "ol",
        { class: "items" },
        !room.public && earlier,
        shown.length === 0 && h("li", { class: "empty", "data-key": "empty" }, room.public ? "Hier is nog niets gezegd." : emptyWords(phone)),
        shown.map((item) => (room.public ? renderPost(phone, item, now, 0) : renderBubble(phone, item, now))),
        room.public && earlier,
      ),
    ),
    manual && h("button", { type: "button", class: "mark-read", "data-key": "read", "data-read": room.id, "data-testid": `read-${kind}-${room.id}` }, icon("ticks"), "Markeer als gelezen"),
    room.composer && renderComposer(phone, room),
  );
}

function emptyWords(phone) {
  const who = person(citizenOf(phone.kind));
  return `${who ? who.name.split(" ")[0] : "Deze inwoner"} heeft hier nog niets gestuurd.`;
}

// -- public: posts with answers under them ------------------------------------------------------------------------

function renderPost(phone, item, now, depth) {
  const replies = [...(item.replies ?? [])].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return h(
    "li",
    { class: `post-item${item.from_us ? " ours" : ""}${item.hidden ? " is-hidden" : ""}`, "data-key": `i-${item.id}`, "data-id": item.id, "data-depth": Math.min(depth, 3) },
    h(
      "div",
      { class: "post-body", "data-testid": `item-${item.id}`, "data-key": "body" },
      avatar(item.name, item.from_us),
      h(
        "div",
        { class: "post-main" },
        h("p", { class: "post-head" }, h("strong", {}, item.name || "Iemand"), item.from_us && h("span", { class: "badge" }, "gemeente"), item.handle && h("span", { class: "handle" }, item.handle.startsWith("@") ? item.handle : `@${item.handle}`), renderTime(item, now)),
        renderContent(item),
        renderFoot(phone, item),
      ),
    ),
    renderBox(phone, item),
    replies.length > 0 && h("ol", { class: "replies", "data-key": "replies" }, replies.map((reply) => renderPost(phone, reply, now, depth + 1))),
  );
}

// -- private: bubbles ---------------------------------------------------------------------------------------------

function renderBubble(phone, item, now) {
  return h(
    "li",
    { class: `bubble-row ${item.from_us ? "theirs" : "mine"}`, "data-key": `i-${item.id}`, "data-id": item.id },
    h(
      "div",
      { class: "bubble", "data-testid": `item-${item.id}`, "data-key": "body" },
      h("p", { class: item.from_us ? "bubble-name" : "sr" }, item.from_us ? item.name : "Jij"),
      renderContent(item),
      h("p", { class: "bubble-meta" }, renderTime(item, now), renderState(item)),
    ),
    renderBubbleFoot(phone, item),
    renderBox(phone, item),
  );
}

// -- parts --------------------------------------------------------------------------------------------------------

function renderTime(item, now) {
  const at = new Date(item.at);
  return h("span", { class: "when" }, h("time", { datetime: item.at, title: exactTime(at) }, shortTime(at, now)), item.edited && !item.deleted && h("span", { class: "edited" }, " · bewerkt"));
}

function renderState(item) {
  const known = STATES[item.state];
  return known && h("span", { class: `state state-${item.state}`, "data-testid": `state-${item.id}` }, known[1], icon(known[0]));
}

function renderContent(item) {
  if (item.deleted) return h("p", { class: "gone" }, "Dit bericht is verwijderd.");
  return [
    item.hidden && h("p", { class: "gone" }, "Verborgen door de gemeente; alleen de schrijver ziet dit nog."),
    item.text && h("p", { class: "text" }, linked(item.text)),
    item.quote && h("blockquote", { class: "quoted" }, h("strong", {}, item.quote.name), h("span", {}, item.quote.text)),
    (item.photos ?? []).length > 0 &&
      h("div", { class: `photos n${Math.min(item.photos.length, 4)}` }, item.photos.map((url, index) => h("a", { href: localPath(url), target: "_blank", rel: "noopener" }, h("img", { src: localPath(url), alt: `Foto ${index + 1} van ${item.name}` })))),
    item.reactions && h("p", { class: "given", "data-testid": `reactions-${item.id}` }, h("span", { class: "sr" }, "Reacties: "), item.reactions),
    item.location && h("p", { class: "location" }, icon("place"), h("span", {}, item.location.label || "Locatie", h("small", {}, `${Number(item.location.latitude).toFixed(4)}, ${Number(item.location.longitude).toFixed(4)}`))),
  ];
}

// Mentions, hashtags and links stand out; nothing is clickable that leaves the street.
const linked = (text) => text.split(/([@#][\p{L}\p{N}_]{2,}|https?:\/\/[^\s]+)/gu).map((part, index) => (index % 2 ? h("span", { class: "tag" }, part) : part));

// What may be done with an item now: edit and delete are for who wrote it, reading goes by itself.
export function actionsOf(kind, item) {
  const mine = citizenOf(kind) === item.citizen && !item.from_us;
  return (item.actions ?? []).filter((one) => (mine || !QUIET.has(one.action)) && !(one.action === "read" && view.autoread));
}

function renderAction(phone, item, one, index, small) {
  const name = ICONS[one.action];
  const opened = view.open.get(`${phone.kind}/${item.id}`)?.index === index;
  return h(
    "button",
    {
      type: "button", class: small ? "act small" : "act", title: small ? one.label : null, "data-act": index, "data-key": `a-${index}`,
      "data-testid": `action-${one.action}-${item.id}`, "aria-expanded": one.asks ? String(opened) : null,
    },
    name && icon(name),
    small ? h("span", { class: "sr" }, one.label) : one.label,
  );
}

function renderFoot(phone, item) {
  const actions = actionsOf(phone.kind, item);
  const state = renderState(item);
  if (item.deleted || (actions.length === 0 && !state)) return null;
  return h("div", { class: "foot", "data-key": "foot" }, actions.map((one, index) => renderAction(phone, item, one, index, QUIET.has(one.action))), state);
}

// Beside a bubble only icons; what has no icon is an answer to choose (a button of ours) and stands under it.
function renderBubbleFoot(phone, item) {
  const actions = actionsOf(phone.kind, item).map((one, index) => [one, index]);
  if (item.deleted || actions.length === 0) return null;
  const [small, wide] = [actions.filter(([one]) => ICONS[one.action]), actions.filter(([one]) => !ICONS[one.action])];
  return [
    small.length > 0 && h("div", { class: "foot", "data-key": "foot" }, small.map(([one, index]) => renderAction(phone, item, one, index, true))),
    wide.length > 0 && h("div", { class: "choices", "data-key": "choices" }, wide.map(([one, index]) => renderAction(phone, item, one, index, false))),
  ];
}

function renderBox(phone, item) {
  const opened = view.open.get(`${phone.kind}/${item.id}`);
  if (!opened || item.deleted) return null;
  const { action, label, data } = opened.chosen;
  return composer({
    kind: phone.kind, action, data, key: `${action}-${item.id}`, label: `${label}: ${item.name}`, placeholder: label,
    value: action === "edit" ? item.text : "", photo: !["edit", "quote"].includes(action), button: action === "edit" ? "Opslaan" : "Plaatsen", extra: { "data-box": item.id, class: "composer box" },
    testid: `${action}-${item.id}`, cancel: true,
  });
}

function renderComposer(phone, room) {
  const { action, placeholder, photo, data } = room.composer;
  return composer({
    kind: phone.kind, action, data, key: `room-${room.id}`, label: placeholder || "Bericht", placeholder, photo, extras: room.actions ?? [], button: room.public ? "Plaatsen" : "Versturen",
    extra: { class: "composer", "data-enter": room.public ? null : true, "data-ideas": room.public ? "public" : "private" }, testid: `${phone.kind}-${room.id}`, round: !room.public,
  });
}

function composer({ kind, action, data, key, label, placeholder, value = "", photo, extras = [], button, extra, testid, cancel, round }) {
  const name = `box-${kind}-${key}`;
  return h(
    "form",
    { ...extra, "data-key": name, "data-keep": true, "data-action": action, "data-data": JSON.stringify(data ?? {}), novalidate: true, "aria-label": label },
    h("div", { class: "chips", "data-chips": true, hidden: true }),
    h("label", { class: "sr", for: name }, label),
    h("textarea", { id: name, rows: cancel ? 2 : 1, placeholder: placeholder || "Typ een bericht", "data-testid": `composer-${testid}` }, value),
    h(
      "div",
      { class: "tools" },
      photo && photoMenu(testid),
      extras.length > 0 && extrasMenu(extras, kind),
      extra["data-ideas"] && h("button", { type: "button", class: "tool", "data-idea": true, "aria-label": "Voorbeeldtekst invullen", title: "Voorbeeldtekst" }, icon("idea")),
      h("span", { class: "grow" }),
      cancel && h("button", { type: "button", class: "quiet", "data-cancel": true }, "Annuleren"),
      h("button", { type: "submit", class: round ? "send round" : "send", "data-testid": `send-${testid}` }, round ? [icon("send"), h("span", { class: "sr" }, button)] : button),
    ),
    h("p", { class: "error", role: "alert", hidden: true }),
  );
}

function photoMenu(testid) {
  return h(
    "details",
    { class: "menu up" },
    h("summary", { class: "tool", title: "Foto meesturen", "data-testid": `photo-${testid}` }, icon("photo"), h("span", { class: "sr" }, "Foto meesturen")),
    h(
      "div",
      { class: "sheet" },
      view.data.samples.map((one) => h("button", { type: "button", "data-sample": one.name, "data-testid": `sample-${one.name}-${testid}` }, h("img", { src: one.url, alt: "", width: 44, height: 33, loading: "lazy" }), one.label)),
      h("label", { class: "own-photo" }, "Eigen foto kiezen …", h("input", { type: "file", accept: "image/jpeg,image/png,image/gif,image/webp", "data-file": true })),
    ),
  );
}

function extrasMenu(extras, kind) {
  return h(
    "details",
    { class: "menu up" },
    h("summary", { class: "tool", title: "Meer sturen", "data-testid": `extras-${kind}` }, icon("more"), h("span", { class: "sr" }, "Meer sturen")),
    h("div", { class: "sheet" }, extras.map((one) => h("button", { type: "button", "data-extra": JSON.stringify(one), "data-testid": `extra-${one.action}-${kind}` }, one.label))),
  );
}
