"""Answers out: replies to comments and posts, Messenger messages within their window, files, and the
extras."""

import json
import mimetypes
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from channels.clock import now
from channels.connectors.facebook.failures import Call
from channels.connectors.facebook.graph import Graph
from channels.connectors.facebook.values import ident, mapping
from channels.errors import PermanentFailure, SendError, UnknownOutcome
from channels.messages import (
    AccountCredentials,
    Capabilities,
    Files,
    OutgoingFile,
    OutgoingMessage,
    ReceiptState,
    SentMessage,
    Window,
)

MAX_FILE_BYTES = 25 * 1024 * 1024  # Messenger's limit for an attachment
MAX_PHOTO_BYTES = 10 * 1024 * 1024  # a comment's (Graph API, photos)
PICTURES = ("image/jpeg", "image/png", "image/gif")
CAPABILITIES = Capabilities(
    max_length_public=8000,
    max_length_private=2000,
    window=Window(length=timedelta(hours=24), human_agent_length=timedelta(days=7)),
    can_hide=True,
    can_delete=True,
    receipts=frozenset({ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ}),
    can_like=True,
    can_reply_privately=True,
    private_reply_within=timedelta(days=7),
    max_files=1,
    files_public=Files(most=1, sizes=dict.fromkeys(PICTURES, MAX_PHOTO_BYTES)),
    files_private=Files(most=1, sizes=dict.fromkeys((*PICTURES, "application/pdf", "video/mp4"), MAX_FILE_BYTES)),
)


def send(graph: Graph, account: AccountCredentials, message: OutgoingMessage) -> SentMessage:
    """Hand one answer to Meta. Raises TemporaryFailure, PermanentFailure or UnknownOutcome."""
    if len(message.files) > CAPABILITIES.max_files:
        raise PermanentFailure("", "content", "more than one file")
    limit = CAPABILITIES.max_length_public if message.public else CAPABILITIES.max_length_private
    if limit is not None and len(message.text) > limit:
        raise PermanentFailure("", "too_long", f"{len(message.text)} characters")
    if not message.text and not message.files:
        raise PermanentFailure("", "content", "nothing to send")
    return _comment(graph, message) if message.public else _private(graph, account, message)


def hide(graph: Graph, external_id: str, hidden: bool = True) -> None:
    """Hide a comment from everyone but its author and their friends, or show it again. Raises as ``send``."""
    graph.post(external_id, {"is_hidden": "true" if hidden else "false"}, call=Call.CHANGE)


def like(graph: Graph, external_id: str, liked: bool = True) -> None:
    """Like a post or comment as the Page, or like it no more. Raises as ``send``."""
    if liked:
        graph.post(f"{external_id}/likes", {}, call=Call.CHANGE)
    else:
        graph.delete(f"{external_id}/likes")


def delete(graph: Graph, external_id: str) -> None:
    """Remove a comment, our own or one under our post; one that is gone already is no failure. Raises as
    ``send``."""
    try:
        graph.delete(external_id)
    except PermanentFailure as failure:
        if failure.reason != "gone":
            raise


def _comment(graph: Graph, message: OutgoingMessage) -> SentMessage:
    target = message.in_reply_to or message.thread_id
    if not target:
        raise PermanentFailure("", "configuration", "nothing to answer to")
    form = {"message": message.text} if message.text else {}
    if not message.files:
        answer = graph.post(f"{target}/comments", form)
    else:
        file = message.files[0]
        if not file.content_type.startswith("image/"):
            raise PermanentFailure("", "content", "a comment takes a picture only")
        with _opened(file) as content:
            answer = graph.post(f"{target}/comments", form, files={"source": _part(file, content)})
    external_id = _id(answer, "id")
    return SentMessage(external_id=external_id, url=f"https://www.facebook.com/{external_id}")


