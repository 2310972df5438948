"""The list behind the bell, the count, the choices, and the browsers that may be pushed to."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox import webpush
from inbox.actions.notify import notify
from inbox.models import AuditEntry, Conversation, Notice, NoticeKind, PushSubscription
from inbox.views import notices
from tests.inbox.browser_push import Browser

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def standing(standing_clock: Any) -> None:
    """Monday 10:30."""


def test_list_tells_what_happened_with_a_link(client, agent, colleague, make_conversation):
    conversation = make_conversation(text="Waar blijft mijn paspoort?")
    notify([agent], NoticeKind.ASSIGNED, conversation, by=colleague)
    client.force_login(agent)
    page = client.get("/notices/").content.decode()
    assert "Joris Smit wees een gesprek aan je toe" in page
    assert "Waar blijft mijn paspoort?" in page
    assert f'href="/conversations/{conversation.pk}/"' in page
    assert 'class="unseen"' in page
    assert client.post("/notices/seen/").headers["Location"] == "/notices/"
    assert 'class="unseen"' not in client.get("/notices/").content.decode()


def test_list_costs_the_same_for_many_and_is_paged(client, agent, colleague, make_conversation):
    client.force_login(agent)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/notices/")
        return len(queries)

    notify([agent], NoticeKind.ASSIGNED, make_conversation(), by=colleague)
    few = cost()
    for _ in range(60):
        notify([agent], NoticeKind.MENTIONED, make_conversation(), by=colleague)
    assert cost() == few
    first = client.get("/notices/").context
    rest = client.get(f"/notices/?before={first['more']}").context
    assert (len(first["notices"]), len(rest["notices"]), rest["more"]) == (50, 11, None)


def test_what_one_sees_no_more_is_told_no_more(client, agent, colleague, burgerzaken, make_conversation):
    (notice,) = notify([agent], NoticeKind.ASSIGNED, make_conversation(text="Geheim"), by=colleague)
    Conversation.objects.update(department=burgerzaken)
    client.force_login(agent)
    assert "Geheim" not in client.get("/notices/").content.decode()
    assert 'id="notice-count" hx-swap-oob="true" data-title="" data-sound="0"></span>' in count(client)
    assert client.get(f"/notices/{notice.pk}/").headers["Location"] == "/notices/"


def test_link_of_a_notice_leads_to_the_conversation_and_only_ones_own(client, agent, colleague, make_conversation):
    conversation = make_conversation()
    (notice,) = notify([agent], NoticeKind.ASSIGNED, conversation, by=colleague)
    client.force_login(agent)
    assert client.get(f"/notices/{notice.pk}/").headers["Location"] == f"/conversations/{conversation.pk}/"
    client.force_login(colleague)
    assert client.get(f"/notices/{notice.pk}/").status_code == 404


def count(client: Client) -> str:
    page = client.get("/status/", headers=HTMX).content.decode()
    return page[page.index("<span class=") :] if 'id="notice-count"' in page else ""


def test_count_comes_with_the_banners_and_goes_when_it_is_read(client, agent, colleague, make_conversation):
    conversation = make_conversation()
    client.force_login(agent)
    for kind in (NoticeKind.ASSIGNED, NoticeKind.MENTIONED):
        notify([agent], kind, conversation, by=colleague)
    assert 'data-title="2 meldingen" data-sound="0">2</span>' in count(client)
    assert 'data-told="1"' in client.get(f"/conversations/{conversation.pk}/pane/", headers=HTMX).content.decode()
    assert client.post(f"/conversations/{conversation.pk}/read/").status_code == 204
    assert 'data-title=""' in count(client)


def test_sound_is_off_unless_wanted_and_never_when_the_office_is_closed(
    client, agent, colleague, make_conversation, standing_clock
):
    client.force_login(agent)
    (notice,) = notify([agent], NoticeKind.ASSIGNED, make_conversation(), by=colleague)
    assert 'data-sound="0"' in count(client)
    agent.notice_ways = {"assigned": ["bell", "sound"]}
    agent.save()
    assert f'data-sound="{notice.pk}"' in count(client)
    standing_clock.forward(minutes=3)
    assert 'data-sound="0"' in count(client)  # no news any more
    standing_clock.forward(hours=9)
    (late,) = notify([agent], NoticeKind.ASSIGNED, make_conversation(), by=colleague)
    assert 'data-sound="0"' in count(client)
    agent.notices_outside_hours = True
    agent.save()
    assert f'data-sound="{late.pk}"' in count(client)


def test_list_page_asks_nothing_for_the_bell(client, agent, colleague, make_conversation):
    make_conversation()
    client.force_login(agent)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/inbox/todo/")
        return len(queries)

    before = cost()
    notify([agent], NoticeKind.ASSIGNED, Conversation.objects.get(), by=colleague)
    assert cost() == before


def test_choices_are_kept_for_each_kind_and_way(client, agent):
    client.force_login(agent)
    page = client.get("/preferences/").content.decode()
    assert page.count("checked") == 2 * len(NoticeKind) + 2  # bell and push of each, and two switches that were there
    client.post("/notices/choices/", {"ways-late": ["sound", "nonsense"], "daily_summary": "on"})
    agent.refresh_from_db()
    assert [agent.wants("late", way) for way in ("bell", "sound", "push")] == [False, True, False]
    assert [agent.wants("assigned", way) for way in ("bell", "sound", "push")] == [False, False, False]
    assert (agent.daily_summary, agent.notices_outside_hours) == (True, False)
    assert AuditEntry.objects.get().verb == "preferences"


@pytest.fixture
def push_is_set_up(settings: Any) -> None:
    settings.VAPID_PRIVATE_KEY = webpush.new_private_key()


def subscribe(client: Client, **changed: Any) -> int:
    body = Browser().subscription("https://push.example.net/abc") | changed
    return client.post("/notices/push/", json.dumps(body), content_type="application/json").status_code


def test_browser_is_kept_once_and_for_who_asked_last(push_is_set_up, client, agent, colleague):
    for user in (agent, agent, colleague):
        client.force_login(user)
        assert subscribe(client) == 204
    assert list(PushSubscription.objects.values_list("user", flat=True)) == [colleague.pk]
    client.force_login(agent)
    assert subscribe(client, stop=True) == 204  # not theirs to stop
    assert PushSubscription.objects.count() == 1
    client.force_login(colleague)
    assert subscribe(client, stop=True) == 204
    assert PushSubscription.objects.count() == 0


def test_logging_out_ends_push_to_this_browser_alone(push_is_set_up, client, agent):
    other = Client()
    for each, number in ((client, 1), (other, 2)):
        each.force_login(agent)
        assert subscribe(each, endpoint=f"https://push.example.net/{number}") == 204
    client.post("/logout/")
    assert list(PushSubscription.objects.values_list("endpoint", flat=True)) == ["https://push.example.net/2"]


@pytest.mark.parametrize(
    "changed",
    [{"endpoint": "http://10.0.0.1/x"}, {"endpoint": "file:///etc"}, {"keys": {}}, {"keys": None}, {"endpoint": 3}],
)
def test_what_is_no_subscription_is_refused(push_is_set_up, client, agent, changed):
    client.force_login(agent)
    assert (subscribe(client, **changed), PushSubscription.objects.count()) == (400, 0)


def test_without_a_key_there_is_nothing_to_turn_on(settings, client, agent):
    settings.VAPID_PRIVATE_KEY = ""
    client.force_login(agent)
    assert 'data-testid="push-not-set-up"' in client.get("/preferences/").content.decode()
    assert subscribe(client) == 400


def test_service_worker_knows_every_kind_and_is_a_script(client, agent):
    response = client.get("/service-worker.js")
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    text = response.content.decode()
    words = json.loads(text.partition("const WORDS = ")[2].partition(";\n")[0])
    assert set(words) == set(NoticeKind.values)
    assert words["mentioned"] == "Je bent genoemd in een notitie"


def test_own_only(client, agent, colleague, make_conversation):
    notify([agent], NoticeKind.ASSIGNED, make_conversation(), by=None)
    client.force_login(colleague)
    client.post("/notices/seen/")
    assert Notice.objects.get().seen_at is None


def test_every_kind_has_an_icon() -> None:
    assert set(notices.ICONS) == set(NoticeKind)
