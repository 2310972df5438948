"""An attachment in words: what it is, whether it is here, why not; with the addresses of our own views only."""

from collections.abc import Callable
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from channels import sniffing
from inbox.models import Attachment, AttachmentState

IN_SIGHT = {"image", "sticker"}


@dataclass(frozen=True, slots=True)
class File:
    """An attachment. ``shape``: image | audio | video | file | location | contact | link | pending | failed.
    ``retry``: it may be fetched again."""

    pk: int
    shape: str
    icon: str
    name: str
    words: str
    url: str = ""
    preview: str = ""
    retry: bool = False


def web_address(url: str) -> str:
    """The address when it is one of the web, else "": platforms' words never become another scheme."""
    return url if url.startswith(("https://", "http://")) else ""


def file(attachment: Attachment, *, retry: bool) -> File:
    """One attachment for who may see its conversation. ``retry``: the reader may have a failed one fetched again.

    By the type its bytes told alone: a picture is shown as the one we made of it, sound and film go into a player,
    anything else is a download."""
    kind = attachment.kind
    if kind == "location":
        return _place(attachment)
    if kind == "contact":
        return File(attachment.pk, "contact", "contact", attachment.name or _("Contact card"), attachment.text)
    if attachment.state == AttachmentState.NONE:
        address = web_address(attachment.source_url) if kind == "link" else ""
        return File(attachment.pk, "link", "external", attachment.name or address, attachment.text, address)
    name = attachment.name or _kind_words(kind)
    icon = "photo" if kind in IN_SIGHT else "attachment"
    if attachment.state == AttachmentState.PENDING:
        return File(attachment.pk, "pending", icon, name, _("is being fetched"))
    if attachment.state == AttachmentState.FAILED:
        again = retry and bool(attachment.source_url)
        return File(attachment.pk, "failed", "warning", name, why_failed(attachment.error), retry=again)
    return _here(attachment, icon, name)


def _here(attachment: Attachment, icon: str, name: str) -> File:
    url = reverse("attachment", args=[attachment.pk])
    size = filesizeformat(attachment.size) if attachment.size is not None else ""
    if attachment.content_type in sniffing.PICTURES.values():
        preview = reverse("attachment_preview", args=[attachment.pk])
        return File(attachment.pk, "image", icon, attachment.text or name, size, url, preview)
    family = attachment.content_type.partition("/")[0]
    if family in {"audio", "video"}:
        return File(attachment.pk, family, icon, name, size, url)
    words = ", ".join(part for part in (_type_words(attachment.content_type), size) if part)
    return File(attachment.pk, "file", icon, name, words, url)


def _place(attachment: Attachment) -> File:
    words, url = attachment.text, ""
    if attachment.latitude is not None and attachment.longitude is not None:
        spot = f"{attachment.latitude:.5f}, {attachment.longitude:.5f}"
        words = f"{words} ({spot})" if words else spot
        latitude, longitude = f"{attachment.latitude:.5f}", f"{attachment.longitude:.5f}"
        url = f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=18/{latitude}/{longitude}"
    return File(attachment.pk, "location", "location", attachment.name or _("Location"), words, url)


def _kind_words(kind: str) -> str:
    return {
        "image": _("Photo"),
        "sticker": _("Sticker"),
        "video": _("Video"),
        "audio": _("Sound recording"),
    }.get(kind, pgettext("attachment", "File"))


def _type_words(content_type: str) -> str:
    """What a download is; what we do not know is said to be so, before somebody opens it."""
    words: dict[str, Callable[[], str]] = {
        "application/pdf": lambda: "PDF",
        "application/zip": lambda: _("zip file: open it only if you expected it"),
        "application/x-ole-storage": lambda: _("Office document: open it only if you expected it"),
        "text/vcard": lambda: _("Contact card"),
        sniffing.UNKNOWN: lambda: _("file of an unknown kind: open it only if you expected it"),
    }
    found = words.get(content_type)
    if found is not None:
        return found()
    if content_type in {office for _folder, office in sniffing.OFFICE}:
        return _("Office document")
    return _("picture that cannot be shown here") if content_type.startswith("image/") else ""


def why_failed(code: str) -> str:
    """Why a file is not here, by Attachment.error, and what to do: the end of a sentence that begins with its name."""
    words: dict[str, Callable[[], str]] = {
        "too_large": lambda: _("was not fetched: larger than 20 MB. Ask the citizen for a smaller file."),
        "content": lambda: _("was not fetched: it is not what it says it is."),
        "no_address": lambda: _("could not be fetched. Ask the citizen to send it again."),
        "gone": lambda: _("is no longer at the platform. Ask the citizen to send it again."),
        "refused": lambda: _("was refused by the platform. Ask an administrator to check the channel."),
        "elsewhere": lambda: _("was not fetched: it does not lie at the platform itself."),
        "later": lambda: _("did not come: the platform did not answer. Fetch it again later."),
        "ours": lambda: _("could not be kept here. Tell an administrator, then fetch it again."),
    }
    return words[_reason(code)]()


def _reason(code: str) -> str:
    if code in {"http_404", "http_410"}:
        return "gone"
    if code in {"http_401", "http_403"}:
        return "refused"
    if code in {"host", "address", "redirects"}:
        return "elsewhere"
    if code in {"timeout", "network", "http_408", "http_425", "http_429"} or code.startswith("http_5"):
        return "later"
    if code in {"disk", "crashed"}:
        return "ours"
    return code if code in {"too_large", "content"} else "no_address"
