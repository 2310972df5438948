/* Shows push messages. They carry a kind and a number; the sentences are here, nothing of a citizen passes by. */
"use strict";
const WORDS = {% autoescape off %}{{ words }}{% endautoescape %};
const OTHER = {% autoescape off %}{{ other }}{% endautoescape %};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data.json();
  } catch {
    /* then without a link */
  }
  event.waitUntil(
    self.registration.showNotification(WORDS[told.kind] ?? OTHER, {
      tag: `webcare-${told.id ?? "notice"}`,
      lang: "nl",
      icon: "{% static 'favicon.svg' %}",
      data: { url: told.id ? `/notices/${Number(told.id)}/` : "/notices/" },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, self.location.origin).href;
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((tabs) => {
      const tab = tabs.find((each) => new URL(each.url).origin === self.location.origin);
      return tab ? tab.focus().then((found) => found.navigate(url)) : self.clients.openWindow(url);
    }),
  );
});
