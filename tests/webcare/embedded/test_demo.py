"""`make demo`: starts and stops as one, and says in a sentence why it cannot."""

import json
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.webcare.embedded.conftest import read_until, wait_gone
from webcare.embedded.ports import free_port

type Embedded = Callable[..., subprocess.CompletedProcess[str]]
type Background = Callable[..., subprocess.Popen[str]]

SMALL = ("-m", "tests.webcare.embedded.small_demo")
GIVEN = {"DATABASE_URL": "postgresql://a@b/c", "REDIS_URL": "redis://d/1"}
READY = "Stoppen: Ctrl-C"


@pytest.fixture
def ports() -> dict[str, str]:
    return {name: str(free_port()) for name in ("PORT", "SIM_PORT", "LIVE_PORT")}


def test_demo_starts_tells_where_and_stops_all(
    background: Background, embedded: Embedded, data: Path, ports: dict[str, str]
) -> None:
    demo = background(*SMALL, str(data), "", **ports)
    said = read_until(demo, READY)
    processes = psutil.Process(demo.pid).children(recursive=True)
    services = [process.name() for process in processes if process.name() in {"postgres", "redis-server"}]
    kept = data / "secrets.json"
    secrets = json.loads(kept.read_text())
    second = background(*SMALL, str(data), "", **ports)
    refused, _ = second.communicate(timeout=30)
    no_reset = embedded("reset", DATA_DIR=str(data))

    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=30)

    assert said.splitlines() == [
        "",
        "Webcare draait, met de gemeente Waterkant.",
        "",
        f"  Inbox        http://127.0.0.1:{ports['PORT']}/",
        f"  De straat    http://127.0.0.1:{ports['SIM_PORT']}/   (speel zelf de inwoner)",
        "",
        "  Inloggen, wachtwoord voor iedereen: waterkant",
        "    fatima     Fatima Amrani, webcaremedewerker",
        "    joris      Joris Smit, webcaremedewerker",
        "    bram       Bram Visser, vakspecialist Burgerzaken",
        "    noor       Noor Hendriks, vakspecialist Stadsbeheer",
        "    ingrid     Ingrid de Boer, teamleider",
        "    beheer     Bea Kok, beheerder",
        "    meelezer   Mila de Groot, meelezer",
        "",
        f"  Gegevens en logboeken: {data}",
        "  Stoppen: Ctrl-C",
    ]
    assert set(services) == {"postgres", "redis-server"}
    assert sorted(secrets) == ["CREDENTIALS_KEY", "SECRET_KEY", "VAPID_PRIVATE_KEY"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    running = (
        f"De demo draait al met de gegevens in {data}. Stop die eerst (Ctrl-C), of kies met DATA_DIR een andere map.\n"
    )
    assert (second.returncode, refused) == (1, running)
    assert (no_reset.returncode, no_reset.stderr) == (1, running)
    assert (demo.returncode, rest) == (0, "\nStoppen …\nAlles is gestopt; de gegevens blijven bewaard.\n")
    assert wait_gone(processes) == []

    again = background(*SMALL, str(data), "", **ports)
    read_until(again, READY)
    again.terminate()
    again.communicate(timeout=30)
    assert json.loads(kept.read_text()) == secrets

    (data / "kept.txt").touch()
    reset = embedded("reset", DATA_DIR=str(data))
    assert (reset.returncode, reset.stderr) == (0, "")
    assert sorted(path.name for path in data.iterdir()) == ["kept.txt", "lock"]


@pytest.mark.parametrize("variable", ["PORT", "SIM_PORT", "LIVE_PORT"])
def test_busy_port_is_a_sentence_and_starts_nothing(
    variable: str, embedded: Embedded, data: Path, ports: dict[str, str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = embedded("demo", DATA_DIR=str(data), **{**ports, variable: str(port)})

    told = (
        f"Poort {port} is al in gebruik. Stop wat daar draait, of kies een andere: {variable}={port + 100} make demo\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)
    assert [path.name for path in data.iterdir()] == ["lock"]


def test_port_that_is_no_number_is_a_sentence(embedded: Embedded, data: Path) -> None:
    done = embedded("demo", DATA_DIR=str(data), PORT="80o0")

    told = "PORT=80o0 is geen poort; geef een getal van 1 tot en met 65535.\n"
    assert (done.returncode, done.stderr) == (1, told)


def test_dead_part_stops_everything_with_its_last_words(
    background: Background, data: Path, ports: dict[str, str]
) -> None:
    demo = background(*SMALL, str(data), "dying", **GIVEN, **ports)

    said, _ = demo.communicate(timeout=30)

    assert demo.returncode == 1
    assert said.split("\n")[-3:] == [
        "'live' is onverwacht gestopt (code 9). Alles is gestopt, de gegevens zijn bewaard. "
        f"Het einde van {data / 'logs' / 'live.log'}:",
        "the last words",
        "",
    ]
    assert port_is_silent(int(ports["PORT"]))


def test_part_killed_from_outside_stops_everything(background: Background, data: Path, ports: dict[str, str]) -> None:
    demo = background(*SMALL, str(data), "", **GIVEN, **ports)
    read_until(demo, READY)
    processes = psutil.Process(demo.pid).children(recursive=True)
    web = next(process for process in processes if "http.server" in process.cmdline())

    web.kill()
    said, _ = demo.communicate(timeout=30)

    assert demo.returncode == 1
    assert said.split("\n")[0].startswith("'web' is onverwacht gestopt (signaal 9).")
    assert wait_gone(processes) == []


def test_part_that_may_be_started_again_is_when_it_is_killed(
    background: Background, data: Path, ports: dict[str, str]
) -> None:
    demo = background(*SMALL, str(data), "killed", **GIVEN, **ports)
    read_until(demo, READY)
    before = sorted(psutil.Process(demo.pid).children(), key=psutil.Process.create_time)
    command = before[-1].cmdline()

    before[-1].kill()
    read_until(demo, "'live' werd gestopt en is opnieuw gestart.")

    after = sorted(psutil.Process(demo.pid).children(), key=psutil.Process.create_time)
    assert (after[:-1], after[-1] == before[-1], after[-1].cmdline()) == (before[:-1], False, command)
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=30)
    assert wait_gone(after) == []


def test_failed_preparation_is_a_sentence(background: Background, data: Path, ports: dict[str, str]) -> None:
    demo = background(*SMALL, str(data), "unprepared", **GIVEN, **ports)

    said, _ = demo.communicate(timeout=30)

    assert (demo.returncode, said) == (
        1,
        "De voorbereiding (migraties en demogegevens) is mislukt. "
        f"Het einde van {data / 'logs' / 'prepare.log'}:\nno such table\n",
    )


def test_killed_demo_leaves_no_orphans_even_deaf_ones(
    background: Background, data: Path, ports: dict[str, str]
) -> None:
    demo = background(*SMALL, str(data), "deaf", **GIVEN, **ports)
    read_until(demo, READY)
    processes = psutil.Process(demo.pid).children(recursive=True)

    demo.kill()

    assert wait_gone(processes) == []


def test_data_folder_that_is_a_file_is_a_sentence(embedded: Embedded, tmp_path: Path, ports: dict[str, str]) -> None:
    file = tmp_path / "file"
    file.touch()

    done = embedded("demo", DATA_DIR=str(file), **ports)

    told = f"Hier kan geen map komen ({file}): er staat al een bestand. Kies met DATA_DIR een andere.\n"
    assert (done.returncode, done.stderr) == (1, told)


def port_is_silent(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0
