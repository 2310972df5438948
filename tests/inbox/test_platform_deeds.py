"""Hiding, liking, deleting: asked once, done once or told why not, by two workers or after one that died."""

from functools import partial
from typing import ClassVar

import pytest

from channels import registry
from channels.errors import PermanentFailure, SendError, TemporaryFailure
from channels.messages import AccountCredentials, Capabilities
from channels.models import Account, AccountState
from inbox import platform_deeds
from inbox.actions import at_platform
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, Deed, Message, PlatformDeed
from tests.inbox.actions.together import codes, together
from tests.inbox.platform import PlainConnector


class DeedConnector(PlainConnector):
    """Writes down what it is asked; ``failure`` answers instead."""

    asked: ClassVar[list[tuple[str, str, bool]]] = []
    failure: ClassVar[list[SendError]] = []

    def hide(self, account: AccountCredentials, external_id: str, hidden: bool) -> None:
        self._asked("hide", external_id, hidden)

    def like(self, account: AccountCredentials, external_id: str, liked: bool) -> None:
        self._asked("like", external_id, liked)

    def delete(self, account: AccountCredentials, external_id: str) -> None:
        self._asked("delete", external_id, True)

    @classmethod
    def capabilities(cls) -> Capabilities:
        return Capabilities(
            max_length_public=None, max_length_private=None, can_hide=True, can_like=True, can_delete=True
        )

    def _asked(self, what: str, external_id: str, on: bool) -> None:
        self.asked.append((what, external_id, on))
        if self.failure:
            raise self.failure.pop(0)


@pytest.fixture(autouse=True)
def facebook(monkeypatch, standing_clock):
    monkeypatch.setitem(registry.CONNECTORS, "facebook", "tests.inbox.test_platform_deeds.DeedConnector")
    registry.connector_class.cache_clear()
    DeedConnector.asked.clear()
    DeedConnector.failure.clear()
    yield standing_clock
    registry.connector_class.cache_clear()


@pytest.fixture
def comment(agent, make_conversation) -> Message:
    return make_conversation("facebook", assignee=agent).messages.get()


@pytest.fixture
def ours(agent, comment) -> Message:
    """What we said under it, at the platform."""
    return Message.objects.create(
        conversation=comment.conversation, account=comment.account, direction="out", kind="answer", public=True,
        text="Reclame mag niet.", author=agent, external_id="ours-1", sent_at=comment.sent_at, state="sent",
    )  # fmt: skip


def state() -> tuple[str, str]:
    deed = PlatformDeed.objects.get()
    return deed.state, deed.reason


class TestDone:
    @pytest.mark.parametrize(("what", "column", "call"), [("hide", "hidden_at", "hide"), ("like", "liked_at", "like")])
    def test_shows_on_the_message_and_can_be_undone(self, agent, comment, what, column, call):
        at_platform.ask(comment.pk, Deed(what), by=agent)
        assert getattr(Message.objects.get(pk=comment.pk), column) is None
        assert platform_deeds.do_due() == 1
        assert getattr(Message.objects.get(pk=comment.pk), column) is not None
        back = {"hide": Deed.SHOW, "like": Deed.UNLIKE}[what]
        at_platform.ask(comment.pk, back, by=agent)
        platform_deeds.do_due()
        assert getattr(Message.objects.get(pk=comment.pk), column) is None
        assert DeedConnector.asked == [(call, comment.external_id, True), (call, comment.external_id, False)]

    def test_what_is_deleted_keeps_its_text_as_an_earlier_version(self, agent, ours):
        at_platform.ask(ours.pk, Deed.DELETE, by=agent)
        platform_deeds.do_due()
        ours.refresh_from_db()
        assert (ours.text, ours.deleted_at is not None) == ("", True)
        assert ours.versions.get().text == "Reclame mag niet."
        assert [entry.verb for entry in AuditEntry.objects.order_by("id")] == ["asked_delete", "done_delete"]

    def test_gone_already_is_deleted(self, agent, ours):
        DeedConnector.failure.append(PermanentFailure("404", "gone"))
        at_platform.ask(ours.pk, Deed.DELETE, by=agent)
        platform_deeds.do_due()
        assert state() == ("done", "")

    def test_two_workers_do_it_once(self, transactional_db, agent, comment):
        at_platform.ask(comment.pk, Deed.HIDE, by=agent)
        together(platform_deeds.do_due, platform_deeds.do_due)
        assert len(DeedConnector.asked) == 1

    def test_a_worker_that_died_is_followed_by_another(self, agent, comment, facebook):
        at_platform.ask(comment.pk, Deed.HIDE, by=agent)
        assert platform_deeds._take() is not None
        assert platform_deeds.do_due() == 0
        facebook.forward(seconds=91)
        assert platform_deeds.do_due() == 1
        assert state() == ("done", "")


