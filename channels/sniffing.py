"""What a file is, by its first bytes: what the sender or the platform says of it is never believed. No Django."""

import zipfile
from typing import BinaryIO

from PIL import Image

UNKNOWN = "application/octet-stream"
HEAD = 512  # bytes that are looked at
MAX_PIXELS = 50_000_000  # beyond this a small file could fill the memory
PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}

STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # .doc .xls .ppt .msg
)
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
BRANDS = {  # of an ISO media file; any other brand is taken for MP4
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"avif": "image/avif",
}
OFFICE = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
# What Pillow raises on damaged input, besides its own errors, which are OSErrors.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def sniff(file: BinaryIO) -> str:
    """The content type by the bytes of a seekable file (left at its start); UNKNOWN when we cannot tell, and for
    a picture that cannot be opened. Never a type that a browser would run (HTML, SVG, script)."""
    file.seek(0)
    head = file.read(HEAD)
    found = _by_head(head)
    if found in PICTURES.values() and not is_picture(file):
        found = UNKNOWN
    elif head.startswith(b"PK\x03\x04"):
        found = _zipped(file)
    file.seek(0)
    return found


def is_picture(file: BinaryIO) -> bool:
    """Whether Pillow finds a whole picture of a size that is safe to open. The file's place is not kept."""
    file.seek(0)
    try:
        with Image.open(file, formats=list(PICTURES)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return False
            picture.verify()
    except DAMAGED:
        return False
    return True


def _by_head(head: bytes) -> str:
    for start, content_type in STARTS:
        if head.startswith(start):
            return content_type
    if head[:4] == b"RIFF":
        return RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "video/3gpp" if brand[:2] == b"3g" else BRANDS.get(brand, "video/mp4")
    if len(head) > 1 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "audio/aac"
        if head[1] & 0xE6 == 0xE2:  # layer III alone: layer I looks like the mark in front of UTF-16
            return "audio/mpeg"
    if head.lstrip(b"\xef\xbb\xbf \r\n")[:11].upper() == b"BEGIN:VCARD":
        return "text/vcard"
    return UNKNOWN


def _zipped(file: BinaryIO) -> str:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "application/zip"
    if "[Content_Types].xml" in names:
        for folder, content_type in OFFICE:
            if any(name.startswith(folder) for name in names):
                return content_type
    return "application/zip"
