"""An answer as the citizen will see it: posts on X in their thread, a comment on Facebook, a chat bubble."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from channels.gateway import capabilities_of, connector_of
from channels.models import Account
from inbox import standard_texts
from inbox.actions import upload as uploading
from inbox.actions.standard_reply import ending_of
from inbox.models import AccountSettings, Conversation, Upload, User

LINK_SHOWN = 23  # characters of an address that X shows, as it counts them
_LINK = re.compile(r"(?<![\w@.])(?:https?://|www\.)[^\s<]*[^\s<.,;:!?)\"'\]]", re.IGNORECASE)
# WhatsApp's own marks, at the edge of a word: *bold*, _italic_, ~struck~, ```as typed```.
_MARKS = (
    (re.compile(r"```(.+?)```", re.DOTALL), "code"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "s"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One message. ``length``: "120 / 280", where the platform counts."""

    html: SafeString
    length: str = ""
    over: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """``shape``: post (X, public) | comment (Facebook, public) | chat. ``handle`` with its @, "" elsewhere."""

    shape: str
    platform: str
    name: str
    handle: str
    parts: tuple[Part, ...]
    files: tuple[Upload, ...]
    too_long: bool


def preview_of(conversation: Conversation, user: User, text: str) -> Preview:
    """With the ending that the account agreed on, and the files put ready. At most two queries."""
    account = conversation.account
    agreed = AccountSettings.objects.filter(account=account).first()
    whole = standard_texts.signed(text, ending_of(agreed, user))
    return shown_as(account, whole, public=conversation.public, files=tuple(uploading.of(conversation, user)))


def shown_as(
    account: Account, text: str, *, public: bool, files: tuple[Upload, ...] = (), whole: bool = False
) -> Preview:
    """Any text from this account (with its app loaded); ``whole``: never as a thread. No query."""
    limits = capabilities_of(account)
    connector = connector_of(account)
    most = limits.max_length_public if public else limits.max_length_private
    parts = connector.split(text) if limits.can_thread and public and not whole else [text]
    counted = [connector.length(part) if limits.weighted_length and public else len(part) for part in parts]
    shape = ("post" if account.kind == "x" else "comment") if public else "chat"
    show = _with_short_links if shape == "post" else _marked if account.kind == "whatsapp" else _with_links
    return Preview(
        shape=shape,
        platform=account.get_kind_display(),
        name=account.name,
        handle=f"@{account.handle}" if account.handle else "",
        parts=tuple(
            Part(show(part), f"{length} / {most}" if shape == "post" and most else "", bool(most and length > most))
            for part, length in zip(parts, counted, strict=True)
            if part
        ),
        files=files,
        too_long=any(most and length > most for length in counted),
    )


def _with_links(text: str) -> SafeString:
    """Escaped; addresses look like links and are none: it is a picture of an answer."""
    return _linked(text, lambda address: address)


def _with_short_links(text: str) -> SafeString:
    return _linked(text, _short)


def _short(address: str) -> str:
    """As X shows an address: without its scheme, cut."""
    bare = re.sub(r"^https?://(www\.)?", "", address, flags=re.IGNORECASE)
    return bare if len(bare) <= LINK_SHOWN else bare[: LINK_SHOWN - 1] + "…"


def _linked(text: str, shown: Callable[[str], str]) -> SafeString:
    made, end = "", 0
    for found in _LINK.finditer(text):
        made += escape(text[end : found.start()]) + f'<span class="link">{escape(shown(found[0]))}</span>'
        end = found.end()
    return mark_safe(made + escape(text[end:]))  # noqa: S308 - every piece was escaped


def _marked(text: str) -> SafeString:
    """As WhatsApp sets it."""
    made = str(_with_links(text))
    for pattern, tag in _MARKS:
        made = pattern.sub(rf"<{tag}>\1</{tag}>", made)
    return mark_safe(made)  # noqa: S308 - escaped above; only these four tags were added
