"""One post of X, in either API generation, as an IncomingMessage."""

import html
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from channels.connectors.x.values import Json, by_id, ident, items, obj, person, text, when
from channels.messages import Attachment, Context, Ignored, IncomingMessage, Person

MEDIA_KINDS = {"photo": "image", "video": "video", "animated_gif": "video"}
# The first part of a media key says what it is, also when the file itself was not sent along.
MEDIA_KEY_KINDS = {"3": "image", "5": "video", "7": "video", "13": "video", "16": "video"}
NO_LANGUAGE = {"und", "zxx", "art"}
OLD_LANGUAGES = {"in": "id", "iw": "he", "ji": "yi"}  # X still says these
IMAGE_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}


def permalink(handle: str, post_id: str) -> str:
    """Where a post can be seen; without a handle X finds the author itself."""
    return f"https://x.com/{handle or 'i/web'}/status/{post_id}"


def read_post(
    post: Json, includes: Json, account_id: str, received_at: datetime, *, event: str = ""
) -> IncomingMessage | Ignored:
    """A v2 post as it concerns ``account_id``. ``event`` is what kind of event X called it, "" when not said.

    Raises ValueError when it has no id or no author: without those it cannot be answered or found again.
    """
    post_id, author_id = ident(post, "id"), ident(post, "author_id")
    if not (post_id and author_id):
        raise ValueError("post without id or author")
    references = {text(item.get("type")): ident(item, "id") for item in items(post.get("referenced_tweets"))}
    if "retweeted" in references:
        return Ignored(reason="repost", account_id=account_id)

    users = by_id(items(includes.get("users")))
    author = person(users.get(author_id, {}), author_id)
    from_us = author_id == account_id
    parent_id = references.get("replied_to") or ident(post, "in_reply_to_tweet_id")
    quoted_id = references.get("quoted", "")
    known = by_id(items(includes.get("tweets")))
    quotes_us = event == "post.quote.create" or (
        bool(quoted_id) and ident(known.get(quoted_id, {}), "author_id") == account_id
    )
    mentions_us = event == "post.mention.create" or _mentions(post, account_id, users.get(account_id, {}))
    if parent_id:
        kind = "reply"
    elif quotes_us:
        kind = "quote"
    else:
        kind = "mention" if mentions_us else "message"

    context_id = parent_id or quoted_id
    earlier = post.get("edit_history_tweet_ids")
    return IncomingMessage(
        account_id=account_id,
        external_id=post_id,
        thread_id=ident(post, "conversation_id") or parent_id or post_id,
        public=True,
        author=author,
        text=post_text(post),
        sent_at=when(post.get("created_at"), received_at),
        peer=_answered(post, users, account_id) if from_us else author,
        from_us=from_us,
        in_reply_to=parent_id,
        kind=kind,
        attachments=_attachments(post, includes),
        url=permalink(author.handle, post_id),
        context=_context(context_id, known.get(context_id, {}), users, account_id) if context_id else None,
        previous_ids=tuple(text(item) for item in earlier if isinstance(item, str) and item and item != post_id)
        if isinstance(earlier, list)
        else (),
        answerable=from_us or mentions_us or quotes_us,
        language=language(post),
    )


def language(post: Json) -> str:
    """The language X takes a post to be in; "" where it does not know (und) or there are no words (zxx, art, q…)."""
    told = text(post.get("lang"))
    known = re.fullmatch(r"[a-z]{2,3}", told) and told not in NO_LANGUAGE and not told.startswith("q")
    return OLD_LANGUAGES.get(told, told) if known else ""


def post_text(post: Json) -> str:
    """What the author wrote: whole (long posts too), unescaped, links in full, without media links."""
    long = obj(post.get("note_tweet"))
    source = long if text(long.get("text")) else post
    entities = [obj(source.get("entities"))] + ([obj(post.get("entities"))] if source is long else [])
    return unshortened(text(source.get("text")), (link for part in entities for link in items(part.get("urls"))))


def unshortened(written: str, links: Iterable[Json]) -> str:
    """``written`` unescaped, its t.co links replaced by what they stand for; links to own media fall away."""
    # First, as a full address may hold what looks like an entity ("?a=1&copy=2").
    written = html.unescape(written)
    for link in links:
        short = text(link.get("url"))
        if not short:
            continue
        own_media = link.get("media_key") or text(link.get("display_url")).startswith(("pic.x.com", "pic.twitter.com"))
        # Only the whole link: one t.co address may be the beginning of another.
        full = "" if own_media else text(link.get("expanded_url")) or short
        written = re.sub(re.escape(short) + r"(?![A-Za-z0-9])", full.replace("\\", r"\\"), written)
    return written.strip()


def _mentions(post: Json, account_id: str, us: Json) -> bool:
    """Whether the post names us, by id or handle: X asks for that before we may answer (README, "summoned")."""
    handle = text(us.get("username")).lower()
    found = items(obj(post.get("entities")).get("mentions"))
    found += items(obj(obj(post.get("note_tweet")).get("entities")).get("mentions"))
    return any(
        ident(mention, "id") == account_id or (handle and text(mention.get("username")).lower() == handle)
        for mention in found
    )


