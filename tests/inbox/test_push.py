"""Push messages: to the browsers of who wants them, in office hours, with nothing of a citizen, and to no browser that
is gone."""

from collections.abc import Iterator

import pytest

from inbox import kick, push, webpush
from inbox.actions.notify import notify
from inbox.models import Notice, NoticeKind, PendingPush, PushSubscription, User
from tests.inbox.actions.together import together
from tests.inbox.browser_push import PushService, push_service


@pytest.fixture
def service(settings, db) -> Iterator[PushService]:
    settings.VAPID_PRIVATE_KEY = webpush.new_private_key()
    with push_service() as made:
        settings.SIMULATOR_URL = made.url  # as in the demo: a push service at home may be called
        yield made


def subscribe(service: PushService, user: User, name: str, standing_clock) -> PushSubscription:
    given = service.browser(name)
    return PushSubscription.objects.create(
        user=user, endpoint=given["endpoint"], **given["keys"], session="s", created_at=standing_clock()
    )


def test_goes_to_all_their_browsers_with_a_kind_and_a_number_alone(
    service,
    agent,
    colleague,
    lead,
    make_conversation,
    standing_clock,
    kicks_stay_here,
    django_capture_on_commit_callbacks,
):
    for name in ("desk", "phone"):
        subscribe(service, agent, name, standing_clock)
    subscribe(service, lead, "lead", standing_clock)
    kick.looking("pushes")  # no kick of a moment ago stands in the way
    with django_capture_on_commit_callbacks(execute=True):
        (notice,) = notify([agent], NoticeKind.ASSIGNED, make_conversation(), by=colleague)
    assert "inbox.tasks.send_pushes" in kicks_stay_here
    assert push.send_due() == 2
    assert sorted(service.got) == [(name, {"id": notice.pk, "kind": "assigned"}) for name in ("desk", "phone")]
    assert (push.send_due(), PendingPush.objects.count()) == (0, 0)


@pytest.mark.parametrize("status", [404, 410])
def test_browser_that_is_gone_is_forgotten(service, agent, make_conversation, standing_clock, status):
    subscribe(service, agent, "desk", standing_clock)
    notify([agent], NoticeKind.LATE, make_conversation(), by=None)
    service.status = status
    assert push.send_due() == 0
    assert (PushSubscription.objects.count(), PendingPush.objects.count(), Notice.objects.count()) == (0, 0, 1)


def test_busy_service_is_asked_again_calmly_and_not_for_ever(service, agent, make_conversation, standing_clock):
    subscribe(service, agent, "desk", standing_clock)
    notify([agent], NoticeKind.LATE, make_conversation(), by=None)
    service.status = 503
    push.send_due()
    push.send_due()
    assert len(service.server.requests) == 1
    for seconds in (30, 120):
        standing_clock.forward(seconds=seconds)
        push.send_due()
    service.status = 201
    standing_clock.forward(seconds=600)
    assert push.send_due() == 1
    service.status = 429
    notify([agent], NoticeKind.ASSIGNED, make_conversation(), by=None)
    for _ in range(8):
        push.send_due()
        standing_clock.forward(minutes=10)
    assert PendingPush.objects.count() == 0
    assert PushSubscription.objects.count() == 1


def test_service_that_cannot_be_reached_loses_nothing(service, agent, make_conversation, standing_clock):
    browser = subscribe(service, agent, "desk", standing_clock)
    PushSubscription.objects.update(endpoint="http://127.0.0.1:9/desk")
    notify([agent], NoticeKind.LATE, make_conversation(), by=None)
    assert push.send_due() == 0
    PushSubscription.objects.update(endpoint=browser.endpoint)
    standing_clock.forward(seconds=30)
    assert push.send_due() == 1


def test_nothing_is_pushed_into_our_own_network(service, settings, agent, make_conversation, standing_clock):
    subscribe(service, agent, "desk", standing_clock)
    notify([agent], NoticeKind.LATE, make_conversation(), by=None)
    settings.SIMULATOR_URL = ""
    assert push.send_due() == 0
    assert service.server.requests == []


def test_what_was_seen_meanwhile_or_is_old_is_not_pushed(service, agent, make_conversation, standing_clock):
    subscribe(service, agent, "desk", standing_clock)
    notify([agent], NoticeKind.LATE, make_conversation(), by=None)
    standing_clock.forward(seconds=1)
    Notice.objects.update(seen_at=standing_clock())
    notify([agent], NoticeKind.LATE, make_conversation(), by=None)
    Notice.objects.filter(seen_at=None).update(at=standing_clock().replace(hour=1))
    assert (push.send_due(), service.got, PendingPush.objects.count()) == (0, [], 0)


def test_only_in_the_ways_and_hours_they_want(service, agent, make_conversation, standing_clock):
    subscribe(service, agent, "desk", standing_clock)
    agent.notice_ways = {"late": ["bell"], "assigned": ["push"], "answered": []}
    agent.save()
    conversation = make_conversation()
    for kind in (NoticeKind.LATE, NoticeKind.ASSIGNED, NoticeKind.ANSWERED):
        notify([agent], kind, conversation, by=None)
    assert list(PendingPush.objects.values_list("notice__kind", flat=True)) == ["assigned"]
    assert sorted(Notice.objects.values_list("kind", "seen_at")) == [("assigned", standing_clock()), ("late", None)]
    assert push.send_due() == 1
    standing_clock.forward(hours=9)  # Monday 19:30: closed
    notify([agent], NoticeKind.MENTIONED, conversation, by=None)
    assert PendingPush.objects.count() == 0
    agent.notices_outside_hours = True
    agent.save()
    notify([agent], NoticeKind.MENTIONED, conversation, by=None)
    assert PendingPush.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_push_it_once(service, agent, make_conversation, standing_clock):
    for name in ("desk", "phone"):
        subscribe(service, agent, name, standing_clock)
    notify([agent], NoticeKind.LATE, make_conversation(), by=None)
    assert sum(together(push.send_due, push.send_due)) == 2
    assert sorted(name for name, _told in service.got) == ["desk", "phone"]
