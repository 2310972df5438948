// Building DOM, and changing what is on screen into what it should be without losing focus, scroll or typed text.

export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

export function icon(name, extra = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/street/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset?.key : undefined);

function syncAttributes(live, fresh) {
  for (const { name } of [...live.attributes]) {
    // "open" belongs to the person, not to the server.
    if (!fresh.hasAttribute(name) && name !== "open") live.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (live.getAttribute(name) !== value) live.setAttribute(name, value);
  }
}

// Makes `live` equal to `fresh`, moving as few nodes as possible. Children are matched by data-key, else by place
// and tag. A node with data-keep is made once and then left alone: composers live there.
export function morph(live, fresh) {
  syncAttributes(live, fresh);
  if (fresh.hasAttribute("data-keep")) return;
  const keyed = new Map([...live.childNodes].filter(keyOf).map((node) => [keyOf(node), node]));
  let place = live.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    let found = null;
    if (key !== undefined) found = keyed.get(key) ?? null;
    else if (place && keyOf(place) === undefined && place.nodeName === wanted.nodeName) found = place;
    if (found && found.nodeName !== wanted.nodeName) found = null;
    if (!found) {
      live.insertBefore(wanted, place);
      continue;
    }
    // Stepping over, rather than moving, what holds the focus: a moved node loses it.
    while (place && place !== found && keyOf(place) !== undefined && !hasKey(fresh, keyOf(place))) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
    if (found === place) place = place.nextSibling;
    else live.insertBefore(found, place);
    if (found.nodeType === Node.TEXT_NODE) {
      if (found.data !== wanted.data) found.data = wanted.data;
    } else if (!found.isEqualNode(wanted)) {
      morph(found, wanted);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

const hasKey = (parent, key) => [...parent.childNodes].some((node) => keyOf(node) === key);

const ZONE = "Europe/Amsterdam";
const timeFormat = new Intl.DateTimeFormat("nl-NL", { hour: "2-digit", minute: "2-digit", timeZone: ZONE });
const dayFormat = new Intl.DateTimeFormat("nl-NL", { weekday: "short", day: "numeric", month: "short", timeZone: ZONE });
const longFormat = new Intl.DateTimeFormat("nl-NL", { weekday: "long", day: "numeric", month: "long", timeZone: ZONE });

export const clockTime = (moment) => timeFormat.format(moment);
export const shortMoment = (moment) => `${dayFormat.format(moment)} ${timeFormat.format(moment)}`;
export const exactTime = (moment) => `${longFormat.format(moment)} ${timeFormat.format(moment)}`;

// "14:05" today, "vr 20 nov 14:05" on another day.
export function shortTime(moment, now) {
  const day = dayFormat.format(moment);
  return day === dayFormat.format(now) ? timeFormat.format(moment) : `${day} ${timeFormat.format(moment)}`;
}
