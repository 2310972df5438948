"""Milliseconds of list, conversation and search pages in a small and in a large municipality, with 8 clients."""

import random
import sys
import time
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.test import Client

from benchmarks import population
from benchmarks.load import Outcome, request_bytes, run
from benchmarks.processes import webcare
from benchmarks.table import Figure
from inbox.models import Conversation, User

SIZES = (10_000, 1_000_000)  # conversations; three messages each
CLIENTS = 8
REQUESTS = 400
ROUNDS = 4  # each with connections of its own
# What people look for: a common word, one in hundreds, one of a handful, the beginning of a word, part of a name.
SEARCHES = (population.COMMON, population.FEWER, population.RARE, population.FEWER[:5], "Yılm", "henk12")


def measure(folder: Path, sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Fill up to each size, then ask each page as a team lead of all four departments. The figures are named after
    the size: ``list_ms_p95_10k``."""
    figures = []
    there = 0
    for size in sizes:
        begun = time.perf_counter()
        population.populate(size - there, seed=size)
        there = size
        print(f"  {size} conversations by COPY in {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        figures += _pages(folder, size)
    return figures


def _pages(folder: Path, size: int) -> list[Figure]:
    client = Client()
    client.force_login(User.objects.get(username="ingrid"))
    client.get("/search/", headers={"host": "127.0.0.1"})  # brings the token
    cookie = "; ".join(f"{name}={client.cookies[name].value}" for name in client.cookies)
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip, deflate"}  # as a browser asks
    htmx = {**headers, "HX-Request": "true"}
    form = {
        **htmx,
        "HX-Target": "results",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-CSRFToken": client.cookies[settings.CSRF_COOKIE_NAME].value,
    }
    chance = random.Random(size)
    newest = list(Conversation.objects.order_by("-pk").values_list("pk", flat=True)[:size])
    opened = [chance.choice(newest) for _ in range(REQUESTS)]
    places = ("todo", "mine", "unclaimed", "late", "waiting", "closed")
    asked = {
        "list": [request_bytes("GET", f"/inbox/{places[n % len(places)]}/", headers=headers) for n in range(REQUESTS)],
        "conversation": [
            request_bytes("GET", f"/conversations/{pk}/pane/", headers={**htmx, "HX-Target": "conversation"})
            for pk in opened
        ],
        "search": [
            request_bytes("POST", "/search/", f"q={SEARCHES[n % len(SEARCHES)]}".encode(), form)
            for n in range(REQUESTS)
        ],
    }
    connections.close_all()
    name = f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1_000}k"
    load = f"{CLIENTS} clients, {ROUNDS} × {REQUESTS} requests, granian WSGI 2×2"
    conditions = f"{size} conversations, {3 * size} messages, {load}"
    figures = []
    with webcare("web", data=folder) as ports:
        for page, requests in asked.items():
            run(ports.web, requests[:48], CLIENTS)  # warm
            outcome = Outcome.of([run(ports.web, requests, CLIENTS) for _round in range(ROUNDS)])
            if outcome.failed:
                raise RuntimeError(f"{outcome.failed} of {outcome.requests} {page} pages did not answer 200")
            figures.append(Figure(f"{page}_ms_p50_{name}", outcome.p50_ms, "ms", conditions))
            figures.append(Figure(f"{page}_ms_p95_{name}", outcome.p95_ms, "ms", conditions))
            figures.append(Figure(f"{page}_rps_{name}", outcome.per_second, "pages/s", conditions))
    return figures
