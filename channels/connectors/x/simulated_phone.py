"""The phone with X in the street: timeline and direct messages as channels/simulator/README.md shapes them. Pure."""

from channels.connectors.x import simulated_wire as wire
from channels.simulator.platform import Json
from channels.simulator.town import CITIZENS, DemoAccount

SHOWN = 300  # posts, and direct messages, on the phone; the newest


def phone(state: Json, account: DemoAccount) -> Json:
    """Timeline newest first with the replies under each post, oldest first; direct messages oldest first."""
    posts = dict(list(state["posts"].items())[-SHOWN:])
    keys = {one.x_id: one.key for one in CITIZENS}
    replies: dict[str, list[Json]] = {}
    tops = []
    for post in posts.values():
        parent = post["reply_to"]
        while parent in state["versions"]:
            parent = state["versions"][parent]
        if parent in posts:
            replies.setdefault(parent, []).append(post)
        else:
            tops.append(post)
    # A deleted post is still shown where replies hang under it, else it is gone.
    shown = [post for post in tops if not post["deleted"] or post["id"] in replies]
    timeline = [_post_item(post, state, replies, keys) for post in shown]
    dms = list(state["dms"].values())[-SHOWN:]
    return {
        "kind": "x",
        "title": "X",
        "envelope": state["envelope"],
        "rooms": [
            {
                "id": "timeline",
                "title": "Tijdlijn",
                "public": True,
                "per_citizen": False,
                "composer": {
                    "action": "mention",
                    "placeholder": f"Vraag het aan @{account.handle}",
                    "photo": True,
                    "data": {},
                },
                "items": sorted(timeline, key=lambda item: str(item["at"]), reverse=True),
            },
            {
                "id": "dm",
                "title": "Berichten",
                "public": False,
                "per_citizen": True,
                "composer": {"action": "dm", "placeholder": "Nieuw bericht", "photo": True, "data": {}},
                "items": [_dm_item(dm, account) for dm in dms],
            },
        ],
    }


def _post_item(post: Json, state: Json, replies: dict[str, list[Json]], keys: dict[str, str]) -> Json:
    user = wire.users()[post["author"]]
    own = keys.get(post["author"], "")
    actions: list[Json] = []
    if not post["deleted"]:
        to = {"to": post["id"]}
        actions = [{"action": "reply", "label": "Beantwoorden", "data": to, "asks": "text"}]
        if not own:  # shows what may not be answered: X asks for a mention
            actions += [{"action": "aside", "label": "Beantwoorden zonder @", "data": to, "asks": "text"}]
        actions += [{"action": "quote", "label": "Citeren", "data": to, "asks": "text"}]
        if own:
            mine = {"id": post["id"]}
            actions += [{"action": "edit", "label": "Bewerken", "data": mine, "asks": "text"}]
            actions += [{"action": "delete", "label": "Verwijderen", "data": mine, "asks": ""}]
    return {
        "id": post["id"],
        "citizen": own,
        "from_us": not own,
        "name": user["name"],
        "handle": user["username"],
        "text": "" if post["deleted"] else post["text"],
        "at": post["at"],
        "photos": [] if post["deleted"] else [file["url"] for file in post["media"]],
        "location": None,
        "edited": bool(post["previous"]),
        "deleted": post["deleted"],
        "hidden": post["hidden"],
        "state": "" if own else "sent",
        "quote": _quoted(post, state),
        "replies": [_post_item(reply, state, replies, keys) for reply in replies.get(post["id"], [])],
        "actions": actions,
    }


def _quoted(post: Json, state: Json) -> Json | None:
    """Who and what a post quotes; None without a quote, or when the quoted post is gone."""
    key = post["quote_of"]
    while key in state["versions"]:
        key = state["versions"][key]
    quoted = state["posts"].get(key)
    if quoted is None or quoted["deleted"]:
        return None
    return {"name": wire.users()[quoted["author"]]["name"], "text": quoted["text"]}


def _dm_item(dm: Json, account: DemoAccount) -> Json:
    user = wire.users()[dm["account"] if dm["from_us"] else dm["citizen_id"]]
    return {
        "id": dm["id"],
        "citizen": dm["citizen"],
        "from_us": dm["from_us"],
        "name": user["name"],
        "handle": user["username"],
        "text": dm["text"],
        "at": dm["at"],
        "photos": [file["url"] for file in dm["media"]],
        "location": None,
        "edited": False,
        "deleted": False,
        "hidden": False,
        "state": dm["state"],
        "replies": [],
        "actions": [],
    }
