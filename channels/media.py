"""Fetch what came along with a message: from the platform's own hosts only, within size and time, type by its bytes."""

import io
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from django.conf import settings
from PIL import Image, ImageOps, ImageSequence

from channels import sniffing
from channels.connector import Connector
from channels.gateway import connector_of
from channels.http import (
    AnswerTooLarge,
    PlatformSession,
    PublicOnlyAdapter,
    from_network_error,
    is_public_address,
    limited,
)
from channels.models import Account

MAX_BYTES = 20 * 1024 * 1024
MAX_SECONDS = 60.0  # for one file, redirects included
MAX_REDIRECTS = 3
IN_MEMORY = 1024 * 1024  # bytes; a larger file goes to disk
PREVIEW_PIXELS = 1200
SEND_PIXELS = 4096  # of a picture that we send
# What has to be unpacked whole takes four bytes a pixel, or six: a picture of a few kilobytes must not fill the memory.
WHOLE_PIXELS = 25_000_000
# What the platform promised, and which families of content type may keep that promise.
PROMISED = {
    "image": ("image/",),
    "sticker": ("image/",),
    "video": ("video/", "image/gif"),
    "audio": ("audio/", "video/mp4", "video/3gpp", "video/webm"),  # one container for sound and pictures
}


class MediaFailed(Exception):
    """The file did not come. ``code`` says why, in one word or the HTTP status ("http_404", "too_large", "host",
    "address", "redirects", "content", "timeout", "network"); ``permanent``: asking again is of no use."""

    def __init__(self, code: str, *, permanent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that is here: an open temporary file at its start (whoever fetched it closes it; it vanishes then),
    the content type by its bytes, and the size in bytes."""

    content: BinaryIO
    content_type: str
    size: int


def fetch(account: Account, url: str, kind: str) -> FetchedFile:
    """Fetch the file of an attachment of ``kind`` (channels.messages.Attachment.kind). Raises MediaFailed only.

    Credentials go to the first host alone, never along with a redirect. With SIMULATOR_URL everything comes from
    the simulator, and nothing from the internet.
    """
    connector = connector_of(account)
    deadline = time.monotonic() + MAX_SECONDS
    with _session() as session:
        session.deadline = deadline
        response = _follow(session, connector, account, url, deadline)
        content = _received(response, deadline)
    try:
        content_type = sniffing.sniff(content)
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
    except BaseException:
        content.close()
        raise
    if kind in PROMISED and not content_type.startswith(PROMISED[kind]):
        content.close()
        raise MediaFailed("content", permanent=True)  # an error page under status 200, or a damaged file
    return FetchedFile(content, content_type, size)


def preview(content: bytes) -> bytes | None:
    """A JPEG of at most PREVIEW_PIXELS wide and high, upright, without the maker's data (place, time, camera);
    None for what is no picture, or is too large to open safely. One at a time in a process, some 200 MB at most."""
    with _one_at_a_time:
        try:
            with Image.open(io.BytesIO(content), formats=list(sniffing.PICTURES)) as picture:
                # A plain JPEG is decoded small at once; anything else has to be unpacked whole.
                in_parts = picture.format == "JPEG" and not picture.info.get("progressive")
                if picture.width * picture.height > (sniffing.MAX_PIXELS if in_parts else WHOLE_PIXELS):
                    return None
                picture.draft("RGB", (PREVIEW_PIXELS, PREVIEW_PIXELS))
                picture.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS))
                return _jpeg(ImageOps.exif_transpose(picture))
        except sniffing.DAMAGED:
            return None


def to_send(content: bytes, content_type: str, most: int) -> bytes:
    """A picture of ours made anew at its own type, upright, without the maker's data (place, time, camera), at most
    SEND_PIXELS wide and high and ``most`` bytes. A moving GIF goes on moving.

    Raises MediaFailed: "content" (no picture that we can open safely) or "too_large"."""
    formats = {known: name for name, known in sniffing.PICTURES.items()}
    name = formats[content_type]
    with _one_at_a_time:
        try:
            with Image.open(io.BytesIO(content), formats=[name]) as picture:
                if picture.width * picture.height > WHOLE_PIXELS:
                    raise MediaFailed("too_large", permanent=True)
                if name == "GIF":
                    made = _gif(picture)
                else:
                    upright = ImageOps.exif_transpose(picture)
                    upright.thumbnail((SEND_PIXELS, SEND_PIXELS))
                    made = _within(upright, name, most)
        except sniffing.DAMAGED:
            raise MediaFailed("content", permanent=True) from None
    if len(made) > most:
        raise MediaFailed("too_large", permanent=True)
    return made


def _within(picture: Image.Image, name: str, most: int) -> bytes:
    """Saved anew, a JPEG or WebP ever coarser until it fits."""
    clean = _clean(picture, name)
    made = b""
    for quality in (90, 80, 65, 50):
        written = io.BytesIO()
        clean.save(written, name, **({"optimize": True} if name == "PNG" else {"quality": quality}))
        made = written.getvalue()
        if name == "PNG" or len(made) <= most:
            break
    return made


def _clean(picture: Image.Image, name: str) -> Image.Image:
    """A new picture: nothing but the pixels goes along."""
    if name == "JPEG" and picture.mode not in {"RGB", "L"}:
        picture = picture.convert("RGB")
    elif picture.mode == "P":
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean


def _gif(picture: Image.Image) -> bytes:
    frames, durations = [], []
    for frame in ImageSequence.Iterator(picture):
        durations.append(frame.info.get("duration", 100))
        frames.append(_clean(frame.convert("RGBA"), "GIF"))
        if len(frames) * picture.width * picture.height > WHOLE_PIXELS:
            raise MediaFailed("too_large", permanent=True)
    written = io.BytesIO()
    moving: dict[str, Any] = (
        {"save_all": True, "append_images": frames[1:], "duration": durations, "loop": 0, "disposal": 2}
        if len(frames) > 1
        else {}
    )
    frames[0].save(written, "GIF", **moving)
    return written.getvalue()


def preview_path(path: Path) -> Path:
    """Where the preview of the file at ``path`` is kept."""
    return path.with_name(f"{path.name}.preview")


def keep_preview(path: Path) -> bytes | None:
    """Make the preview of the file at ``path`` and keep it beside it; None as ``preview``. Raises OSError.

    It can be made again at any time, so it is no part of a backup."""
    made = preview(path.read_bytes())
    if made is None:
        return None
    # Written aside and renamed: whoever looks meanwhile sees none, or the whole of it.
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".preview-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(made)
        Path(aside).replace(preview_path(path))
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return made


_one_at_a_time = threading.Lock()


def _jpeg(picture: Image.Image) -> bytes:
    if picture.has_transparency_data:
        # Transparent parts become white, as on the page they are shown on.
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer.getchannel("A"))
    elif picture.mode not in {"RGB", "L"}:
        picture = picture.convert("RGB")
    clean = Image.new(picture.mode, picture.size)  # a new picture: nothing but the pixels goes along
    clean.paste(picture)
    written = io.BytesIO()
    clean.save(written, "JPEG", quality=82, optimize=True)
    return written.getvalue()


def _session() -> PlatformSession:
    session = PlatformSession(settings.SIMULATOR_URL)
    if not settings.SIMULATOR_URL:
        session.mount("https://", PublicOnlyAdapter())
    return session


def _follow(
    session: PlatformSession, connector: Connector, account: Account, url: str, deadline: float
) -> requests.Response:
    for hop in range(MAX_REDIRECTS + 1):
        _check_address(connector, url)
        auth = connector.media_auth(account.credentials(), url) if hop == 0 else None
        try:
            # A function, not None: requests would else look into ~/.netrc.
            response = session.get(url, auth=auth or _nobody, stream=True)
        except requests.RequestException as error:
            raise _network(error) from None
        if not response.is_redirect:
            return _accepted(response)
        target = response.headers.get("location", "")
        response.close()
        if time.monotonic() > deadline:
            raise MediaFailed("timeout", permanent=False)
        url = urljoin(url, target)
    raise MediaFailed("redirects", permanent=True)


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _check_address(connector: Connector, url: str) -> None:
    """Raises MediaFailed unless the address is one we may call."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise MediaFailed("host", permanent=True) from None
    if settings.SIMULATOR_URL and _same_place(parts, urlsplit(settings.SIMULATOR_URL)):
        return
    if parts.scheme != "https" or port not in {None, 443} or parts.username or not _is_listed(connector, host):
        raise MediaFailed("host", permanent=True)
    # The session rewrites every address to the simulator's, so there is nothing to resolve.
    if not settings.SIMULATOR_URL and not is_public_address(host):
        raise MediaFailed("address", permanent=False)


def _same_place(one: SplitResult, other: SplitResult) -> bool:
    return (one.scheme, one.netloc) == (other.scheme, other.netloc)


def _is_listed(connector: Connector, host: str) -> bool:
    suffixes = [suffix.lstrip(".") for suffix in connector.media_hosts]
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes)


