"""Files of citizens: from the platform alone, within size and time, known by their bytes, credentials to one host."""

import base64
import io
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from channels import http, media, sniffing
from channels.http import PublicOnlyAdapter, is_public_address
from channels.media import FetchedFile, MediaFailed
from channels.models import Account, PlatformApp
from tests.channels.server import Answer, Request, Server, serving

SID = "AC00000000000000000000000000000001"
MEDIA = f"/2010-04-01/Accounts/{SID}/Messages/MM1/Media/ME1"


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **more: Any) -> bytes:
    written = io.BytesIO()
    Image.new(more.pop("mode", "RGB"), size, more.pop("colour", "green")).save(written, kind, **more)
    return written.getvalue()


def office(folder: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), "<Types/>")  # without the time: the bytes name a test
        archive.writestr(zipfile.ZipInfo(f"{folder}/document.xml"), "<w/>")
    return written.getvalue()


def plain_zip() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt"), "a")
    return written.getvalue()


@pytest.fixture
def account(db: None) -> Account:
    app = PlatformApp.objects.create(
        kind="whatsapp", name="Twilio", secrets={"account_sid": SID, "auth_token": "geheim"}
    )
    return Account.objects.create(app=app, kind="whatsapp", external_id="whatsapp:+31140140", name="W")


Serve = Callable[..., Server]


@pytest.fixture
def serve(settings: Any) -> Iterator[Serve]:
    """A simulator that answers by path; what is not told is 404."""
    answers: dict[str, Answer] = {}

    def answer(request: Request) -> Answer:
        return answers.get(request.path, Answer(status=404))

    with serving(answer) as server:
        settings.SIMULATOR_URL = server.url

        def tell(told: dict[str, Answer]) -> Server:
            answers.update(told)
            return server

        yield tell


def code_of(account: Account, url: str, kind: str = "file") -> tuple[str, bool]:
    with pytest.raises(MediaFailed) as raised:
        media.fetch(account, url, kind)
    assert str(raised.value) == raised.value.code
    return raised.value.code, raised.value.permanent


def test_picture_comes_with_type_by_its_bytes_and_size(account: Account, serve: Serve) -> None:
    body = picture("PNG")
    server = serve({MEDIA: Answer(body=body, headers={"Content-Type": "text/html"})})
    found = media.fetch(account, server.url + MEDIA, "image")
    assert isinstance(found, FetchedFile)
    with found.content:
        assert (found.content.read(), found.content_type, found.size) == (body, "image/png", len(body))


def test_platform_address_is_asked_at_the_simulator(account: Account, serve: Serve) -> None:
    server = serve({MEDIA: Answer(body=b"%PDF-1.7 ...")})
    media.fetch(account, "https://api.twilio.com" + MEDIA, "file").content.close()
    assert [request.path for request in server.requests] == [MEDIA]


def test_credentials_go_to_the_first_host_and_never_along_with_a_redirect(account: Account, serve: Serve) -> None:
    server = serve(
        {
            MEDIA: Answer(status=307, headers={"Location": "https://mms.twiliocdn.com/een/bestand"}),
            "/een/bestand": Answer(body=b"%PDF-1.7"),
        }
    )
    media.fetch(account, server.url + MEDIA, "file").content.close()
    expected = "Basic " + base64.b64encode(f"{SID}:geheim".encode()).decode()
    assert [request.headers.get("authorization") for request in server.requests] == [expected, None]


def test_no_credentials_for_a_file_that_is_not_ours(account: Account, serve: Serve) -> None:
    server = serve({"/anders": Answer(body=b"%PDF-1.7")})
    media.fetch(account, server.url + "/anders", "file").content.close()
    assert [request.headers.get("authorization") for request in server.requests] == [None]


