// What this browser tab looks at: who is played on which phone, which room is open, what is being answered.

const STORE = "straat";

export const view = {
  data: null, // the last answer of /street/state
  citizen: "", // played on every phone, unless chosen per phone
  own: {}, // kind -> citizen, where a phone has its own
  room: {}, // kind -> room id
  phone: "", // the phone in view on a narrow screen
  autoread: true,
  open: new Map(), // "kind/item" -> action whose box is open under that item
  all: new Set(), // "kind/room" shown from the beginning
  toEnd: new Set(), // kinds whose conversation goes to its end at the next drawing
};

export function remember() {
  const { citizen, own, room, phone, autoread } = view;
  // Per tab, so that two tabs can be two citizens.
  sessionStorage.setItem(STORE, JSON.stringify({ citizen, own, room, phone, autoread }));
}

export function recall() {
  try {
    Object.assign(view, JSON.parse(sessionStorage.getItem(STORE) ?? "{}"));
  } catch {
    sessionStorage.removeItem(STORE);
  }
}

export function citizenOf(kind) {
  return view.own[kind] || view.citizen;
}

export function person(key) {
  return view.data.citizens.find((one) => one.key === key);
}

export function phoneOf(kind) {
  return view.data.phones.find((one) => one.kind === kind);
}

export function roomOf(phone) {
  return phone.rooms.find((room) => room.id === view.room[phone.kind]) ?? phone.rooms[0];
}

// A private room shows one citizen's conversation; a public one shows everything.
export function itemsOf(phone, room) {
  const mine = citizenOf(phone.kind);
  const items = room.public ? [...room.items] : room.items.filter((item) => item.citizen === mine);
  const order = room.public ? -1 : 1;
  return items.sort((a, b) => order * (Date.parse(a.at) - Date.parse(b.at)));
}

export function unread(phone, room) {
  if (room.public) return [];
  return itemsOf(phone, room).filter((item) => item.from_us && !item.deleted && item.state !== "read");
}

export function findItem(items, id) {
  for (const item of items) {
    if (String(item.id) === id) return item;
    const below = findItem(item.replies ?? [], id);
    if (below) return below;
  }
  return null;
}

// Something to say for who demonstrates and does not want to think.
export const IDEAS = {
  public: [
    "Wanneer wordt het restafval in de Molenstraat opgehaald? De containers staan al sinds maandag vol.",
    "De straatverlichting op de Kade doet het niet. Best donker voor de kinderen die naar voetbal fietsen.",
    "Is het zwembad zaterdag open? Op de site staat niets.",
    "Mooi dat de nieuwe speeltuin er is. Komt er ook nog schaduw?",
  ],
  private: [
    "Goedemiddag, ik wil een paspoort aanvragen. Heb ik daar een afspraak voor nodig?",
    "Er ligt een stoeptegel los voor Molenstraat 12. Mijn moeder is er bijna over gevallen.",
    "Kan ik mijn parkeervergunning online overzetten op een andere auto?",
    "Ik heb een brief over de afvalstoffenheffing gekregen, maar ik snap het bedrag niet.",
  ],
};
