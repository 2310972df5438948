"""Volgen: told of what colleagues do and citizens answer, for as long as one may see it."""

import pytest

from inbox import ingest
from inbox.actions import assign, claim, close, follow, note, route
from inbox.actions.refused import NotVisible
from inbox.models import Conversation, Follow, Notice
from tests.inbox.storing import put, said


def told() -> list[tuple[str, str]]:
    return sorted(Notice.objects.values_list("user__username", "kind"))


def test_followers_are_told_of_what_colleagues_do_but_not_of_their_own(agent, colleague, viewer, make_conversation):
    conversation = make_conversation()
    for user in (agent, viewer, viewer):
        follow.follow(conversation.pk, by=user)
    claim.claim(conversation.pk, by=agent)
    assert list(Notice.objects.values_list("user__username", "kind", "by", "data")) == [
        ("meelezer", "followed", agent.pk, {"verb": "claimed"})
    ]
    note.add(conversation.pk, by=colleague, text="Let op")
    assert told() == [("fatima", "followed"), ("meelezer", "followed")]


def test_no_more_after_one_stopped(agent, colleague, make_conversation):
    conversation = make_conversation()
    follow.follow(conversation.pk, by=colleague)
    follow.unfollow(conversation.pk, by=colleague)
    close.close(conversation.pk, by=agent, result="no_answer_needed")
    assert (told(), Follow.objects.count()) == ([], 0)


def test_not_told_of_what_one_sees_no_more(agent, colleague, lead, burgerzaken, make_conversation):
    conversation = make_conversation()
    for user in (colleague, lead):
        follow.follow(conversation.pk, by=user)
    route.route(conversation.pk, by=agent, department=burgerzaken)
    assert told() == [("ingrid", "followed")]


def test_not_what_one_may_not_see(outsider, make_conversation):
    conversation = make_conversation()
    for verb in (follow.follow, follow.unfollow):
        with pytest.raises(NotVisible):
            verb(conversation.pk, by=outsider)


def test_assigned_and_taken_over_are_told_to_whom_it_happens(lead, agent, colleague, make_conversation):
    conversation = make_conversation()
    assign.assign(conversation.pk, by=lead, to=agent)
    assign.assign(conversation.pk, by=lead, to=agent)  # had it already
    claim.take_over(conversation.pk, by=colleague, expected_assignee_id=agent.pk)
    assert told() == [("fatima", "assigned"), ("fatima", "taken_over")]


def test_holder_and_followers_are_told_that_the_citizen_answered(asked, accounts, agent, colleague, lead):
    account = accounts["whatsapp"]
    put(account, said(account, "m2"))
    ingest.drain()
    assert told() == []
    Conversation.objects.update(assignee=agent)
    follow.follow(asked.pk, by=colleague)
    put(account, said(account, "m3"))
    put(account, said(account, "m4"))
    ingest.drain()
    assert told() == [("fatima", "answered"), ("joris", "answered")]
