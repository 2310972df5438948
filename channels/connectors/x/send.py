"""One answer to X: a public reply or a direct message, with its files; hiding and deleting."""

from pathlib import Path

from channels.connectors.x import failures
from channels.connectors.x.client import XClient
from channels.connectors.x.posts import permalink
from channels.connectors.x.values import Json, ident, items, obj
from channels.errors import PermanentFailure, UnknownOutcome
from channels.messages import OutgoingFile, OutgoingMessage, SentMessage

MEGABYTE = 1024 * 1024
# What goes up in one piece, and how big it may be (docs.x.com, media introduction).
MAX_SIZE = {
    "image/jpeg": 5 * MEGABYTE,
    "image/png": 5 * MEGABYTE,
    "image/webp": 5 * MEGABYTE,
    "image/gif": 15 * MEGABYTE,
}
MAX_FILES = 4


def send(client: XClient, message: OutgoingMessage) -> SentMessage:
    """Hand one message to X. Raises TemporaryFailure, PermanentFailure or UnknownOutcome.

    Files go up first; whatever fails there, nothing was posted. "duplicate" after an answer was lost may mean that
    the message is there: ``find_sent`` knows.
    """
    if not message.public and not message.to:
        raise PermanentFailure("", "recipient", "no recipient")
    _check_files(message)
    media_ids = [_upload(client, file, message.public) for file in message.files]
    return _post(client, message, media_ids) if message.public else _direct(client, message, media_ids)


def _post(client: XClient, message: OutgoingMessage, media_ids: list[str]) -> SentMessage:
    answer = client.write(
        client.tweepy.create_tweet,
        text=message.text or None,
        in_reply_to_tweet_id=message.in_reply_to or None,
        media_ids=media_ids or None,
    )
    post_id = _made(answer, "id", private=False)
    return SentMessage(external_id=post_id, url=permalink(client.account.handle, post_id))


def _direct(client: XClient, message: OutgoingMessage, media_ids: list[str]) -> SentMessage:
    answer = client.write(
        client.tweepy.create_direct_message,
        private=True,
        participant_id=message.to,
        text=message.text or None,
        media_id=media_ids[0] if media_ids else None,
    )
    event_id = _made(answer, "dm_event_id", private=True)
    return SentMessage(external_id=event_id, thread_id=ident(obj(answer.get("data")), "dm_conversation_id"))


def _made(answer: Json, name: str, *, private: bool) -> str:
    """The id of what was made. X may answer 200 with ``errors``: those count only when nothing was made."""
    if made := ident(obj(answer.get("data")), name):
        return made
    if errors := items(answer.get("errors")):
        status = errors[0].get("status")
        raise failures.refusal(status if isinstance(status, int) else 400, answer, {}, writing=True, private=private)
    raise UnknownOutcome("200", "no_answer", "no id in the answer")


def _check_files(message: OutgoingMessage) -> None:
    types = [file.content_type for file in message.files]
    if any(kind not in MAX_SIZE for kind in types):
        raise PermanentFailure("", "content", "file type")
    most = MAX_FILES if message.public else 1
    if len(types) > most or ("image/gif" in types and len(types) > 1):
        raise PermanentFailure("", "content", "too many files")


def _upload(client: XClient, file: OutgoingFile, public: bool) -> str:
    """Put a file at X; returns its media id. Safe to repeat: an upload nobody refers to disappears after a day."""
    try:
        content = Path(file.path).read_bytes()
    except OSError as error:
        raise PermanentFailure("", "content", f"file: {type(error).__name__}") from error
    if len(content) > MAX_SIZE[file.content_type]:
        raise PermanentFailure("", "content", "file size")
    category = "gif" if file.content_type == "image/gif" else "image"
    answer = client.post(
        "/2/media/upload",
        files={"media": (file.name, content, file.content_type)},
        data={"media_category": f"{'tweet' if public else 'dm'}_{category}"},
    )
    media_id = ident(obj(answer.get("data")), "id") or ident(answer, "id")
    if not media_id:
        raise PermanentFailure("200", "content", "no media id in the answer")
    if file.alt_text:
        alt_text = {"alt_text": {"text": file.alt_text[:1000]}}
        client.post("/2/media/metadata", json={"id": media_id, "metadata": alt_text})
    return media_id


def hide(client: XClient, post_id: str, hidden: bool) -> None:
    """Hide a reply under our own post, or show it again. Doing it twice does no harm. Raises as ``send``,
    but never UnknownOutcome."""
    client.read(client.tweepy.hide_reply if hidden else client.tweepy.unhide_reply, post_id)


def delete(client: XClient, post_id: str) -> None:
    """Delete a post of our own. Raises as ``send``, but never UnknownOutcome; "gone" when it was gone already."""
    client.read(client.tweepy.delete_tweet, post_id)
