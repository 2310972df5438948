"""X's webhooks: does X call us for this account, make it do so again, have it call again with what we missed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from channels.connectors.x.client import HOST, Bearer, XClient, answered
from channels.connectors.x.values import Json, ident, items, obj, text
from channels.errors import PermanentFailure
from channels.http import PlatformSession
from channels.messages import AppCredentials

POSTS = ("post.create", "post.delete", "post.mention.create", "post.reply.create", "post.quote.create")
DIRECT = ("dm.received", "dm.sent", "dm.read")
# Without these a citizen's message does not come by webhook; the others are worth having.
NEEDED = {"post.mention.create", "post.reply.create", "dm.received"}
TAG = "webcare"
MAX_SUBSCRIPTIONS = 1000  # in one page; self-serve has 1,500 at most
# X replays the last 24 hours; a minute less, for its clock is not ours.
REPLAYED = timedelta(hours=24) - timedelta(minutes=2)
# One page of X wants a replay to begin 31 minutes ago and to end 10 minutes ago, another knows no such rule.
BEGINS, ENDS = timedelta(minutes=32), timedelta(minutes=11)


class Webhooks:
    """The webhooks of one app, asked with its own bearer token. Everything here may safely be asked twice; raises
    PermanentFailure or TemporaryFailure. X charges for none of these calls (docs.x.com, pricing, 2026-08-22)."""

    def __init__(self, app: AppCredentials, session: PlatformSession) -> None:
        self.app = app
        self.session = session

    def problem(self, client: XClient, url: str) -> str:
        """ "missing", "invalid", "unsubscribed" or "", as Connector.webhook_problem."""
        ours = self._find(url)
        if ours is None:
            return "missing"
        if ours.get("valid") is not True:
            return "invalid"
        webhook_id = ident(ours, "id")
        if self._wanted(client) & NEEDED <= self._subscribed(client, webhook_id) or self._by_aaa(client, webhook_id):
            return ""
        return "unsubscribed"

    def restore(self, client: XClient, url: str) -> None:
        """Register our address, have it validated (X asks the CRC at once), subscribe the account: what is needed.

        Raises PermanentFailure "configuration" when X does not accept our answer to the CRC."""
        ours = self._find(url)
        if ours is None:
            ours = _data(self._asked("POST", "/2/webhooks", json={"url": url}))
        elif ours.get("valid") is not True:
            ours = {**ours, **_data(self._asked("PUT", f"/2/webhooks/{ident(ours, 'id')}"))}
        if ours.get("valid") is not True:
            raise PermanentFailure("CrcValidationFailed", "configuration", "X does not accept our webhook")
        webhook_id = ident(ours, "id")
        if self._by_aaa(client, webhook_id):
            return
        for kind in sorted(self._wanted(client) - self._subscribed(client, webhook_id)):
            # Mentions, replies, quotes and direct messages are private: the account itself must ask.
            client.post(
                "/2/activity/subscriptions",
                json={
                    "event_type": kind,
                    "filter": {"user_id": client.account.external_id},
                    "tag": TAG,
                    "webhook_id": webhook_id,
                },
            )

    def known(self) -> None:
        """Whether X takes the app's bearer token. Raises PermanentFailure when it does not."""
        self._asked("GET", "/2/webhooks")

    def unsubscribe(self, client: XClient, url: str) -> None:
        """X Activity brings this account's events to our address no longer."""
        ours = self._find(url)
        for one in self._listed(client, ident(ours, "id")) if ours is not None else []:
            self._asked("DELETE", f"/2/activity/subscriptions/{ident(one, 'subscription_id', 'id')}")

    def replay(self, url: str, since: datetime, until: datetime) -> bool:
        """Have X call again with the events from ``since`` to ``until`` (aware UTC), of the last 24 hours; False when
        it knows no webhook of ours. To the minute; what comes twice is known again by its key. Its last call is a
        ``replay_job_status``. One job at a time: one that runs already is as good."""
        ours = self._find(url)
        if ours is None:
            return False
        since = max(since, until - REPLAYED)
        periods = [(since, until), (min(since, until - BEGINS), until - ENDS)]
        for number, (first, last) in enumerate(periods):
            body = {"webhook_id": ident(ours, "id"), "from_date": _minute(first), "to_date": _minute(last)}
            try:
                self._asked("POST", "/2/webhooks/replay", json=body)
            except PermanentFailure as refused:
                if refused.code.startswith("409"):
                    return True
                if number or not refused.code.startswith("400"):
                    raise
                continue
            break
        return True

    def _find(self, url: str) -> Json | None:
        listed = items(self._asked("GET", "/2/webhooks").get("data"))
        return next((one for one in listed if text(one.get("url")).rstrip("/") == url.rstrip("/")), None)

    def _wanted(self, client: XClient) -> set[str]:
        return {*POSTS, *(DIRECT if client.account.settings.get("direct_messages", True) else ())}

    def _subscribed(self, client: XClient, webhook_id: str) -> set[str]:
        """The events of this account that X Activity brings to our webhook."""
        return {text(one.get("event_type")) for one in self._listed(client, webhook_id)}

    def _listed(self, client: XClient, webhook_id: str) -> list[Json]:
        found: list[Json] = []
        params: dict[str, Any] = {"max_results": MAX_SUBSCRIPTIONS}
        while True:
            page = self._asked("GET", "/2/activity/subscriptions", params=params)
            for one in items(page.get("data")):
                whose = ident(obj(one.get("filter")), "user_id")
                if ident(one, "webhook_id") == webhook_id and whose == client.account.external_id:
                    found.append(one)
            token = text(obj(page.get("meta")).get("next_token"))
            if not token or token == params.get("pagination_token"):
                return found
            params["pagination_token"] = token

    def _by_aaa(self, client: XClient, webhook_id: str) -> bool:
        """Whether the older Account Activity API brings everything of this account to our webhook."""
        try:
            answer = self._asked("GET", f"/2/account_activity/webhooks/{webhook_id}/subscriptions/all/list")
        except PermanentFailure:
            return False  # an app without that API
        listed = items(_data(answer).get("subscriptions"))
        return any(ident(one, "user_id") == client.account.external_id for one in listed)

    def _asked(self, method: str, path: str, **kwargs: Any) -> Json:
        token = self.app.secrets.get("bearer_token", "")
        if not token:
            raise PermanentFailure("", "configuration", "no bearer token")
        return answered(lambda: self.session.request(method, HOST + path, auth=Bearer(token), **kwargs))


def _data(answer: Json) -> Json:
    """What an answer is about; ``answered`` took the wrapping off when there was nothing beside it."""
    return obj(answer.get("data")) or answer


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M")
