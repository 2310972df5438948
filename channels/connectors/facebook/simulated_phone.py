"""The simulated Facebook's phone in the street: what stands on each Page, and its Messenger."""

from channels.simulator.platform import Json
from channels.simulator.town import DemoAccount, accounts, app, citizen


def phone(state: Json) -> Json:
    """A public room and a Messenger room for each Page; newest post first, comments and messages oldest first."""
    replies: dict[str, list[Json]] = {}
    for comment in state["comments"].values():
        replies.setdefault(comment["parent"] or comment["post"], []).append(comment)
    pages = [
        page
        for page in accounts("facebook")
        if page in app("facebook").accounts or page.external_id not in state["unsubscribed"]
    ]
    rooms = [room for page in pages for room in _rooms(state, page, replies)]
    return {"kind": "facebook", "title": "Facebook", "rooms": rooms}


def _rooms(state: Json, page: DemoAccount, replies: dict[str, list[Json]]) -> list[Json]:
    data = {"page": page.external_id}
    posts = [post for post in state["posts"].values() if post["page"] == page.external_id]
    messages = [item for item in state["messages"].values() if item["page"] == page.external_id]
    posts.sort(key=lambda post: str(post["at"]), reverse=True)
    return [
        {
            "id": f"page-{page.external_id}",
            "title": page.name,
            "public": True,
            "per_citizen": False,
            "composer": _composer("visitor_post", f"Schrijf iets op de pagina van {page.name}…", data),
            "items": [_shown(state, post, page, replies) for post in posts],
        },
        {
            "id": f"messenger-{page.external_id}",
            "title": f"Messenger · {page.name}",
            "public": False,
            "per_citizen": True,
            "composer": _composer("message", "Aa", data),
            "items": [_shown(state, message, page, {}) for message in messages],
        },
    ]


def _shown(state: Json, item: Json, page: DemoAccount, replies: dict[str, list[Json]]) -> Json:
    private = item["id"] in state["messages"]
    from_us = bool(item.get("from_us")) or not item["citizen"]
    who = page if from_us else citizen(item["citizen"])
    actions = []
    if not item["deleted"]:
        if not private:
            actions.append({"action": "comment", "label": "Reageren", "data": {"to": item["id"]}, "asks": "text"})
        if from_us or not private:
            actions.append({"action": "react", "label": "👍 Leuk", "data": {"id": item["id"]}, "asks": ""})
        if not from_us:
            actions.append({"action": "edit", "label": "Bewerken", "data": {"id": item["id"]}, "asks": "text"})
        if not from_us and not private:
            actions.append({"action": "delete", "label": "Verwijderen", "data": {"id": item["id"]}, "asks": ""})
    return {
        "id": item["id"],
        "citizen": item["citizen"],
        "from_us": from_us,
        "name": who.name,
        "handle": page.handle if from_us else "",
        "text": item["text"],
        "at": item["at"],
        "photos": item["photos"],
        "location": None,
        "edited": item["edited"],
        "deleted": item["deleted"],
        "hidden": item["hidden"],
        "state": item["state"] if private else "",
        "reactions": " ".join(item.get("reactions", {}).values()),
        "replies": [_shown(state, reply, page, replies) for reply in replies.get(item["id"], [])],
        "actions": actions,
    }


def _composer(action: str, placeholder: str, data: Json) -> Json:
    return {"action": action, "placeholder": placeholder, "photo": True, "data": data}
