// Writing: sending text and photos, the menus beside the box, errors that leave the typed text alone.

import { call, readFile, Refused } from "./api.js";
import { h } from "./dom.js";
import { actionsOf } from "./phone.js";
import { citizenOf, findItem, IDEAS, phoneOf, view } from "./view.js";

const MAX_PHOTO = 8 * 1024 * 1024;
const photos = new WeakMap(); // form -> {content, content_type, name}
const busy = new WeakSet(); // forms on their way
let idea = 0;

const kindOf = (node) => node.closest("[data-kind]").dataset.kind;

export function play(kind, action, data) {
  return call("POST", `/street/${encodeURIComponent(kind)}/${encodeURIComponent(action)}`, { ...data, citizen: citizenOf(kind) });
}

function complain(form, sentence) {
  const line = form.querySelector(".error");
  line.textContent = sentence;
  line.hidden = sentence === "";
}

function showPhoto(form) {
  const chips = form.querySelector("[data-chips]");
  const photo = photos.get(form);
  chips.replaceChildren();
  chips.hidden = !photo;
  if (!photo) return;
  chips.append(
    h("span", { class: "chip" }, h("img", { src: `data:${photo.content_type};base64,${photo.content}`, alt: "" }), photo.name, h("button", { type: "button", class: "link", "data-unphoto": true, "aria-label": `${photo.name} weghalen` }, "×")),
  );
}

async function attach(form, file, name) {
  try {
    if (!file.type.startsWith("image/")) throw new Refused("Kies een foto (JPEG, PNG, GIF of WebP).");
    if (file.size > MAX_PHOTO) throw new Refused("Deze foto is groter dan 8 MB. Kies een kleinere.");
    const url = await readFile(file);
    photos.set(form, { content: url.slice(url.indexOf(",") + 1), content_type: file.type, name });
    complain(form, "");
  } catch (error) {
    complain(form, error.message);
  }
  showPhoto(form);
  form.querySelector("textarea").focus();
}

async function submit(form, refresh) {
  const box = form.querySelector("textarea");
  const text = box.value.trim();
  const photo = photos.get(form);
  if (!text && !photo) {
    complain(form, "Typ eerst iets, of kies een foto.");
    box.focus();
    return;
  }
  if (busy.has(form)) return; // a second Enter before the answer is not a second message
  busy.add(form);
  const kind = kindOf(form);
  try {
    await play(kind, form.dataset.action, { ...JSON.parse(form.dataset.data), text, ...(photo ? { photo } : {}) });
    complain(form, "");
    // What was typed while it was on its way stays.
    if (box.value.trim() === text) box.value = "";
    photos.delete(form);
    showPhoto(form);
    const scroll = form.closest(".room").querySelector(".scroll");
    if (form.closest(".room.private")) view.toEnd.add(kind);
    if (form.dataset.box) {
      view.open.delete(`${kind}/${form.dataset.box}`);
      scroll.focus({ preventScroll: true });
    } else if (form.closest(".room.public")) {
      scroll.scrollTop = 0;
    }
    refresh();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    complain(form, error.message);
    box.focus();
  } finally {
    busy.delete(form);
  }
}

async function act(button, redraw, refresh) {
  const kind = kindOf(button);
  const id = button.closest("[data-id]").dataset.id;
  const item = phoneOf(kind).rooms.map((room) => findItem(room.items, id)).find(Boolean);
  const index = Number(button.dataset.act);
  const chosen = actionsOf(kind, item)[index];
  const place = `${kind}/${id}`;
  if (chosen.asks) {
    const opened = view.open.get(place)?.index === index;
    if (opened) view.open.delete(place);
    else view.open.set(place, { index, chosen });
    redraw();
    if (!opened) document.querySelector(`[data-kind="${kind}"] form[data-box="${CSS.escape(id)}"] textarea`)?.focus();
    return;
  }
  await quietly(button, () => play(kind, chosen.action, chosen.data ?? {}), refresh);
}

// For buttons without a box of their own: the complaint goes to the room's composer.
async function quietly(button, doing, refresh) {
  const form = button.closest("form") ?? button.closest(".room").querySelector("form.composer:not(.box)");
  button.disabled = true;
  try {
    await doing();
    if (form) complain(form, "");
    refresh();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (form) complain(form, error.message);
  } finally {
    button.disabled = false;
  }
}

async function takeSample(button) {
  const form = button.closest("form");
  const one = view.data.samples.find((sample) => sample.name === button.dataset.sample);
  button.closest("details").open = false;
  try {
    const answer = await fetch(one.url);
    if (!answer.ok) throw new Refused("Deze foto is er nu niet.");
    await attach(form, await answer.blob(), one.name);
  } catch {
    complain(form, "Deze foto is er nu niet. Probeer het zo weer.");
  }
}

export function listen(root, redraw, refresh) {
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(event.target, refresh);
  });
  root.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("form.composer");
    if (!form) return;
    if (event.key === "Enter" && event.target.tagName === "TEXTAREA" && !event.isComposing) {
      const plain = form.dataset.enter !== undefined && !event.shiftKey && matchMedia("(pointer: fine)").matches;
      if (plain || event.ctrlKey || event.metaKey) {
        event.preventDefault();
        form.requestSubmit();
      }
    } else if (event.key === "Escape" && form.dataset.box && !form.querySelector("details[open]")) {
      event.preventDefault();
      form.querySelector("[data-cancel]").click();
    }
  });
  root.addEventListener("change", (event) => {
    if (!event.target.matches("[data-file]") || !event.target.files.length) return;
    const [file] = event.target.files;
    event.target.closest("details").open = false;
    attach(event.target.closest("form"), file, file.name);
    event.target.value = "";
  });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const form = button.closest("form");
    if (button.dataset.act !== undefined) act(button, redraw, refresh);
    else if (button.dataset.sample) takeSample(button);
    else if (button.dataset.extra) {
      const one = JSON.parse(button.dataset.extra);
      button.closest("details").open = false;
      quietly(button, () => play(kindOf(button), one.action, { ...JSON.parse(form.dataset.data), ...(one.data ?? {}) }), refresh);
    } else if (button.dataset.idea !== undefined) {
      const ideas = IDEAS[form.dataset.ideas];
      const box = form.querySelector("textarea");
      box.value = ideas[idea++ % ideas.length];
      box.focus();
    } else if (button.dataset.unphoto !== undefined) {
      photos.delete(form);
      showPhoto(form);
      form.querySelector("textarea").focus();
    } else if (button.dataset.cancel !== undefined) {
      const kind = kindOf(button);
      const id = form.dataset.box;
      view.open.delete(`${kind}/${id}`);
      redraw();
      document.querySelector(`[data-kind="${kind}"] [data-id="${CSS.escape(id)}"] .act`)?.focus();
    }
  });
}
