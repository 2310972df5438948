"""What presence costs the live process: sixty agents at work, and one sign of life by itself."""

import asyncio
import json
import time
from pathlib import Path

import aiohttp
import psutil
from django.conf import settings
from django.db import connections
from django.test import Client

from benchmarks.processes import webcare
from benchmarks.streams import until
from benchmarks.table import Figure
from inbox import presence
from inbox.models import Conversation, User

AGENTS = 60
BEAT = 4.0  # seconds, as static/js/presence.js has it
SECONDS = 30
SWITCH = 5  # every fifth sign says something new: another conversation, or that one writes
ALONE = 3_000


def measure(folder: Path) -> list[Figure]:
    """Sixty agents of one department, each with a stream and a conversation."""
    colleague = User.objects.get(username="fatima")
    department = colleague.departments.values_list("pk", flat=True)[0]
    passes, cookies = [], []
    for number in range(AGENTS):
        agent = User.objects.create(username=f"beat{number}", first_name=f"Agent {number}")
        agent.departments.set(colleague.departments.all())
        client = Client()
        client.force_login(agent)
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}")
        shown = [Conversation(pk=2 * number + turn, department_id=department) for turn in (1, 2)]
        passes.append([presence.pass_for(conversation, agent) for conversation in shown])
    connections.close_all()
    with webcare("live", data=folder) as ports:
        idle, busy, median, alone = asyncio.run(work(ports.live, cookies, passes))
    User.objects.filter(username__startswith="beat").delete()
    told = f"{AGENTS} agents with a stream each, a sign every {BEAT:g} s, every {SWITCH}th with news; {SECONDS} s"
    return [
        Figure("presence_core_percent", (busy - idle) * 100, "%", f"of one core, above the same streams alone: {told}"),
        Figure("presence_beat_ms_p50", median, "ms", f"until the answer, client on the same machine: {told}"),
        Figure("presence_beat_cpu_ms", alone, "ms", f"processor time of the process for one sign, {ALONE} in a row"),
    ]


def server(port: int) -> psutil.Process:
    """The process that listens on the port."""
    for found in psutil.net_connections("tcp"):
        if found.laddr.port == port and found.status == psutil.CONN_LISTEN and found.pid:
            return psutil.Process(found.pid)
    raise RuntimeError(f"nobody listens on {port}")


def spent(process: psutil.Process) -> float:
    """Seconds of processor time."""
    used = process.cpu_times()
    return float(used.user + used.system)


async def work(port: int, cookies: list[str], passes: list[list[str]]) -> tuple[float, float, float, float]:
    """The share of a core without and with signs, the median answer in ms, processor time of one sign in ms."""
    url, process, took = f"http://127.0.0.1:{port}", server(port), []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def say(number: int, turn: int) -> None:
            body = {
                "pass": passes[number][turn // SWITCH % 2],
                "tab": f"tab{number:05}",
                "state": "answering" if turn // SWITCH % 3 else "looking",
            }
            began = time.perf_counter()
            async with session.post(f"{url}/presence", data=json.dumps(body)) as answer:
                if answer.status != 204:
                    raise RuntimeError(f"presence answered {answer.status}")
            took.append((time.perf_counter() - began) * 1000)

        async def drink(stream: aiohttp.ClientResponse) -> None:
            async for _line in stream.content:
                pass

        async def agent(number: int) -> None:
            await asyncio.sleep(BEAT * number / AGENTS)
            for turn in range(int(SECONDS / BEAT)):
                await say(number, turn)
                await asyncio.sleep(BEAT)

        streams = [await session.get(f"{url}/stream", headers={"Cookie": cookie}) for cookie in cookies]
        for stream in streams:
            await until(stream, b"event: hello")
        readers = [asyncio.create_task(drink(stream)) for stream in streams]
        began, before = time.monotonic(), spent(process)
        await asyncio.sleep(10)
        idle = (spent(process) - before) / (time.monotonic() - began)
        began, before = time.monotonic(), spent(process)
        await asyncio.gather(*(agent(number) for number in range(AGENTS)))
        busy = (spent(process) - before) / (time.monotonic() - began)
        median = sorted(took)[len(took) // 2]
        before = spent(process)
        for turn in range(ALONE):
            await say(0, 0 if turn else 1)
        alone = (spent(process) - before) / ALONE * 1000
        for reader in readers:
            reader.cancel()
        for stream in streams:
            stream.close()
    return idle, busy, median, alone
