"""How the simulated X writes its posts, direct messages and events: v2, v1.1 and both webhook envelopes. Pure."""

import hashlib
import html
import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from channels.connectors.x.length import link_spans
from channels.simulator.platform import Json
from channels.simulator.town import CITIZENS, DemoAccount, accounts

SHORT_LENGTH = 140  # where a v1.1 text is cut
_MENTION = re.compile(r"(?<![A-Za-z0-9_@])@([A-Za-z0-9_]{1,15})")


@cache
def users() -> dict[str, Json]:
    """Everyone on the simulated X under their id: our accounts and the citizens, as v2 users. Not to be changed."""
    people = [(one.external_id, one.name, one.handle) for one in accounts("x")]
    people += [(one.x_id, one.name, one.handle) for one in CITIZENS]
    return {key: {"id": key, "name": name, "username": handle} for key, name, handle in people}


def mentioned(text: str) -> list[str]:
    """The ids of everyone a text names, in order, each once; handles of nobody are left out."""
    handles = {user["username"].lower(): key for key, user in users().items()}
    found = (handles.get(handle.lower()) for handle in _MENTION.findall(text))
    return list(dict.fromkeys(key for key in found if key))


def full_text(post: Json) -> str:
    """What stands in the post, with the mentions that X put in front of a reply."""
    return " ".join([*(f"@{handle}" for handle in post["auto"]), post["text"]]).strip()


def shortened(written: str, media: Iterable[Json]) -> tuple[str, list[Json]]:
    """The text as X gives it (escaped, links as t.co, a link for the media at the end) and its link entities."""
    links: list[Json] = []
    for start, end in reversed(link_spans(written)):
        seen = written[start:end]
        full = seen if re.match(r"https?://", seen, re.IGNORECASE) else f"http://{seen}"
        short = _tco(full)
        links.insert(0, {"url": short, "expanded_url": full, "display_url": re.sub(r"^https?://", "", full)[:30]})
        written = written[:start] + short + written[end:]
    written = html.escape(written, quote=False)
    if files := list(media):
        short = _tco("".join(file["key"] for file in files))
        written = f"{written} {short}".strip()
        own = {"url": short, "expanded_url": short, "display_url": f"pic.x.com/{short[-10:]}"}
        links += [{**own, "media_key": file["key"]} for file in files]
    for link in links:
        start = written.find(link["url"])
        link.update(start=start, end=start + len(link["url"]))
    return written, links


def _tco(url: str) -> str:
    return "https://t.co/" + hashlib.sha256(url.encode()).hexdigest()[:10]


def v2_post(post: Json) -> Json:
    """A post of the state as a v2 Post."""
    plain = full_text(post)
    text, links = shortened(plain, post["media"])
    known = users()
    references = [
        {"type": kind, "id": post[name]}
        for kind, name in (("replied_to", "reply_to"), ("quoted", "quote_of"))
        if post[name]
    ]
    mentions = []
    for key in mentioned(plain):
        start = text.lower().find("@" + known[key]["username"].lower())
        end = start + 1 + len(known[key]["username"])
        mentions.append({"start": start, "end": end, "username": known[key]["username"], "id": key})
    result: Json = {
        "id": post["id"],
        "text": text,
        "author_id": post["author"],
        "created_at": _iso(post["at"]),
        "conversation_id": post["conversation"],
        "edit_history_tweet_ids": [*post["previous"], post["id"]],
        "entities": {"mentions": mentions, "urls": links},
        "lang": "nl",
        "reply_settings": "everyone",
        "possibly_sensitive": False,
    }
    if references:
        result["referenced_tweets"] = references
    if post["reply_to"]:
        result["in_reply_to_user_id"] = post["reply_to_author"]
    if post["media"]:
        result["attachments"] = {"media_keys": [file["key"] for file in post["media"]]}
    return result


def includes(posts: Iterable[Json], around: Iterable[Json]) -> Json:
    """Users, parents and quoted posts, and media that go with ``posts``."""
    posts, around = list(posts), list(around)
    everyone = users()
    wanted = dict.fromkeys(
        key
        for post in (*posts, *around)
        for key in (post["author"], post.get("reply_to_author"), *mentioned(full_text(post)))
        if key in everyone
    )
    result: Json = {"users": [everyone[key] for key in wanted]}
    if around:
        result["tweets"] = [v2_post(post) for post in around]
    if media := [v2_media(file) for post in posts for file in post["media"]]:
        result["media"] = media
    return result


def v2_media(file: Json) -> Json:
    """A photo of the state as a v2 media object."""
    return {"media_key": file["key"], "type": "photo", "url": file["url"], "alt_text": file["alt_text"]}


def v11_user(user_id: str) -> Json:
    """A user in the older shape; ids above 2^53 lose their last digits in a number, as they do at X."""
    user = users()[user_id]
    return {
        "id": float(user_id),
        "id_str": user_id,
        "name": user["name"],
        "screen_name": user["username"],
        "protected": False,
    }


