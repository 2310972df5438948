"""What axe cannot see of a page: where Tab goes, how large what one presses is, what a screen reader is told, what
sticks out."""

from typing import Any

from playwright.sync_api import Page

# What one presses; a link inside a sentence may be as low as its line (WCAG 2.5.8, exception "inline").
SMALL = """
(least) => {
  const controls = "a[href], button, summary, select, textarea, input:not([type=hidden]), [role=option], [role=button]";
  const seen = (node) => {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height || !node.checkVisibility({ checkVisibilityCSS: true })) return false;
    // Clipped away for the eye: its label is what one presses.
    return !node.closest(".hidden, .skip") && !node.closest("[inert]");
  };
  const inline = (node) =>
    getComputedStyle(node).display === "inline" ||
    (node.matches("a:not(.button, .item)") && node.parentElement.textContent.trim() !== node.textContent.trim());
  const labelled = (node) => node.labels?.length && ["radio", "checkbox", "file"].includes(node.type);
  const measure = (node) => {
    const own = node.getBoundingClientRect();
    if (!labelled(node)) return [own.width, own.height];
    const boxes = [own, ...[...node.labels].map((label) => label.getBoundingClientRect())];
    return [Math.max(...boxes.map((box) => box.width)), Math.max(...boxes.map((box) => box.height))];
  };
  return [...document.querySelectorAll(controls)]
    .filter((node) => seen(node) && !inline(node))
    .map((node) => [node, measure(node)])
    .filter(([, [width, height]]) => width < least - 0.5 || height < least - 0.5)
    .map(([node, [width, height]]) =>
      `${Math.round(width)}x${Math.round(height)} ${node.outerHTML.replace(/\\s+/g, " ").slice(0, 110)}`);
}
"""

# Every step of Tab: its region, its name, and whether one can see where one is.
STEP = """
() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const region = node.closest("dialog, nav#views, #list, .reading > nav, #heading, #thread, #composer, #citizen, main");
  const box = node.getBoundingClientRect();
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  // A radio button is drawn by its label; of what is larger than its pane some part is enough.
  const free = [node, ...(node.labels ?? [])].some((each) => {
    const drawn = each.getBoundingClientRect();
    return [0.5, 0.2, 0.8].some((part) => {
      const over = document.elementFromPoint(drawn.left + drawn.width * part, drawn.top + drawn.height * part);
      return over && (each === over || each.contains(over) || over.contains(each));
    });
  });
  node.dataset.stepped = (node.dataset.stepped ?? "") + "x";
  return {
    region: region?.id || region?.className || region?.tagName.toLowerCase() || "page",
    html: node.outerHTML.replace(/\\s+/g, " ").slice(0, 110),
    visible: inside && free,
    again: node.dataset.stepped.length > 1,
    ring: getComputedStyle(node).outlineStyle !== "none" || getComputedStyle(node).boxShadow !== "none",
  };
}
"""

# Counts what a screen reader is told: every change of words in a live region.
EARS = """
() => {
  window.told = [];
  const regions = "[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]";
  new MutationObserver((changes) => {
    for (const change of changes) {
      const node = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      const region = node?.closest(regions);
      const words = region?.textContent.replace(/\\s+/g, " ").trim();
      if (words) window.told.push(words);
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}
"""


CUT = """
() => {
  const sticks = (node) => {
    const box = node.getBoundingClientRect();
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      const parent = text.parentElement;
      if (!text.data.trim() || parent.closest(".hidden") || parent.clientWidth === 1) continue;
      // Cut on purpose: with an ellipsis, or for a screen reader only.
      let cut = false;
      for (let each = parent; each && each !== node.parentElement; each = each.parentElement) {
        const look = getComputedStyle(each);
        cut ||= look.textOverflow === "ellipsis" || look.clipPath !== "none" || look.display === "none";
      }
      if (cut) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const line of range.getClientRects()) {
        if (line.left < box.left - 1 || line.right > box.right + 1) return true;
        if (line.top < box.top - 3 || line.bottom > box.bottom + 3) return true;
      }
    }
    return false;
  };
  return [...document.querySelectorAll(".button, .choice, summary, label, h1, h2, .notice, .banner")]
    .filter((node) => node.checkVisibility({ checkVisibilityCSS: true }) && !node.closest(".hidden, .skip"))
    .filter(sticks)
    .map((node) => node.outerHTML.replace(/\\s+/g, " ").slice(0, 140));
}
"""


def too_small(page: Page, least: int) -> list[str]:
    """What one presses and is smaller than ``least`` CSS pixels in a direction; empty when all is well."""
    found: list[str] = page.evaluate(SMALL, least)
    return found


def tab_through(page: Page, most: int = 250) -> list[dict[str, Any]]:
    """Every stop of Tab from the top of the page until it leaves it or comes round."""
    # A click or a blur leaves the place where Tab goes on; only focus takes it along.
    page.evaluate(
        "() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); }"
    )
    steps: list[dict[str, Any]] = []
    for _step in range(most):
        page.keyboard.press("Tab")
        step = page.evaluate(STEP)
        if step is None or step["again"]:
            return steps
        steps.append(step)
    raise AssertionError(f"no end after {most} stops: {steps[-3:]}")


def regions(steps: list[dict[str, Any]]) -> list[str]:
    """The regions in the order in which Tab comes by them."""
    found: list[str] = []
    for step in steps:
        if not found or found[-1] != step["region"]:
            found.append(step["region"])
    return found


def listen(page: Page) -> None:
    """From now on remember what live regions say."""
    page.evaluate(EARS)


def told(page: Page) -> list[str]:
    """What they said, in order."""
    found: list[str] = page.evaluate("window.told")
    return found


def sideways(page: Page) -> int:
    """Pixels that stick out of the window."""
    return int(page.evaluate("document.scrollingElement.scrollWidth - innerWidth"))


def cut_off(page: Page) -> list[str]:
    """Buttons, labels, headings and notices whose words stick out of them."""
    found: list[str] = page.evaluate(CUT)
    return found