class TestNotDone:
    def test_a_refusal_is_told(self, agent, comment):
        DeedConnector.failure.append(PermanentFailure("200", "permission"))
        at_platform.ask(comment.pk, Deed.HIDE, by=agent)
        platform_deeds.do_due()
        assert state() == ("failed", "permission")
        assert Message.objects.get(pk=comment.pk).hidden_at is None
        assert Account.objects.get(pk=comment.account_id).state == AccountState.ACTIVE

    def test_trouble_is_tried_again_and_given_up_after_an_hour(self, agent, comment, facebook):
        DeedConnector.failure[:] = [TemporaryFailure("2", "busy")] * 2
        at_platform.ask(comment.pk, Deed.HIDE, by=agent)
        platform_deeds.do_due()
        assert state() == ("waiting", "busy")
        facebook.forward(minutes=61)
        platform_deeds.do_due()
        assert state() == ("failed", "busy")

    def test_waits_while_the_account_does_not_work(self, agent, comment, facebook):
        at_platform.ask(comment.pk, Deed.HIDE, by=agent)
        Account.objects.update(state=AccountState.BROKEN, error_reason="token")
        platform_deeds.do_due()
        assert (state(), DeedConnector.asked) == (("waiting", "token"), [])
        Account.objects.update(state=AccountState.ACTIVE, error_reason="")
        facebook.forward(minutes=2)
        platform_deeds.do_due()
        assert state() == ("done", "")


class TestAsked:
    def test_twice_at_once_is_one(self, transactional_db, agent, comment):
        outcomes = together(*[partial(at_platform.ask, comment.pk, Deed.HIDE, by=agent) for _ in range(2)])
        assert codes(outcomes) == ["ok", "ok"]
        assert PlatformDeed.objects.count() == 1

    def test_another_one_waits_its_turn(self, agent, comment):
        at_platform.ask(comment.pk, Deed.HIDE, by=agent)
        with pytest.raises(Refused) as caught:
            at_platform.ask(comment.pk, Deed.LIKE, by=agent)
        assert caught.value.code == "deed_underway"

    def test_what_is_so_already(self, agent, comment):
        Message.objects.filter(pk=comment.pk).update(hidden_at=comment.sent_at)
        with pytest.raises(Refused) as caught:
            at_platform.ask(comment.pk, Deed.HIDE, by=agent)
        assert caught.value.code == "already"

    @pytest.mark.parametrize("what", [Deed.DELETE, Deed.SHOW])
    def test_not_offered_for_a_citizens_message_in_sight(self, agent, comment, what):
        with pytest.raises(Refused) as caught:
            at_platform.ask(comment.pk, what, by=agent)
        assert caught.value.code in ("not_offered", "already")
        assert not PlatformDeed.objects.exists()

    def test_nothing_for_a_private_message(self, agent, make_conversation):
        private = make_conversation("facebook", public=False, assignee=agent).messages.get()
        with pytest.raises(Refused) as caught:
            at_platform.ask(private.pk, Deed.HIDE, by=agent)
        assert caught.value.code == "not_offered"

    def test_x_hides_only_under_our_post(self, agent, make_conversation):
        elsewhere = make_conversation("x", assignee=agent)
        ours = make_conversation("x", assignee=agent, context={"from_us": True})
        offered = [
            at_platform.possible(one.messages.get(), Conversation.objects.select_related("account__app").get(pk=one.pk))
            for one in (elsewhere, ours)
        ]
        assert offered == [(), (Deed.HIDE,)]

    def test_a_viewer_and_an_outsider(self, viewer, outsider, comment):
        with pytest.raises(Refused) as caught:
            at_platform.ask(comment.pk, Deed.HIDE, by=viewer)
        assert caught.value.code == "not_allowed"
        with pytest.raises(NotVisible):
            at_platform.ask(comment.pk, Deed.HIDE, by=outsider)
