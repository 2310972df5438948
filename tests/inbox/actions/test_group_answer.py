"""One text to many: each conversation under its own rules, stopped at any time, never twice."""

from datetime import timedelta
from uuid import uuid4

import pytest

from channels.models import AccountState
from inbox import group_answers
from inbox.actions import claim, close, group_answer
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AccountSettings, AuditEntry, Contact, Draft, GroupAnswer, GroupItem, Message
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together

TEXT = "Dag {inwoner}, de storing is om 14:00 uur voorbij."


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def storm(make_conversation):
    """One on each platform."""
    return [make_conversation(kind, "Wanneer is de storing voorbij?") for kind in ("x", "facebook", "whatsapp")]


def seen(*conversations) -> dict[int, int]:
    return {each.pk: each.messages.order_by("-pk").values_list("pk", flat=True)[0] for each in conversations}


def start(by, *conversations, text=TEXT, **more) -> GroupAnswer:
    return group_answer.start(by=by, text=text, chosen=seen(*conversations), submission=uuid4(), **more)


def outcomes(group) -> list[tuple]:
    return list(group.items.order_by("conversation").values_list("state", "code"))


def answers(*conversations) -> list[str]:
    found = Message.objects.filter(conversation__in=conversations, direction="out").exclude(state="withdrawn")
    return list(found.order_by("conversation", "pk").values_list("text", flat=True))


def test_each_gets_the_text_as_a_single_answer_would(storm, agent, standing):
    AccountSettings.objects.filter(account=storm[0].account).update(ending="^{initialen}")
    group = start(agent, *storm)
    assert (outcomes(group), answers(*storm)) == ([("pending", "")] * 3, [])
    assert group_answers.work() == 3
    assert outcomes(group) == [("queued", "")] * 3
    names = [conversation.identity.contact.name for conversation in storm]
    assert answers(*storm) == [
        f"Dag {names[0]}, de storing is om 14:00 uur voorbij. ^FA",
        f"Dag {names[1]}, de storing is om 14:00 uur voorbij.",
        f"Dag {names[2]}, de storing is om 14:00 uur voorbij.",
    ]
    for item in group.items.select_related("message", "conversation"):
        assert item.message.send_at == standing() + timedelta(seconds=5)  # as the account agreed
        assert item.conversation.assignee_id is None  # nobody's stays nobody's
        [entry] = AuditEntry.objects.filter(conversation=item.conversation)
        assert (entry.verb, entry.actor, entry.data) == (
            "replied", agent, {"group": group.pk, "messages": [item.message_id]}
        )  # fmt: skip
    assert Draft.objects.count() == 0
    [begun] = AuditEntry.objects.filter(verb="group_started")
    assert begun.data == {"group": group.pk, "conversations": 3}
    assert group_answers.work() == 0


def test_each_is_refused_for_itself(make_conversation, agent, colleague, burgerzaken):
    theirs = make_conversation(assignee=colleague)
    newer, gone, closed, late, nameless, mine = (make_conversation() for _ in range(6))
    chosen = [theirs, newer, gone, closed, late, nameless, mine]
    claim.claim(mine.pk, by=agent)
    late_too = {"last_inbound_at": MONDAY_10 - timedelta(hours=25)}
    type(late).objects.filter(pk=late.pk).update(**late_too)
    Contact.objects.filter(identities=nameless.identity_id).update(name="")
    type(nameless.identity).objects.filter(pk=nameless.identity_id).update(name="")
    group = start(agent, *chosen)
    Message.objects.create(
        conversation=newer, account=newer.account, external_id="second", direction="in", public=False,
        text="Al opgelost!", sent_at=MONDAY_10 + timedelta(minutes=1), state="received",
    )  # fmt: skip
    type(gone).objects.filter(pk=gone.pk).update(department=burgerzaken)
    close.close(closed.pk, by=agent, result="no_answer_needed")
    assert group_answers.work() == 1
    assert outcomes(group) == [
        ("refused", "claimed_by_other"),
        ("refused", "newer_message"),
        ("refused", "elsewhere"),
        ("refused", "closed"),
        ("refused", "window_closed"),
        ("refused", "unfilled"),
        ("queued", ""),
    ]
    assert (
        group.items.get(conversation=theirs).reason == "Joris Smit heeft dit gesprek opgepakt. Je kunt het overnemen."
    )
    assert len(answers(*chosen)) == 1
    mine.refresh_from_db()
    assert mine.assignee == agent  # their own stays theirs


