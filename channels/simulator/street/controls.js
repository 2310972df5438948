// Around the phones: who is played, the town's clock, the drawer with faults.

import { call, Refused } from "./api.js";
import { clockTime, exactTime, h, morph, shortMoment } from "./dom.js";
import { remember, view } from "./view.js";

const find = (id) => document.getElementById(id);
const FAULTS = [
  ["Het platform antwoordt slecht", [
    ["rate_limit", "Te veel verzoeken (429)", "Het platform weigert en zegt hoe lang we moeten wachten."],
    ["server_error", "Platform is stuk (5xx)", "Het platform antwoordt met een fout van zichzelf."],
    ["token", "Toegang verlopen", "Het platform kent onze sleutel niet meer."],
    ["slow", "Traag", "Elk verzoek wacht zoveel seconden en slaagt dan."],
    ["timeout_after", "Doet het, maar antwoordt niet", "Het antwoord is geplaatst, maar de inbox hoort er niets van."],
  ]],
  ["Berichten komen raar binnen", [
    ["duplicate", "Dubbel bezorgd", "Elk bericht komt twee keer bij de inbox aan."],
    ["reverse", "Omgekeerde volgorde", "Zoveel berichten worden vastgehouden en dan andersom bezorgd."],
    ["batch", "Samen in één bezorging", "Zoveel berichten worden vastgehouden en komen in één keer."],
    ["delay", "Te laat bezorgd", "Elk bericht komt zoveel seconden later."],
    ["drop", "Niet bezorgd", "De bezorging valt weg; de inbox moet het bericht zelf ophalen."],
    ["bad_signature", "Verkeerde handtekening", "Het bericht is ondertekend met een ander geheim dan de inbox kent."],
    ["webhook_invalid", "Webhook afgekeurd", "Het platform belt de inbox niet meer, tot de aansluiting is hersteld."],
  ]],
  ["Een kanaal aansluiten gaat mis", [
    ["wrong_state", "Verkeerde terugkeer", "Na het inloggen komt de beheerder terug met een andere code dan waarmee die wegging."],
    ["fewer_permissions", "Een toestemming te weinig", "Het platform geeft één gevraagde toestemming niet."],
    ["wrong_verify_token", "Verkeerd verificatietoken", "Het platform controleert het adres met een ander token."],
  ]],
];
const WEBHOOK = FAULTS.slice(1).flatMap(([, list]) => list.map(([name]) => name));
const SECONDS = { slow: 3, timeout_after: 30, delay: 5, reverse: 30, batch: 30 };
const words = new Map(FAULTS.flatMap(([, list]) => list).map(([name, label, text]) => [name, { label, text }]));

// -- the clock ----------------------------------------------------------------------------------------------------

let base = { town: Date.now(), seen: performance.now() };

const narrow = matchMedia("(max-width: 1240px)");

export const townNow = () => new Date(base.town + performance.now() - base.seen);

export function setClock(data) {
  base = { town: Date.parse(data.now), seen: performance.now() };
  find("shifted").hidden = Math.abs(data.clock.offset) < 1;
  tick();
}

export function tick() {
  const now = townNow();
  const clock = find("clock");
  clock.dateTime = now.toISOString();
  const text = narrow.matches ? shortMoment(now) : exactTime(now);
  if (clock.textContent !== text) clock.textContent = text;
  for (const small of document.querySelectorAll(".status-time")) {
    if (small.textContent !== clockTime(now)) small.textContent = clockTime(now);
  }
}

// -- who is played ------------------------------------------------------------------------------------------------

function fill(select, chosen, first) {
  const wanted = [...(first ? [h("option", { value: "" }, first)] : []), ...view.data.citizens.map((one) => h("option", { value: one.key }, one.name))];
  if (select.options.length !== wanted.length) select.replaceChildren(...wanted);
  if (select.value !== chosen) select.value = chosen;
}

export function showCitizens() {
  const kinds = view.data.phones.map((phone) => phone.kind);
  const mixed = kinds.some((kind) => view.own[kind] && view.own[kind] !== view.citizen);
  const select = find("citizen");
  if (mixed !== (select.options[0]?.value === "")) select.replaceChildren();
  fill(select, mixed ? "" : view.citizen, mixed ? "Per telefoon" : "");
  for (const one of document.querySelectorAll("[data-persona]")) fill(one, view.own[one.dataset.persona] || view.citizen, "");
  find("autoread").checked = view.autoread;
}

// -- post and faults ----------------------------------------------------------------------------------------------

const messages = (count) => (count === 1 ? "1 bericht" : `${count} berichten`);

