"""What a browser feels: the weight of the first screen over the wire, and whether an update holds the page up."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import BrowserContext, Page, sync_playwright

from benchmarks import population
from benchmarks.processes import webcare
from benchmarks.table import Figure
from inbox.actions.claim import claim, release
from inbox.models import Conversation, Status, User

ENOUGH = 5_000  # conversations: a list of fifty rows, and more behind it
UPDATES = 50
READER = "ingrid"
# As the page counts them, from before its first script; and what asks for rows.
WATCH = """
window.longTasks = [];
new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(entry => entry.duration)))
    .observe({type: "longtask", buffered: true});
"""


def measure(folder: Path) -> list[Figure]:
    """The first screen of a team lead with an empty cache, and then fifty changes by a colleague, one by one."""
    if Conversation.objects.count() < ENOUGH:
        population.populate(ENOUGH, seed=ENOUGH)
    colleague = User.objects.get(username="fatima")
    free = Conversation.objects.visible_to(colleague).filter(status=Status.OPEN, assignee=None)
    ids = list(free.order_by("rank_at", "pk").values_list("pk", flat=True)[: UPDATES // 2])
    cookie = _cookie()
    connections.close_all()
    with webcare("web", "live", data=folder) as ports, _browser(f"http://127.0.0.1:{ports.web}", cookie) as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        weight, requests = weigh(page, f"http://127.0.0.1:{ports.web}/inbox/todo/")
        page.wait_for_function("document.querySelectorAll('#rows > li[data-id]').length >= 50")
        time.sleep(2)  # until it has settled: what is measured are updates
        page.evaluate("window.longTasks.length = 0")
        refreshed = _updates(page, ids, colleague)
        longest = page.evaluate("Math.max(0, ...window.longTasks)")
        number = page.evaluate("window.longTasks.length")
    first = f"/inbox/todo/ with 50 rows, empty cache, {requests} requests without images, gzip, headers included"
    then = f"longest of {number} over 50 ms (0: none) in {refreshed} refreshes of 50 rows, a claim or release at a time"
    return [
        Figure("first_screen_kb", weight / 1000, "kB", first),
        Figure("update_long_task_ms", float(longest), "ms", then),
    ]


def weigh(page: Page, url: str) -> tuple[int, int]:
    """Bytes over the wire of a page and all it asks for until the network is quiet, images apart; and the number of
    requests. As Chromium counts them: compressed, with the headers of the answers."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}

    def received(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]

    def finished(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.responseReceived", received)
    session.on("Network.loadingFinished", finished)
    page.goto(url, wait_until="load")
    page.wait_for_timeout(1_500)  # what scripts ask for once the page stands; the live stream never ends
    session.detach()
    weighed = [size for request, size in sizes.items() if kinds.get(request) != "Image"]
    return round(sum(weighed)), len(weighed)


def _updates(page: Page, ids: list[int], colleague: User) -> int:
    """Claim and release in turn, each once the list has shown the one before. The number of refreshes."""
    done = 0
    for number in range(UPDATES):
        pk = ids[number // 2 % len(ids)]
        with page.expect_response(lambda answer: "/rows/" in answer.url, timeout=15_000):
            if number % 2 == 0:
                _beside(claim, pk, colleague)
            else:
                _beside(release, pk, colleague)
        page.wait_for_timeout(100)  # the rows are put in place
        done += 1
    return done


def _beside(deed: Callable[..., object], pk: int, colleague: User) -> None:
    # Playwright's loop runs in this thread, and there Django refuses the database.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(deed, pk, by=colleague).result()
        beside.submit(connections.close_all).result()


def _cookie() -> str:
    client = Client()
    client.force_login(User.objects.get(username=READER))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextmanager
def _browser(url: str, cookie: str) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="nl-NL")
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
        yield context
        browser.close()
