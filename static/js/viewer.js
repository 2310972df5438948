/* A picture of a message, larger: in a dialog, with the others of that message by arrow keys. Without this it is a
   download, as the link says. */
(() => {
  "use strict";
  const viewer = document.getElementById("viewer");
  if (!viewer) return;
  const part = (name) => viewer.querySelector(`[data-viewer="${name}"]`);
  let pictures = [];
  let place = 0;
  let opener = "";

  function show(next) {
    place = (next + pictures.length) % pictures.length;
    const link = pictures[place];
    const words = link.querySelector("img").alt;
    Object.assign(part("picture"), { src: link.dataset.picture, alt: words });
    part("words").textContent = pictures.length > 1 ? `${words} (${place + 1}/${pictures.length})` : words;
    part("download").href = link.href;
    for (const name of ["previous", "next"]) part(name).hidden = pictures.length < 2;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-picture]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    pictures = [...link.closest(".files").querySelectorAll("a[data-picture]")];
    opener = link.closest("[data-testid]").dataset.testid;
    show(pictures.indexOf(link));
    viewer.showModal();
  });
  part("previous").addEventListener("click", () => show(place - 1));
  part("next").addEventListener("click", () => show(place + 1));
  viewer.addEventListener("keydown", (event) => {
    event.stopPropagation(); // no key of the inbox while one looks
    if (event.key === "ArrowLeft") show(place - 1);
    if (event.key === "ArrowRight") show(place + 1);
  });
  // The pane may have been drawn anew meanwhile: back to the picture by its name.
  viewer.addEventListener("close", () => {
    part("picture").removeAttribute("src");
    document.querySelector(`[data-testid="${opener}"] a`)?.focus();
  });
})();
