/* Notices: the bell, the count in the title, a sound for who wants it, and push messages to this browser. The server
   counts and decides; a nudge or the half-minute look brings the count. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const PAUSE = 250; // ms: what comes at once is asked for once
  const HEARD = "webcare.heard";
  const WORKER = "/service-worker.js";

  let plain = document.title;
  let asking;

  // ------------------------------------------------------------------ the count

  function retitle(title = plain) {
    plain = title;
    const told = $("#notice-count")?.dataset.title;
    document.title = told ? `${told} · ${plain}` : plain;
  }

  document.addEventListener("webcare:notice", () => {
    clearTimeout(asking);
    asking = setTimeout(() => window.htmx?.trigger("#status", "webcare-notice"), PAUSE);
  });

  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target?.id !== "notice-count" && !$("#notice-count")) return;
    retitle();
    hear(Number($("#notice-count").dataset.sound));
  });

  // ------------------------------------------------------------------ the sound: two soft notes, once for all tabs

  function hear(newest) {
    if (!newest) return;
    try {
      if (Number(localStorage.getItem(HEARD)) >= newest) return;
      localStorage.setItem(HEARD, String(newest));
    } catch {
      return;
    }
    const context = new AudioContext();
    // Without a click on the page first, a browser lets nothing be heard.
    if (context.state === "suspended") {
      context.close();
      return;
    }
    for (const [note, at] of [
      [660, 0],
      [880, 0.12],
    ]) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = note;
      volume.gain.setValueAtTime(0.08, context.currentTime + at);
      volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + at + 0.2);
      tone.connect(volume).connect(context.destination);
      tone.start(context.currentTime + at);
      tone.stop(context.currentTime + at + 0.2);
    }
    setTimeout(() => context.close(), 1000);
  }

  // ------------------------------------------------------------------ push messages to this browser

  const post = (body) =>
    fetch("/notices/push/", {
      method: "POST",
      credentials: "same-origin",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "",
      },
      body: JSON.stringify(body),
    });

  const bytes = (key) =>
    Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.codePointAt(0));

  async function standing() {
    const worker = await navigator.serviceWorker.getRegistration("/");
    return worker?.pushManager.getSubscription();
  }

  async function draw(box, words) {
    const on = Boolean(await standing().catch(() => null));
    $("[data-push-on]", box).hidden = on;
    $("[data-push-off]", box).hidden = !on;
    const state = $("[data-push-state]", box);
    state.textContent = words ?? (on ? state.dataset.on : state.dataset.off);
  }

  async function turnOn(box) {
    const state = $("[data-push-state]", box);
    if ((await Notification.requestPermission()) !== "granted") {
      await draw(box, state.dataset.denied);
      return;
    }
    try {
      await navigator.serviceWorker.register(WORKER, { scope: "/" });
      const worker = await navigator.serviceWorker.ready;
      const subscription = await worker.pushManager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: bytes(box.dataset.key),
      });
      const answer = await post(subscription.toJSON());
      if (!answer.ok) {
        await subscription.unsubscribe();
        throw new Error(String(answer.status));
      }
      await draw(box);
    } catch {
      await draw(box, state.dataset.failed);
    }
  }

  async function turnOff(box) {
    const subscription = await standing();
    if (subscription) {
      await post({ endpoint: subscription.endpoint, stop: true });
      await subscription.unsubscribe();
    }
    await draw(box);
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("[data-push]");
    if (event.target.closest?.("[data-push-on]")) turnOn(box);
    else if (event.target.closest?.("[data-push-off]")) turnOff(box);
  });

  document.addEventListener("DOMContentLoaded", () => {
    const box = $("[data-push]");
    if (!box) return;
    const state = $("[data-push-state]", box);
    if (!("serviceWorker" in navigator) || !("PushManager" in window)) state.textContent = state.dataset.cannot;
    else draw(box);
  });

  Object.assign(webcare, { retitle });
})();
