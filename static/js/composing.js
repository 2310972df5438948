/* Around the answer: files by button, drop and paste; a few seconds to take an answer back; the preview. */
(() => {
  "use strict";
  const webcare = (window.webcare ??= {});
  const $ = (selector, root = document) => root.querySelector(selector);
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

  // ------------------------------------------------------------------ files

  const files = () => $("#files");

  /* The words with the pictures go along, so that the fresh list has them. */
  function words(data) {
    for (const input of files().querySelectorAll("[name^=alt-], [name^=decorative-]")) {
      if (!input.disabled && (input.type !== "checkbox" || input.checked)) data.set(input.name, input.value);
    }
    return data;
  }

  const queue = [];
  let busy = false;

  function add(list) {
    const place = files();
    if (!place || !Number(place.dataset.most)) return;
    for (const file of list) queue.push({ file, url: place.dataset.add, pane: $("#pane")?.dataset.pane });
    if (!busy) next();
  }

  function next() {
    const job = queue.shift();
    const progress = $("[data-progress]");
    busy = Boolean(job);
    if (progress) progress.hidden = !job;
    if (!job) return;
    if (progress) {
      $("progress", progress).value = 0;
      $("span", progress).textContent = job.file.name;
    }
    const data = words(new FormData());
    data.append("file", job.file, job.file.name || "foto.png");
    const request = new XMLHttpRequest();
    request.open("POST", job.url);
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => {
      const bar = $("[data-progress] progress");
      if (bar && event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    });
    request.addEventListener("load", () => {
      if (new URL(request.responseURL, location.href).pathname === document.body.dataset.login) webcare.ended?.();
      else if (request.status === 200) fill(request.responseText, job.pane);
      else webcare.toast?.($("#words")?.dataset.failed ?? "");
      next();
    });
    request.addEventListener("error", () => {
      webcare.online?.(false);
      webcare.toast?.($("#words")?.dataset.slow ?? "");
      next();
    });
    request.send(data);
  }

  function fill(html, pane) {
    const place = files();
    if (!place || $("#pane")?.dataset.pane !== pane) return;
    const before = new Set([...place.querySelectorAll("[data-file]")].map((item) => item.dataset.file));
    place.innerHTML = html;
    const fresh = [...place.querySelectorAll("[data-file]")].find((item) => !before.has(item.dataset.file));
    $("[data-alt]", fresh ?? document.createElement("i"))?.focus();
    refresh();
  }

  document.addEventListener("change", (event) => {
    if (event.target.id === "file-field") {
      add(event.target.files);
      event.target.value = ""; // it is on its way: the form must not bring it again
    }
    if (event.target.matches?.("[data-decorative]")) {
      const words_ = $("[data-alt]", event.target.closest("[data-file]"));
      words_.disabled = event.target.checked;
      let empty = $("[type=hidden][name^=alt-]", event.target.closest("[data-file]"));
      if (event.target.checked && !empty) {
        empty = Object.assign(document.createElement("input"), { type: "hidden", name: words_.name, value: "" });
        words_.after(empty);
      } else if (!event.target.checked) empty?.remove();
      $("#reply-text")?.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-remove-file]");
    if (!button) return;
    event.preventDefault();
    const pane = $("#pane")?.dataset.pane;
    try {
      const answer = await fetch(button.dataset.removeFile, {
        method: "POST",
        body: words(new FormData()),
        credentials: "same-origin",
        headers: { "X-CSRFToken": token(), "HX-Request": "true" },
      });
      if (answer.redirected) webcare.ended?.();
      else if (answer.ok) fill(await answer.text(), pane);
      else button.closest("[data-file]").remove(); // gone already
    } catch {
      webcare.online?.(false);
      webcare.toast?.($("#words")?.dataset.slow ?? "");
      return;
    }
    $("#reply-text")?.focus();
  });

  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const target = () => $("#reply-form");

  document.addEventListener("dragover", (event) => {
    if (!carries(event) || !files()) return;
    event.preventDefault(); // else the browser opens the file, and the page is gone
    target()?.classList.toggle("over", Boolean(event.target.closest?.("#conversation")));
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target()?.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!carries(event) || !files()) return;
    event.preventDefault();
    target()?.classList.remove("over");
    if (event.target.closest?.("#conversation")) add(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (event.target.id !== "reply-text") return;
    const pasted = [...(event.clipboardData?.files ?? [])];
    // Text copied from an office program brings a picture of itself: the text is meant.
    if (!pasted.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    add(pasted);
  });

  // ------------------------------------------------------------------ taking an answer back

  let left = null; // {id, message, at, words}: an answer of a conversation that is not on screen any more

  /* The page's clock runs with the server's, whatever the demo did to it. */
  const behind = () => new Date($("#pane")?.dataset.now ?? Date.now()) - (webcare.drawnAt ?? Date.now());

  function tick() {
    const bar = $("#leaving");
    if (bar && new Date(bar.dataset.until) - Date.now() - behind() <= 0) {
      const mine = bar.contains(document.activeElement);
      bar.remove();
      if (mine) $("#reply-text")?.focus();
    }
    const far = $("#left");
    if (far && (!left || Date.now() >= left.until)) far.remove();
    if ($("#leaving") || $("#left")) setTimeout(tick, 250);
  }

  function drawn() {
    webcare.drawnAt = Date.now();
    if ($("#leaving")) tick();
    if (left && webcare.openId?.() !== left.id && Date.now() < left.until && !$("#left")) far();
    else if (left && webcare.openId?.() === left.id) $("#left")?.remove();
  }

  function far() {
    const bar = document.createElement("div");
    bar.id = "left";
    bar.className = "leaving far";
    bar.setAttribute("role", "status");
    const text = document.createElement("span");
    text.textContent = left.words;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.textContent = $("#words")?.dataset.undo ?? "";
    button.dataset.testid = "undo-far";
    button.addEventListener("click", back);
    bar.append(text, button);
    document.body.append(bar);
    tick();
  }

  async function back() {
    const { id, message } = left;
    const answer = await fetch(`/messages/${message}/undo/`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-CSRFToken": token() },
    }).catch(() => null);
    if (answer?.ok) location.assign(`/conversations/${id}/`);
    else webcare.toast?.($("#words")?.dataset.failed ?? "");
  }

  document.addEventListener("answer-leaves", (event) => {
    const { id, message, at, words: said } = event.detail;
    left = { id, message, words: said, until: new Date(at) - behind() };
  });

  /* What is typed since must be on the server before the answer comes back. */
  document.addEventListener("htmx:confirm", (event) => {
    if (event.target.id !== "leaving") return;
    event.preventDefault();
    Promise.resolve(webcare.saveDrafts?.()).finally(() => event.detail.issueRequest(true));
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!/\/undo\/$/.test(event.detail.requestConfig?.path ?? "") || event.detail.target?.id !== "conversation") return;
    const box = $("#reply-text");
    if (!box) return;
    box.value = ""; // it comes from the server now, together with what is taken back
    box.blur();
    left = null;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "conversation") drawn();
  });
  document.addEventListener("DOMContentLoaded", drawn);

  // ------------------------------------------------------------------ the preview

  let planned;

  function refresh() {
    clearTimeout(planned);
    const place = $("#preview");
    if (!place?.firstElementChild) return;
    planned = setTimeout(() => {
      const button = $("[data-preview]");
      if ($("#preview")?.firstElementChild && button) {
        window.htmx.ajax("POST", button.getAttribute("hx-post"), { source: button, target: "#preview", swap: "innerHTML" });
      }
    }, 600);
  }

  document.addEventListener("input", (event) => {
    if (event.target.id === "reply-text") refresh();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "preview") $("#preview").scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-close-preview]")) return;
    $("#preview").replaceChildren();
    $("[data-preview]")?.focus();
  });
})();