def test_redirects_are_followed_three_times(account: Account, serve: Serve) -> None:
    hops = {f"/{hop}": Answer(status=302, headers={"Location": f"/{hop + 1}"}) for hop in range(4)}
    server = serve(hops | {"/4": Answer(body=b"%PDF-1.7")})
    media.fetch(account, server.url + "/1", "file").content.close()
    assert code_of(account, server.url + "/0") == ("redirects", True)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.jpg",
        "https://twiliocdn.com.example.org/a.jpg",
        "https://eviltwiliocdn.com/a.jpg",
        "http://api.twilio.com/a.jpg",
        "https://api.twilio.com:8443/a.jpg",
        "https://user:pass@api.twilio.com/a.jpg",
        "https://api.twilio.com@example.org/a.jpg",
        "https://example.org\\@api.twilio.com/a.jpg",
        "ftp://api.twilio.com/a.jpg",
        "file:///etc/passwd",
        "https://[::1/a.jpg",
        "https://127.0.0.1/a.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "",
    ],
)
@pytest.mark.parametrize("simulated", [True, False])
def test_address_outside_the_list_is_never_called(
    url: str, simulated: bool, account: Account, serve: Serve, settings: Any
) -> None:
    server = serve({})
    settings.SIMULATOR_URL = server.url if simulated else ""
    assert (code_of(account, url), server.requests) == (("host", True), [])


def test_redirect_to_an_address_outside_the_list_is_not_followed(account: Account, serve: Serve) -> None:
    server = serve({MEDIA: Answer(status=302, headers={"Location": "http://169.254.169.254/latest"})})
    assert (code_of(account, server.url + MEDIA), len(server.requests)) == (("host", True), 1)


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(401, False), (403, True), (404, False), (410, True), (429, False), (500, False), (503, False), (204, True)],
)
def test_status_says_whether_to_ask_again(status: int, permanent: bool, account: Account, serve: Serve) -> None:
    server = serve({MEDIA: Answer(status=status)})
    assert code_of(account, server.url + MEDIA) == (f"http_{status}", permanent)


def test_file_that_says_it_is_too_large_is_not_read(account: Account, serve: Serve) -> None:
    server = serve({MEDIA: Answer(body=b"x", headers={"Content-Length": str(media.MAX_BYTES + 1)})})
    assert code_of(account, server.url + MEDIA) == ("too_large", True)


