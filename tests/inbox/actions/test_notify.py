"""Meldingen: told to whom it concerns, who may see it, and not to who did it."""

from inbox.actions.changing import changing
from inbox.actions.notify import Told, leads_of, notify, notify_all
from inbox.models import Notice, NoticeKind, User
from inbox.notice_words import sentence, short


def test_told_once_to_each_and_never_to_who_did_it(agent, colleague, lead, make_conversation, standing_clock):
    conversation = make_conversation()
    with changing(conversation.pk, "assigned", by=agent) as changed:
        notify([colleague, colleague.pk, agent, None, lead.pk], NoticeKind.ASSIGNED, changed, by=agent, note=3)
    told = Notice.objects.order_by("user__username").values_list("user", "kind", "conversation", "by", "at", "data")
    same = ("assigned", conversation.pk, agent.pk, standing_clock(), {"note": 3})
    assert list(told) == [(lead.pk, *same), (colleague.pk, *same)]


def test_not_told_to_who_may_not_see_it(agent, colleague, expert, outsider, make_conversation):
    colleague.is_active = False
    colleague.save()
    assert notify([colleague, expert, outsider], NoticeKind.MENTIONED, make_conversation(), by=agent) == []


def test_told_to_who_may_see_it_after_the_change(agent, expert, colleague, burgerzaken, make_conversation):
    with changing(make_conversation().pk, "routed", by=agent) as conversation:
        conversation.department = burgerzaken
        made = notify([colleague, expert], NoticeKind.HANDED_OVER, conversation, by=agent)
    assert [notice.user_id for notice in made] == [expert.pk]


def test_news_takes_the_place_of_what_was_not_seen(agent, colleague, lead, make_conversation, standing_clock):
    conversation = make_conversation()
    notify([colleague], NoticeKind.ASSIGNED, conversation, by=agent)
    notify([colleague], NoticeKind.MENTIONED, conversation, by=agent)
    standing_clock.forward(minutes=5)
    notify([colleague], NoticeKind.ASSIGNED, conversation, by=lead)
    assert sorted(Notice.objects.values_list("kind", "by")) == sorted([("mentioned", agent.pk), ("assigned", lead.pk)])
    Notice.objects.update(seen_at=standing_clock())
    notify([colleague], NoticeKind.ASSIGNED, conversation, by=agent)
    assert Notice.objects.filter(kind="assigned").count() == 2


def test_many_at_once_cost_as_many_queries_as_one(
    agent, colleague, lead, make_conversation, django_assert_num_queries, standing_clock
):
    one, *conversations = [make_conversation() for _ in range(6)]
    with django_assert_num_queries(4):
        notify([colleague], NoticeKind.ANSWERED, one, by=None)
    with django_assert_num_queries(4):
        made = notify_all(Told([colleague, lead], NoticeKind.ANSWERED, each) for each in conversations)
    assert len(made) == 10


def test_nobody_to_tell_costs_nothing(agent, make_conversation, django_assert_num_queries):
    conversation = make_conversation()
    with django_assert_num_queries(0):
        notify([agent, None], NoticeKind.ASSIGNED, conversation, by=agent)


def test_only_they_are_nudged_and_with_ids_alone(
    agent, colleague, make_conversation, monkeypatch, django_capture_on_commit_callbacks
):
    heard = []
    monkeypatch.setattr("inbox.live.publish", heard.append)
    conversation = make_conversation()
    with django_capture_on_commit_callbacks(execute=True):
        notify([colleague], NoticeKind.ASSIGNED, conversation, by=agent)
    assert heard == [
        {"conversation": conversation.pk, "departments": [], "people": [colleague.pk], "what": "notice"},
    ]


def test_leads_of_a_department(agent, lead, expert, webcare):
    assert list(leads_of(webcare.pk)) == [lead]
    User.objects.filter(pk=lead.pk).update(is_active=False)
    assert list(leads_of(webcare.pk)) == []


def test_every_kind_has_its_sentences(agent, make_conversation):
    conversation = make_conversation()
    for kind in NoticeKind:
        notice = Notice(kind=kind, conversation=conversation, by=agent)
        assert sentence(notice)
        assert short(kind)
    assert sentence(Notice(kind="assigned", by=agent)) == "Fatima Amrani wees een gesprek aan je toe"
    assert sentence(Notice(kind="assigned")) == short("assigned") == "Er is een gesprek aan je toegewezen"
