"""The daily summary: once for each person and day, on days that the office opens, with nothing of a citizen."""

from datetime import UTC, datetime

import pytest
from django.core import mail

from inbox import summaries
from inbox.actions.notify import notify
from inbox.models import ClosingDay, NoticeKind, User
from tests.inbox.actions.together import together
from tests.inbox.test_alerts import MailServer, mail_server  # noqa: F401 - a fixture
from webcare.mailers import mailers

MONDAY_0900 = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # in Amsterdam 09:00, when the office opens


@pytest.fixture
def outbox(settings) -> list[mail.EmailMessage]:
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    mail.outbox = []
    return mail.outbox


@pytest.fixture
def fatima(agent: User) -> User:
    agent.email, agent.daily_summary = "fatima@waterkant.example", True
    agent.save()
    return agent


def test_tells_numbers_and_links_and_nothing_of_a_citizen(
    outbox, fatima, colleague, make_conversation, standing_clock, settings
):
    settings.PUBLIC_URL = "https://webcare.waterkant.example"
    standing_clock.moment = MONDAY_0900
    mine = make_conversation(text="Mijn paspoort is weg", assignee=fatima)
    make_conversation(text="Mijn paspoort is weg", due_at=MONDAY_0900, clock_kind="first")
    make_conversation(text="Mijn paspoort is weg", assignee=colleague)
    notify([fatima], NoticeKind.ASSIGNED, mine, by=colleague)
    assert summaries.send_due() == 1
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["fatima@waterkant.example"], "Webcare: je dag, maandag 23 november")
    assert sent.body.split("\n")[:13] == [
        "Goedemorgen Fatima,",
        "",
        "Zo begint je dag:",
        "",
        "- 1 gesprek van jou om te beantwoorden",
        "  https://webcare.waterkant.example/inbox/mine/",
        "- 1 gesprek dat niemand heeft opgepakt",
        "  https://webcare.waterkant.example/inbox/unclaimed/",
        "- 1 gesprek dat te laat is",
        "  https://webcare.waterkant.example/inbox/late/",
        "- 1 melding die je nog niet zag",
        "  https://webcare.waterkant.example/notices/",
        "",
    ]
    assert "paspoort" not in sent.body
    assert "Aïsha" not in sent.body


def test_once_a_day_when_the_office_is_open(outbox, fatima, accounts, standing_clock):
    told = []
    for hour in (6, 7, 8, 9, 10, 24 + 7, 24 + 8):  # UTC: 07:00, 08:00 (closed), 09:00 (open) …
        standing_clock.moment = datetime(2026, 11, 23 + hour // 24, hour % 24, 0, tzinfo=UTC)
        told.append(summaries.send_due())
    assert told == [0, 0, 1, 0, 0, 0, 1]


def test_not_on_a_weekend_holiday_or_closing_day(outbox, fatima, accounts, webcare, standing_clock):
    for account in accounts.values():
        ClosingDay.objects.create(settings=account.inbox_settings, date=datetime(2026, 11, 24, tzinfo=UTC).date())
    for moment in (
        datetime(2026, 11, 22, 9, tzinfo=UTC),  # Sunday
        datetime(2026, 11, 24, 9, tzinfo=UTC),  # closed
        datetime(2026, 12, 25, 9, tzinfo=UTC),  # Christmas
        datetime(2026, 11, 23, 12, tzinfo=UTC),  # the morning is over
    ):
        standing_clock.moment = moment
        assert summaries.send_due() == 0
    fatima.notices_outside_hours = True
    fatima.save()
    assert summaries.send_due() == 0
    standing_clock.moment = datetime(2026, 11, 25, 7, tzinfo=UTC)  # 08:00: before it opens, as they asked
    assert summaries.send_due() == 1


def test_only_to_who_wants_it_and_works_here(outbox, fatima, colleague, lead, accounts, standing_clock):
    standing_clock.moment = MONDAY_0900
    User.objects.filter(pk=colleague.pk).update(email="joris@waterkant.example")
    User.objects.filter(pk=lead.pk).update(email="", daily_summary=True)
    User.objects.filter(pk=fatima.pk).update(is_active=False)
    assert (summaries.send_due(), outbox) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(mail_server: MailServer, fatima, accounts, standing_clock):  # noqa: F811
    standing_clock.moment = MONDAY_0900
    assert sorted(together(summaries.send_due, summaries.send_due)) == [0, 1]
    assert len(mail_server.got) == 1


def test_mail_server_that_refuses_gets_it_again(mail_server: MailServer, fatima, accounts, standing_clock):  # noqa: F811
    standing_clock.moment = MONDAY_0900
    mail_server.after_data = "451 later"
    assert summaries.send_due() == 0
    mail_server.after_data = "250 taken"
    assert (summaries.send_due(), summaries.send_due()) == (1, 0)


def test_without_a_mail_server_nothing_is_noted(settings, fatima, accounts, standing_clock):
    settings.MAILERS = mailers("")
    standing_clock.moment = MONDAY_0900
    assert summaries.send_due() == 0
    fatima.refresh_from_db()
    assert fatima.summary_on is None