def test_file_that_goes_on_and_on_is_cut_off(account: Account, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_BYTES", 1024 * 1024)
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        for _ in range(400):
            sent.append(1)
            yield b"x" * 65536

    server = serve({MEDIA: Answer(body=endless())})
    assert code_of(account, server.url + MEDIA) == ("too_large", True)
    assert len(sent) < 400


def test_file_that_takes_too_long_is_given_up(account: Account, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_SECONDS", 0.0)
    server = serve({MEDIA: Answer(body=b"%PDF-1.7")})
    assert code_of(account, server.url + MEDIA) == ("timeout", False)


def test_silent_server_is_given_up(account: Account, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http.PlatformSession.__init__, "__defaults__", ("", (0.2, 0.2)))
    server = serve({MEDIA: Answer(hang=True)})
    assert code_of(account, server.url + MEDIA) == ("timeout", False)


def test_refused_connection_is_temporary(account: Account, settings: Any) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:1"
    assert code_of(account, "http://127.0.0.1:1" + MEDIA) == ("network", False)


def test_failure_names_no_address(account: Account, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:1"
    caplog.set_level("DEBUG")
    with pytest.raises(MediaFailed) as raised:
        media.fetch(account, "http://127.0.0.1:1/geheim-adres", "file")
    shown = repr(raised.value) + str(raised.value.__cause__) + caplog.text
    assert [word for word in ("geheim-adres", "auth_token") if word in shown] == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image", b"<html>URL signature expired</html>"),
        ("image", b"%PDF-1.7"),
        ("image", picture()[:-40]),
        ("sticker", b"GIF89a"),
        ("audio", picture()),
        ("video", b"OggS...."),
    ],
)
def test_something_else_than_promised_is_refused(kind: str, body: bytes, account: Account, serve: Serve) -> None:
    server = serve({MEDIA: Answer(body=body)})
    assert code_of(account, server.url + MEDIA, kind) == ("content", True)


MP4 = b"\0\0\0\x18ftypisom\0\0\2\0"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (picture("JPEG"), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("GIF"), "image/gif"),
        (picture("WEBP"), "image/webp"),
        (b"%PDF-1.4\n", "application/pdf"),
        (MP4, "video/mp4"),
        (b"\0\0\0\x18ftypM4A \0\0\2\0", "audio/mp4"),
        (b"\0\0\0\x18ftyp3gp4\0\0\2\0", "video/3gpp"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"OggS\0\2" + b"\0" * 20 + b"OpusHead", "audio/ogg"),
        (b"ID3\4\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"#!AMR\n", "audio/amr"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"BEGIN:VCARD\r\nVERSION:3.0", "text/vcard"),
        (b"\xef\xbb\xbfbegin:vcard\n", "text/vcard"),
        (office("word"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office("xl"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (plain_zip(), "application/zip"),
        (b"PK\x03\x04 damaged", "application/zip"),
        (b"<html><script>alert(1)</script>", sniffing.UNKNOWN),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", sniffing.UNKNOWN),
        (b"GIF89a<script>alert(1)</script>", sniffing.UNKNOWN),
        (b"\xff\xfe<\0h\0t\0m\0l\0", sniffing.UNKNOWN),
        (picture("PNG")[:30], sniffing.UNKNOWN),
        (b"", sniffing.UNKNOWN),
        (b"\xff", sniffing.UNKNOWN),
        (b"RIFF", sniffing.UNKNOWN),
    ],
)
def test_type_by_bytes(body: bytes, expected: str) -> None:
    file = io.BytesIO(body)
    assert (sniffing.sniff(file), file.tell()) == (expected, 0)


def opened(content: bytes | None) -> Image.Image:
    assert content is not None
    return Image.open(io.BytesIO(content))


def test_preview_is_small_upright_and_without_the_makers_data() -> None:
    data = Image.Exif()
    data[0x0112] = 6  # turned a quarter
    data[0x010F] = "Camera van Henk"
    data.get_ifd(0x8825)[2] = (52.0, 4.0, 0.0)
    made = media.preview(picture(size=(3000, 1500), exif=data, comment=b"Thuis"))
    with opened(made) as small:
        assert (small.format, small.size, dict(small.getexif()), small.info.get("comment")) == (
            "JPEG",
            (600, 1200),
            {},
            None,
        )
    assert made is not None
    assert b"Henk" not in made


def test_preview_of_a_small_picture_keeps_its_size() -> None:
    with opened(media.preview(picture(size=(40, 30)))) as small:
        assert small.size == (40, 30)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "LA"), ("PNG", "P"), ("PNG", "1"), ("GIF", "P"), ("JPEG", "CMYK"), ("JPEG", "L")],
)
def test_preview_of_every_mode(kind: str, mode: str) -> None:
    with opened(media.preview(picture(kind, mode=mode, colour=0))) as small:
        assert small.size == (40, 30)


def test_transparent_parts_become_white() -> None:
    with opened(media.preview(picture("PNG", mode="RGBA", colour=(0, 0, 0, 0)))) as small:
        assert small.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("body", [b"", b"GIF89a", b"%PDF-1.4", picture()[:200], b"<svg/>"])
def test_no_preview_of_what_is_no_picture(body: bytes) -> None:
    assert media.preview(body) is None


def test_bomb_is_never_opened() -> None:
    bomb = picture("PNG", size=(12_000, 12_000), mode="1", colour=0)
    started = time.monotonic()
    assert (media.preview(bomb), sniffing.sniff(io.BytesIO(bomb))) == (None, sniffing.UNKNOWN)
    assert (len(bomb) < 200_000, time.monotonic() - started < 1) == (True, True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "224.0.0.1",
        "2130706433",
        "0x7f.1",
        "",
        "a" * 70 + ".nl",
    ],
)
def test_address_that_is_not_public(host: str) -> None:
    assert is_public_address(host) is False