def test_the_same_form_counts_once_and_is_nobody_elses(storm, agent, colleague):
    form = {"text": TEXT, "chosen": seen(*storm), "submission": uuid4()}
    group = group_answer.start(by=agent, **form)
    assert group_answer.start(by=agent, **form) == group
    with pytest.raises(NotVisible):
        group_answer.start(by=colleague, **form)
    assert GroupItem.objects.count() == 3


@pytest.mark.parametrize(
    ("text", "code"), [(" ", "empty"), ("Zaak {zaaknummer}", "unfilled"), ("Woord " * 60, "too_long")]
)
def test_refused_before_anything_goes(storm, agent, text, code):
    with pytest.raises(Refused) as refusal:
        start(agent, *storm, text=text)
    assert refusal.value.code == code
    assert GroupAnswer.objects.count() == 0


def test_who_and_how_many(storm, agent, viewer, outsider, monkeypatch):
    with pytest.raises(Refused) as refusal:
        start(viewer, *storm)
    assert refusal.value.code == "not_allowed"
    with pytest.raises(Refused) as refusal:
        start(agent)
    assert refusal.value.code == "no_choice"
    assert outcomes(start(outsider, *storm)) == []
    monkeypatch.setattr(group_answer, "MOST", 2)
    with pytest.raises(Refused) as refusal:
        start(agent, *storm)
    assert (refusal.value.code, refusal.value.data) == ("too_many", {"most": 2})


def test_a_long_answer_becomes_a_thread_on_x_only(storm, agent):
    start(agent, *storm, text="Dit is een zin over de storing. " * 10, as_thread=True)
    assert group_answers.work() == 3
    assert len(answers(storm[0])) > 1
    assert len(answers(*storm[1:])) == 2


def test_x_takes_no_text_twice(make_conversation, agent):
    first, second, other = (make_conversation("x") for _ in range(3))
    with pytest.raises(Refused) as refusal:
        start(agent, first, other, text="Om 14:00 uur.")
    assert refusal.value.code == "same_text"
    assert outcomes(start(agent, first, text="Om 14:00 uur.")) == [("pending", "")]
    GroupAnswer.objects.all().delete()
    Contact.objects.filter(identities=second.identity_id).update(name=first.identity.contact.name)
    group = start(agent, first, second, other)
    assert group_answers.work() == 2
    assert outcomes(group) == [("queued", ""), ("refused", "same_text"), ("queued", "")]
    assert len(answers(first, second, other)) == 2


def test_personal_data_is_confirmed_once_for_all_and_nothing_new_comes_with_a_name(make_conversation, agent):
    storm = [make_conversation("x"), make_conversation("x"), make_conversation("whatsapp")]
    Contact.objects.filter(identities=storm[1].identity_id).update(name="Bel 06 87654321")
    text = "{inwoner}, bel de wacht op 06 12345678."
    with pytest.raises(Refused) as refusal:
        start(agent, *storm, text=text)
    assert (refusal.value.code, refusal.value.data["kinds"]) == ("personal_data", ["phone"])
    group = start(agent, *storm, text=text, confirm_personal_data=refusal.value.data["confirm"])
    assert group_answers.work() == 2
    assert outcomes(group) == [("queued", ""), ("refused", "personal_data"), ("queued", "")]
    assert start(agent, make_conversation("whatsapp"), text=text).personal_data_confirmed is False


def test_a_little_ahead_of_the_platform(make_conversation, agent, monkeypatch, kicks_stay_here):
    monkeypatch.setattr(group_answers, "AHEAD", 2)
    storm = [make_conversation("whatsapp") for _ in range(5)]
    group = start(agent, *storm)
    assert [group_answers.work() for _ in range(2)] == [2, 0]
    Message.objects.filter(direction="out").update(state="sent")
    assert group_answers.work() == 2
    assert [state for state, _code in outcomes(group)] == ["queued"] * 4 + ["pending"]


def test_stop_skips_the_rest_and_takes_back_what_did_not_go(make_conversation, agent, monkeypatch):
    monkeypatch.setattr(group_answers, "AHEAD", 2)
    storm = [make_conversation("whatsapp") for _ in range(4)]
    group = start(agent, *storm)
    group_answers.work()
    gone = group.items.order_by("pk")[0].message
    Message.objects.filter(pk=gone.pk).update(state="sending", attempts=1)
    stopped = group_answer.stop(group.pk, by=agent)
    assert outcomes(group) == [
        ("queued", ""), ("skipped", "taken_back"), ("skipped", "stopped"), ("skipped", "stopped")
    ]  # fmt: skip
    assert (stopped.stopped_by, len(answers(*storm)), Draft.objects.count()) == (agent, 1, 0)
    assert group_answers.work() == 0
    at = stopped.stopped_at
    assert group_answer.stop(group.pk, by=agent).stopped_at == at