def _accepted(response: requests.Response) -> requests.Response:
    status = response.status_code
    if status == requests.codes.ok:
        announced = response.headers.get("content-length", "")
        if not (announced.isdecimal() and int(announced) > MAX_BYTES):
            return response
        response.close()
        raise MediaFailed("too_large", permanent=True)
    response.close()
    # 401: until the account is connected again. 404: Twilio answers before its own storage has the file.
    later = status in {401, 404, 408, 425, 429} or status >= 500
    raise MediaFailed(f"http_{status}", permanent=not later)


def _received(response: requests.Response, deadline: float) -> BinaryIO:
    content = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (handed to the caller)
    try:
        for piece in limited(response, MAX_BYTES, deadline):
            content.write(piece)
    except AnswerTooLarge:
        content.close()
        raise MediaFailed("too_large", permanent=True) from None
    except requests.RequestException as error:
        content.close()
        raise _network(error) from None
    except BaseException:
        content.close()
        raise
    return content  # type: ignore[return-value]


def _network(error: requests.RequestException) -> MediaFailed:
    if isinstance(error, requests.Timeout):
        return MediaFailed("timeout", permanent=False)
    if from_network_error(error).reason == "configuration":
        return MediaFailed("host", permanent=True)
    return MediaFailed("network", permanent=False)