def v11_tweet(post: Json, quoted: Json | None = None) -> Json:
    """A post of the state as a v1.1 Tweet: cut off with the whole in ``extended_tweet`` when it is long."""
    v2 = v2_post(post)
    own_media = {link["url"] for link in v2["entities"]["urls"] if "media_key" in link}
    entities: Json = {
        "hashtags": [],
        "symbols": [],
        "urls": [
            {key: link[key] for key in ("url", "expanded_url", "display_url")}
            for link in v2["entities"]["urls"]
            if link["url"] not in own_media
        ],
        "user_mentions": [
            {"id": float(one["id"]), "id_str": one["id"], "screen_name": one["username"]}
            for one in v2["entities"]["mentions"]
        ],
    }
    media = [
        {
            "id": float(file["key"].partition("_")[2]),
            "id_str": file["key"].partition("_")[2],
            "type": "photo",
            "media_url_https": file["url"],
            "url": next(iter(own_media)),
            "ext_alt_text": file["alt_text"],
        }
        for file in post["media"]
    ]
    text = v2["text"]
    moment = datetime.fromisoformat(post["at"])
    parent = post["reply_to"] or None
    tweet: Json = {
        "created_at": moment.strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "timestamp_ms": str(int(moment.timestamp() * 1000)),
        "id": float(post["id"]),
        "id_str": post["id"],
        "text": text,
        "truncated": False,
        "in_reply_to_status_id_str": parent,
        "in_reply_to_user_id_str": post["reply_to_author"] or None,
        "user": v11_user(post["author"]),
        "is_quote_status": bool(post["quote_of"]),
        "entities": entities,
        "lang": "nl",
    }
    if media:
        tweet["extended_entities"] = {"media": media}
    if len(text) > SHORT_LENGTH:
        tweet.update(
            text=text[: SHORT_LENGTH - 25] + "… " + _tco(post["id"]),
            truncated=True,
            extended_tweet={"full_text": text, "entities": entities},
        )
    if post["previous"]:
        history = [*post["previous"], post["id"]]
        tweet["edit_history"] = {"initial_tweet_id": history[0], "edit_tweet_ids": history}
    if quoted is not None:
        tweet.update(quoted_status_id_str=quoted["id"], quoted_status=v11_tweet(quoted))
    return tweet


def dm_conversation(account_id: str, citizen_id: str) -> str:
    """The id of a one-to-one conversation: both user ids, the smaller first."""
    return "-".join(sorted((account_id, citizen_id), key=int))


def dm_parties(dm: Json) -> tuple[str, str]:
    """Sender and recipient of a direct message of the state."""
    parties = (dm["account"], dm["citizen_id"])
    return parties if dm["from_us"] else (parties[1], parties[0])


def v2_dm(dm: Json) -> Json:
    """A direct message as ``GET /2/dm_events`` lists it."""
    text, links = shortened(dm["text"], dm["media"])
    event: Json = {
        "id": dm["id"],
        "event_type": "MessageCreate",
        "text": text,
        "sender_id": dm_parties(dm)[0],
        "created_at": _iso(dm["at"]),
        "dm_conversation_id": dm_conversation(dm["account"], dm["citizen_id"]),
    }
    if links:
        event["entities"] = {"urls": links}
    if dm["media"]:
        event["attachments"] = {"media_keys": [file["key"] for file in dm["media"]]}
    return event


def v11_dm(dm: Json) -> Json:
    """A direct message as webhooks bring it in both envelopes."""
    sender, recipient = dm_parties(dm)
    text, links = shortened(dm["text"], dm["media"])
    data: Json = {"text": text, "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": links}}
    if dm["media"]:
        file = dm["media"][0]
        number = file["key"].partition("_")[2]
        data["attachment"] = {
            "type": "media",
            "media": {
                "id": float(number),
                "id_str": number,
                "type": "photo",
                "media_url_https": file["url"],
                "url": links[-1]["url"],
            },
        }
    return {
        "type": "message_create",
        "id": dm["id"],
        "created_timestamp": _ms(dm["at"]),
        "message_create": {
            "target": {"recipient_id": recipient},
            "sender_id": sender,
            "message_data": data,
        },
    }


def read_event(account_id: str, citizen_id: str, at: str, last_id: str) -> Json:
    """That a citizen read our direct messages up to ``last_id``."""
    return {
        "created_timestamp": _ms(at),
        "sender_id": citizen_id,
        "target": {"recipient_id": account_id},
        "last_read_event_id": last_id,
    }


def activity(account: DemoAccount, kind: str, uuid: str, payload: Json, around: Json | None = None) -> Json:
    """The envelope of the X Activity API."""
    data: Json = {
        "event_uuid": uuid,
        "filter": {"user_id": account.external_id},
        "event_type": kind,
        "tag": "webcare",
        "payload": payload,
    }
    if around is not None:
        data["includes"] = around
    return {"data": data}


def account_activity(account: DemoAccount, name: str, events: list[Json], **more: Any) -> Json:
    """The envelope of the older Account Activity API."""
    return {"for_user_id": account.external_id, name: events, **more}


def _iso(at: str) -> str:
    return datetime.fromisoformat(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(at: str) -> str:
    return str(int(datetime.fromisoformat(at).timestamp() * 1000))