def test_the_lead_may_stop_and_others_may_not(storm, agent, colleague, lead):
    group = start(agent, *storm)
    group_answers.work()
    with pytest.raises(NotVisible):
        group_answer.stop(group.pk, by=colleague)
    assert group_answer.stop(group.pk, by=lead).stopped_by == lead
    assert outcomes(group) == [("skipped", "taken_back")] * 3


def test_what_is_left_goes_once_more_after_a_look(make_conversation, agent, colleague):
    storm = [make_conversation() for _ in range(3)]
    claim.claim(storm[0].pk, by=colleague)
    group = start(agent, *storm)
    group_answers.work()
    group_answer.stop(group.pk, by=agent)
    assert [code for _state, code in outcomes(group)] == ["claimed_by_other", "taken_back", "taken_back"]
    claim.release(storm[0].pk, by=colleague)
    again = group_answer.retry(group.pk, by=agent, chosen=seen(*storm[:2]))
    assert (again.stopped_at, outcomes(group)) == (None, [("pending", ""), ("pending", ""), ("skipped", "taken_back")])
    assert group_answers.work() == 2
    assert len(answers(*storm)) == 2
    # What was answered is not answered again.
    group_answer.retry(group.pk, by=agent, chosen=seen(*storm[:2]))
    assert [state for state, _code in outcomes(group)] == ["queued", "queued", "skipped"]
    with pytest.raises(NotVisible):
        group_answer.retry(group.pk, by=colleague, chosen={})


def test_a_paused_account_holds_up_no_other(storm, agent):
    account = storm[2].account
    account.state = AccountState.PAUSED
    account.save()
    group = start(agent, *storm)
    group_answers.work()
    assert outcomes(group) == [("queued", ""), ("queued", ""), ("refused", "account")]


def test_a_second_group_is_told_and_answers_nobody_twice(storm, agent, colleague):
    first = start(agent, *storm[:2])
    second = start(colleague, *storm)
    assert outcomes(second) == [("refused", "another_group"), ("refused", "another_group"), ("pending", "")]
    assert group_answers.work() == 3
    assert [state for state, _code in outcomes(first)] == ["queued", "queued"]
    group_answer.retry(second.pk, by=colleague, chosen=second_look(second))
    group_answers.work()
    assert outcomes(second) == [("refused", "newer_message"), ("refused", "newer_message"), ("queued", "")]
    assert len(answers(*storm)) == 3


def second_look(group) -> dict[int, int]:
    """As they stood on the page when the group began."""
    return dict(group.items.values_list("conversation_id", "seen"))


@pytest.mark.django_db(transaction=True)
def test_overlapping_groups_begun_and_worked_off_at_once(make_conversation, agent, colleague, lead):
    storm = [make_conversation(("x", "facebook", "whatsapp")[n % 3]) for n in range(12)]
    chosen = seen(*storm)
    back = dict(reversed(chosen.items()))

    def begin(by, which):
        return lambda: group_answer.start(by=by, text=TEXT, chosen=which, submission=uuid4())

    assert codes(together(begin(agent, chosen), begin(colleague, back), begin(lead, chosen))) == ["ok"] * 3
    assert GroupItem.objects.filter(state="pending").count() == 12
    assert codes(together(*[group_answers.work] * 4)) == ["ok"] * 4
    while group_answers.work():
        pass
    assert len(answers(*storm)) == 12
    assert GroupItem.objects.filter(state="queued").values("conversation").distinct().count() == 12
    assert GroupItem.objects.filter(state="refused", code="another_group").count() == 24


@pytest.mark.django_db(transaction=True)
def test_a_colleague_who_claims_at_the_same_moment(make_conversation, agent, colleague):
    for _ in range(5):
        conversation = make_conversation()
        group = start(agent, conversation)
        together(group_answers.work, lambda pk=conversation.pk: claim.claim(pk, by=colleague))
        [(state, code)] = outcomes(group)
        # Whoever was first: answered and then claimed, or claimed and left alone.
        assert (state, code, len(answers(conversation))) in [("queued", "", 1), ("refused", "claimed_by_other", 0)]


@pytest.mark.django_db(transaction=True)
def test_stop_and_work_at_the_same_moment(make_conversation, agent):
    storm = [make_conversation() for _ in range(10)]
    group = start(agent, *storm)
    assert codes(together(group_answers.work, lambda: group_answer.stop(group.pk, by=agent))) == ["ok", "ok"]
    states = [state for state, _code in outcomes(group)]
    assert set(states) <= {"queued", "skipped"}
    assert len(answers(*storm)) == states.count("queued")