export function showPost(post) {
  const line = find("post");
  let text = "";
  if (!post.reachable) text = `De inbox is niet bereikbaar. ${post.waiting === 1 ? "1 bericht wacht" : `${post.waiting} berichten wachten`}; er gaat niets verloren.`;
  else if (post.undelivered) text = `${messages(post.undelivered)} nog niet bezorgd; wordt opnieuw geprobeerd.`;
  else if (post.held) text = `${messages(post.held)} vastgehouden door een storing.`;
  line.hidden = text === "";
  line.classList.toggle("bad", !post.reachable || post.undelivered > 0);
  if (line.textContent !== text) line.textContent = text;
}

export function showFaults(faults) {
  const total = find("fault-total");
  total.hidden = faults.length === 0;
  total.textContent = String(faults.length);
  total.setAttribute("aria-label", `${faults.length} aan`);
  const titles = new Map(view.data.phones.map((phone) => [phone.kind, phone.title]));
  const list = h(
    "ul",
    { id: "fault-list", class: "fault-list", "data-testid": "fault-list" },
    faults.length === 0 && h("li", { class: "hint", "data-key": "none" }, "Alles werkt."),
    faults.map((one) =>
      h(
        "li",
        { "data-key": `f-${one.id}`, "data-testid": `fault-${one.fault}` },
        h("span", {}, h("strong", {}, words.get(one.fault)?.label ?? one.fault), h("small", {}, `${titles.get(one.kind) ?? "alle platforms"} · ${one.left === null ? "tot je uitzet" : `nog ${one.left}×`}${one.used ? ` · ${one.used}× gebeurd` : ""}`)),
        h("button", { type: "button", class: "link", "data-off": one.id, "aria-label": `${words.get(one.fault)?.label ?? one.fault} uitzetten` }, "Uit"),
      ),
    ),
  );
  morph(find("fault-list"), list);
  const kind = find("fault-form").elements.kind;
  if (kind.options.length === 0) {
    kind.append(h("option", { value: "*" }, "Alle platforms"), ...view.data.phones.map((phone) => h("option", { value: phone.kind }, phone.title)));
  }
}

function explain() {
  const { fault, count, seconds } = find("fault-form").elements;
  find("fault-explained").textContent = words.get(fault.value).text;
  find("fault-operation-row").hidden = WEBHOOK.includes(fault.value);
  seconds.value = SECONDS[fault.value] ?? "";
  seconds.closest("label").hidden = !(fault.value in SECONDS);
  const holds = fault.value === "reverse" || fault.value === "batch";
  count.min = holds ? "2" : "0";
  if (holds && Number(count.value) < 2) count.value = "3";
}

function drawer(open) {
  const aside = find("faults");
  aside.hidden = !open;
  find("fault-open").setAttribute("aria-expanded", String(open));
  document.body.classList.toggle("with-drawer", open);
  (open ? find("fault-form").elements.kind : find("fault-open")).focus();
}

async function attempt(line, doing, refresh) {
  try {
    await doing();
    line.hidden = true;
    refresh();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    line.textContent = error.message;
    line.hidden = false;
  }
}

// -- listening ----------------------------------------------------------------------------------------------------

export function listen(redraw, refresh) {
  find("citizen").addEventListener("change", (event) => {
    if (!event.target.value) return;
    view.citizen = event.target.value;
    view.own = {};
    remember();
    redraw();
  });
  find("phones").addEventListener("change", (event) => {
    const kind = event.target.dataset.persona;
    if (!kind) return;
    view.own[kind] = event.target.value;
    remember();
    redraw();
  });
  find("autoread").addEventListener("change", (event) => {
    view.autoread = event.target.checked;
    remember();
    redraw();
  });
  find("clock-menu").addEventListener("click", (event) => {
    const order = event.target.closest("[data-clock]")?.dataset.clock;
    if (!order) return;
    attempt(find("clock-error"), async () => {
      await call("POST", "/street/clock", JSON.parse(order));
      find("clock-menu").open = false;
    }, refresh);
  });

  const form = find("fault-form");
  form.elements.fault.append(...FAULTS.map(([label, list]) => h("optgroup", { label }, list.map(([name, text]) => h("option", { value: name }, text)))));
  form.elements.fault.addEventListener("change", explain);
  explain();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { kind, fault, count, seconds, operation } = form.elements;
    const order = { kind: kind.value, fault: fault.value, count: Number(count.value), operation: WEBHOOK.includes(fault.value) ? "" : operation.value };
    if (seconds.value !== "" && fault.value in SECONDS) order.seconds = Number(seconds.value);
    attempt(find("fault-error"), () => call("POST", "/faults", order), refresh);
  });
  find("fault-open").addEventListener("click", () => drawer(find("faults").hidden));
  find("fault-close").addEventListener("click", () => drawer(false));
  find("fault-clear").addEventListener("click", () => attempt(find("fault-error"), () => call("DELETE", "/faults"), refresh));
  find("fault-list").addEventListener("click", (event) => {
    const off = event.target.closest("[data-off]")?.dataset.off;
    if (off) attempt(find("fault-error"), () => call("DELETE", `/faults?id=${off}`), refresh);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (!find("faults").hidden) {
      drawer(false);
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
}