@pytest.mark.parametrize("host", ["8.8.8.8", "2001:4860:4860::8888"])
def test_public_address(host: str) -> None:
    assert is_public_address(host) is True


def test_line_to_a_private_address_is_cut_before_a_byte_is_sent() -> None:
    # A name may resolve to another address after the check: what counts is the far end of the line.
    with serving(lambda _: Answer()) as server, requests.Session() as session:
        session.trust_env = False
        session.mount("http://", PublicOnlyAdapter())
        with pytest.raises(requests.ConnectionError) as raised:
            session.get(server.url)
        assert (server.requests, http.from_network_error(raised.value).reason) == ([], "busy")


def test_real_sockets_are_closed_by_the_guard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, requests.Session() as session:
        session.trust_env = False
        session.mount("http://", PublicOnlyAdapter())
        with pytest.raises(requests.ConnectionError):
            session.get(f"http://127.0.0.1:{listening.getsockname()[1]}")
        accepted, _ = listening.accept()
        with accepted:
            accepted.settimeout(5)
            assert accepted.recv(10) == b""


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes], str]]:
    """A bare socket that says ``first`` at once, and then a byte every fiftieth of a second, for as long as anybody
    listens."""
    ends: list[Callable[[], None]] = []

    def start(first: bytes) -> str:
        listening, stopping = socket.create_server(("127.0.0.1", 0)), threading.Event()

        def drip() -> None:
            line, _ = listening.accept()
            with line, suppress(OSError):
                line.sendall(first)
                while not stopping.wait(0.02):
                    line.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()

        def end() -> None:
            stopping.set()
            thread.join(10)
            listening.close()

        ends.append(end)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for end in ends:
        end()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", OK + b"\r\n", OK + b"Content-Length: 1000000\r\n\r\n"],
    ids=["status line", "header", "body", "body of a length"],
)
def test_file_that_drips_ends_at_the_time_limit(
    first: bytes,
    account: Account,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    dripping: Callable[[bytes], str],
) -> None:
    monkeypatch.setattr(media, "MAX_SECONDS", 0.5)
    settings.SIMULATOR_URL = dripping(first)
    started = time.monotonic()
    assert code_of(account, settings.SIMULATOR_URL + MEDIA, "image") == ("timeout", False)
    assert 0.4 < time.monotonic() - started < 5


def test_picture_that_has_to_be_unpacked_whole_costs_a_bounded_amount_of_memory(tmp_path: Path) -> None:
    """In a process of its own, whose peak can be read: the largest that is opened, and one that is not."""
    code = (
        "import resource, sys; from pathlib import Path; from channels import media\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "made = media.keep_preview(Path(sys.argv[1]))\n"
        "print(made is not None, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    told = []
    for name, size in (("largest", (5000, 5000)), ("larger", (7000, 7000))):
        bomb = tmp_path / name
        bomb.write_bytes(picture("PNG", size=size, mode="RGBA", colour=(1, 2, 3, 4)))
        assert bomb.stat().st_size < 1_000_000
        done = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup(); {code}", str(bomb)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        made, megabytes = done.stdout.split()
        told.append((made, int(megabytes) < 400))
    assert told == [("True", True), ("False", True)]


def test_preview_is_kept_beside_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "bestand"
    path.write_bytes(picture(size=(3000, 1500)))
    made = media.keep_preview(path)
    assert [found.name for found in sorted(tmp_path.iterdir())] == ["bestand", "bestand.preview"]
    assert media.preview_path(path).read_bytes() == made
    (tmp_path / "tekst").write_bytes(b"<svg/>")
    assert media.keep_preview(tmp_path / "tekst") is None
    assert media.preview_path(tmp_path / "tekst").exists() is False