def _private(graph: Graph, account: AccountCredentials, message: OutgoingMessage) -> SentMessage:
    form = _envelope(account, message)
    path = f"{account.external_id}/messages"
    if not message.files:
        answer = graph.post(path, form | _said(message.text))
        # After a private reply this is the first we hear of who they are in Messenger.
        citizen = ident(answer.get("recipient_id"))
        return SentMessage(external_id=_id(answer, "message_id"), thread_id=citizen)
    if message.private_reply_to:
        # One message is all Meta takes before the citizen answers: not a file and then words.
        raise PermanentFailure("", "content", "a private reply is text only")
    file = message.files[0]
    attachment = {"type": _kind(file), "payload": {"attachment_id": _upload(graph, account, file)}}
    answer = graph.post(path, form | {"message": json.dumps({"attachment": attachment})})
    external_id = _id(answer, "message_id")
    if not message.text:
        return SentMessage(external_id=external_id)
    try:
        # Messenger has no message with both: the file goes first, the words are what receipts hang on.
        return SentMessage(external_id=_id(graph.post(path, form | _said(message.text)), "message_id"))
    except SendError as failure:
        # Half of it is with the citizen: trying again as a whole would send the file twice.
        raise UnknownOutcome(failure.code, "no_answer", "the file went, the text did not") from failure


def _envelope(account: AccountCredentials, message: OutgoingMessage) -> dict[str, str]:
    """Recipient and kind of message. Nested values as JSON text: the SDK form-encodes and mangles dicts."""
    if message.private_reply_to:
        # A first private answer to a public comment or post; once for each, within seven days.
        post = message.private_reply_to.startswith(f"{account.external_id}_")
        return {
            "recipient": json.dumps({"post_id" if post else "comment_id": message.private_reply_to}),
            "messaging_type": "RESPONSE",
        }
    if not message.to:
        raise PermanentFailure("", "recipient", "no recipient")
    form = {"recipient": json.dumps({"id": message.to}), "messaging_type": "RESPONSE"}
    window = CAPABILITIES.window
    if window is None or window.human_agent_length is None or message.last_from_citizen_at is None:
        return form  # we do not know: Meta decides
    age = now() - message.last_from_citizen_at
    if age > window.human_agent_length:
        raise PermanentFailure("", "window_closed", f"{age.days} days since the citizen wrote")
    if age > window.length:
        form |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return form


def _upload(graph: Graph, account: AccountCredentials, file: OutgoingFile) -> str:
    """Put the file at Meta without anyone seeing it; its attachment_id. May be done again without harm."""
    described = {"attachment": {"type": _kind(file), "payload": {"is_reusable": True}}}
    with _opened(file) as content:
        answer = graph.post(
            f"{account.external_id}/message_attachments",
            {"message": json.dumps(described)},
            files={"filedata": _part(file, content)},
            call=Call.CHANGE,
        )
    found = ident(mapping(answer).get("attachment_id"))
    if not found:
        raise PermanentFailure("", "content", "no attachment_id")
    return found


def _opened(file: OutgoingFile) -> BinaryIO:
    try:
        if Path(file.path).stat().st_size > MAX_FILE_BYTES:
            raise PermanentFailure("", "content", "the file is over 25 MB")
        return Path(file.path).open("rb")
    except OSError as error:
        raise PermanentFailure("", "content", type(error).__name__) from None


def _part(file: OutgoingFile, content: BinaryIO) -> tuple[str, Any, str]:
    # A plain name: Meta's multipart reader does not take an encoded one.
    suffix = Path(file.name).suffix if Path(file.name).suffix.isascii() else ""
    return (f"file{suffix or mimetypes.guess_extension(file.content_type) or ''}", content, file.content_type)


def _kind(file: OutgoingFile) -> str:
    kind = file.content_type.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "file"


def _said(text: str) -> dict[str, str]:
    return {"message": json.dumps({"text": text})}


def _id(answer: dict[str, Any], key: str) -> str:
    found = ident(answer.get(key))
    if not found:
        raise UnknownOutcome("", "no_answer", f"answer without {key}")
    return found