def _answered(post: Json, users: dict[str, Json], account_id: str) -> Person | None:
    """Whom our own post answers: its parent's author, when that is somebody else."""
    other = ident(post, "in_reply_to_user_id")
    return person(users.get(other, {}), other) if other and other != account_id else None


def _context(post_id: str, post: Json, users: dict[str, Json], account_id: str) -> Context:
    author_id = ident(post, "author_id")
    author = person(users.get(author_id, {}), author_id)
    return Context(
        external_id=post_id,
        text=post_text(post),
        author_name=author.name,
        url=permalink(author.handle, post_id),
        from_us=bool(author_id) and author_id == account_id,
    )


def _attachments(post: Json, includes: Json) -> tuple[Attachment, ...]:
    keys = obj(post.get("attachments")).get("media_keys")
    if not isinstance(keys, list):
        return ()
    known = {text(item.get("media_key")): item for item in items(includes.get("media"))}
    return tuple(attachment(known.get(key, {}), key) for key in map(text, keys) if key)


def attachment(media: Json, media_id: str) -> Attachment:
    """A photo, video or animation; without ``url`` when X named the file but did not send it along."""
    kind = MEDIA_KINDS.get(text(media.get("type"))) or MEDIA_KEY_KINDS.get(media_id.partition("_")[0], "file")
    url = text(media.get("url"))
    content_type = IMAGE_TYPES.get(url.rpartition(".")[2].lower(), "") if kind == "image" else ""
    if kind == "video":
        films = [one for one in items(media.get("variants")) if text(one.get("content_type")) == "video/mp4"]
        best = max(films, key=_bitrate, default={})
        url, content_type = text(best.get("url")), "video/mp4" if best else ""
        if not url and (still := text(media.get("preview_image_url"))):
            kind, url, content_type = "image", still, IMAGE_TYPES.get(still.rpartition(".")[2].lower(), "")
    return Attachment(
        kind=kind,
        url=url,
        content_type=content_type,
        external_id=media_id,
        text=text(media.get("alt_text")),
    )


def _bitrate(variant: Json) -> int:
    value: Any = variant.get("bit_rate", variant.get("bitrate"))
    return value if isinstance(value, int) else 0


def from_v11(tweet: Json) -> tuple[Json, Json]:
    """A v1.1 Tweet (as in Account Activity) in the shape of a v2 post with its includes."""
    extended = obj(tweet.get("extended_tweet"))
    entities = obj(extended.get("entities")) or obj(tweet.get("entities"))
    media = items(obj(extended.get("extended_entities")).get("media")) or items(
        obj(tweet.get("extended_entities")).get("media")
    )
    media = media or items(entities.get("media"))
    quoted = obj(tweet.get("quoted_status"))
    parent_id = ident(tweet, "in_reply_to_status_id_str", "in_reply_to_status_id")
    quoted_id = ident(quoted, "id_str", "id") or ident(tweet, "quoted_status_id_str", "quoted_status_id")
    user = obj(tweet.get("user"))
    history = obj(tweet.get("edit_history"))
    references = [
        {"type": kind, "id": reference}
        for kind, reference in (
            ("replied_to", parent_id),
            ("quoted", quoted_id),
            ("retweeted", "1" if obj(tweet.get("retweeted_status")) else ""),
        )
        if reference
    ]
    post: Json = {
        "id": ident(tweet, "id_str", "id"),
        "author_id": ident(user, "id_str", "id"),
        "text": text(extended.get("full_text")) or text(tweet.get("full_text")) or text(tweet.get("text")),
        "created_at": tweet.get("timestamp_ms") or tweet.get("created_at"),
        "referenced_tweets": references,
        "in_reply_to_user_id": ident(tweet, "in_reply_to_user_id_str", "in_reply_to_user_id"),
        "entities": {
            "urls": [
                *items(entities.get("urls")),
                *({"url": text(item.get("url")), "media_key": "own"} for item in media),
            ],
            "mentions": [
                {"id": ident(item, "id_str", "id"), "username": text(item.get("screen_name"))}
                for item in items(entities.get("user_mentions"))
            ],
        },
        "edit_history_tweet_ids": history.get("edit_tweet_ids") or tweet.get("edit_history_tweet_ids"),
        "lang": tweet.get("lang"),
        "attachments": {"media_keys": [ident(item, "id_str", "id") for item in media]},
    }
    includes: Json = {
        "users": [_v2_user(user)],
        "media": [media_from_v11(item) for item in media],
        "tweets": [],
    }
    if quoted:
        inner, around = from_v11({**quoted, "quoted_status": None})
        includes["tweets"].append(inner)
        includes["users"] += around["users"]
    return post, includes


def _v2_user(user: Json) -> Json:
    found = person(user)
    return {
        "id": found.external_id,
        "name": found.name,
        "username": found.handle,
        "profile_image_url": found.avatar_url,
    }


def media_from_v11(item: Json) -> Json:
    """A v1.1 media entity in the shape of a v2 media object."""
    still = text(item.get("media_url_https")) or text(item.get("media_url"))
    photo = text(item.get("type")) == "photo"
    return {
        "media_key": ident(item, "id_str", "id"),
        "type": item.get("type"),
        "url": still if photo else "",
        "preview_image_url": still,
        "variants": obj(item.get("video_info")).get("variants"),
        "alt_text": text(item.get("ext_alt_text")),
    }
