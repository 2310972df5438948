"""Opening hours and targets as an administrator sets them: the fields, the year before it is saved, what is said."""

from datetime import date, time, timedelta

import pytest
from django.test import Client

from inbox.actions import clocks, set_hours
from inbox.actions.changing import changing
from inbox.actions.set_hours import SetDay
from inbox.models import AnswerTarget, AuditEntry, Conversation, Topic
from inbox.office_hours import Period
from inbox.targets import Target, of_settings
from tests.conftest import MONDAY_10
from tests.inbox.views.test_lists import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea(admin, accounts, standing_clock) -> Client:
    return browser(admin)


@pytest.fixture
def page(whatsapp) -> str:
    return f"/setup/hours/{whatsapp.pk}/"


@pytest.fixture
def running(make_conversation, standing_clock) -> Conversation:
    """Due today at 12:00; it is 10:30."""
    made = make_conversation()
    with changing(made.pk, "received", by=None) as locked:
        clocks.start(locked, MONDAY_10)
    return made


def fields(whatsapp, **changes):
    """The form as it comes, with these changes."""
    seen = set_hours.fingerprint(set_hours.load(whatsapp.pk))
    sent = {"seen": seen, **{f"day-{day}": "09:00-17:00" for day in range(5)}, "day-5": "", "day-6": ""}
    sent["holiday"] = sorted(set_hours.holiday_names() - {"Goede vrijdag"})
    return sent | changes


def day(*rows):
    return {name: [row[at] for row in rows] for at, name in enumerate(("date", "hours", "name"))}


@pytest.mark.parametrize("who", ["agent", "lead", "viewer", "outsider", "expert"])
def test_only_for_administrators(who, request, whatsapp, page):
    client = browser(request.getfixturevalue(who))
    for address in ("/setup/hours/", page, f"{page}targets/", "/setup/replies/", f"/setup/replies/{whatsapp.pk}/"):
        assert (client.get(address).status_code, client.post(address).status_code) in {(403, 403), (403, 405)}


def test_unknown_account_is_not_found(bea):
    for address in ("/setup/hours/99999/", "/setup/hours/99999/targets/", "/setup/replies/99999/"):
        assert bea.get(address).status_code == 404


def test_overview_tells_what_is_agreed(bea, whatsapp):
    AnswerTarget.objects.create(
        settings=whatsapp.inbox_settings, priority=2, first_answer_minutes=30, next_answer_minutes=30
    )
    rows = {row["account"].pk: row for row in bea.get("/setup/hours/").context["rows"]}
    row = rows[whatsapp.pk]
    assert (row["hours"], row["first"], row["next"], row["others"]) == (["ma-vr 09:00-17:00"], "2 u", "4 u", 1)


def test_fields_hold_what_is_set(bea, page, whatsapp):
    typed = bea.get(page).context["typed"]
    assert [line.text for line in typed.lines] == ["09:00-17:00"] * 5 + ["", ""]
    assert typed.holidays == set_hours.holiday_names() - {"Goede vrijdag"}
    shown = {each["name"]: each["days"] for each in bea.get(page).context["holidays"]}
    assert (len(shown), shown["Koningsdag"]) == (11, ["ma 27 april", "di 27 april"])


def test_look_changes_nothing_and_tells_what_it_does(bea, page, whatsapp, running):
    answer = bea.post(page, fields(whatsapp, deed="look", **day(("2026-11-23", "", "Storing"))))
    assert answer.context["effect"].foreseen == "1 lopende timer krijgt een andere tijd."
    assert (answer.context["differ"], len(answer.context["months"]), answer.context["year"]) == (1, 12, 2026)
    november = answer.context["months"][10]
    changed = next(each for each in november["days"] if each["number"] == 23)
    assert (changed["mark"], changed["words"], changed["changed"]) == ("D", "dicht, Storing", True)
    assert set_hours.week_of(set_hours.load(whatsapp.pk)).days == ()
    assert AuditEntry.objects.filter(conversation=None).count() == 0


def test_look_at_another_year_keeps_what_was_typed(bea, page, whatsapp):
    sent = fields(whatsapp, year="2027", **day(("2027-03-17", "09:00-21:00", "Verkiezingen")))
    answer = bea.post(page, sent)
    assert (answer.context["year"], answer.context["others"]) == (2027, [2026, 2028])
    march = answer.context["months"][2]["days"][16]
    assert march["words"] == "andere tijden, 09:00-21:00 (Verkiezingen)"
    html = answer.content.decode()
    assert html.count('name="date" value="2027-03-17"') == 1
    assert html.count('name="hours" value="09:00-21:00"') == 1


def test_save_says_how_many_timers_moved(bea, page, whatsapp, running):
    answer = bea.post(page, fields(whatsapp, deed="save", **day(("2026-11-23", "", "Storing"))), follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "Opgeslagen. 1 lopende timer kreeg een andere tijd."
    ]
    assert Conversation.objects.get().due_at == MONDAY_10 + timedelta(days=1, hours=1)
    assert AuditEntry.objects.get(verb="hours_changed").data == {"account": whatsapp.pk, "fields": ["days"]}


def test_several_periods_holidays_and_special_evenings_are_saved(bea, page, whatsapp):
    sent = fields(
        whatsapp,
        deed="save",
        **{"day-1": "9-12 en 13-17", "day-5": "10:00-14:00"},
        holiday=["Koningsdag"],
        **day(("2026-12-24", "09:00-12:00", "Kerstavond"), ("2026-12-31", "", "Oudjaar"), ("", "", "")),
    )
    bea.post(page, sent)
    week = set_hours.week_of(set_hours.load(whatsapp.pk))
    assert [period for period in week.periods if period.weekday in (1, 5)] == [
        Period(1, time(9), time(12)),
        Period(1, time(13), time(17)),
        Period(5, time(10), time(14)),
    ]
    assert (week.holidays, week.days) == (
        {"Koningsdag"},
        (SetDay(date(2026, 12, 24), "Kerstavond", ((time(9), time(12)),)), SetDay(date(2026, 12, 31), "Oudjaar")),
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"day-0": "altijd"}, "line"),
        ({"day-0": "09:00-12:00, 11:00-13:00"}, "line"),
        (day(("2026-12-24", "17-9", "x")), "row"),
        (day(("", "", "Zonder datum")), "row"),
        (day(("2026-13-40", "", "Geen datum")), "row"),
        (day(("2026-12-24", "", "")), "row"),
        (day(("2026-12-24", "", "a"), ("2026-12-24", "", "b")), "row"),
        (day(("2026-12-24", "", "a" * 81)), "row"),
    ],
)
def test_what_is_wrong_is_told_beside_it_and_kept(bea, page, whatsapp, changes, where):
    answer = bea.post(page, fields(whatsapp, deed="save", **changes))
    typed = answer.context["typed"]
    errors = [line.error for line in typed.lines if line.error], [row.error for row in typed.rows if row.error]
    assert [len(found) for found in errors] == ([1, 0] if where == "line" else [0, 1])
    assert set_hours.week_of(set_hours.load(whatsapp.pk)).days == ()


def test_bridge_days_are_offered_once(bea, page, whatsapp):
    answer = bea.post(page, fields(whatsapp, deed="bridge", **day(("2027-05-07", "", "Dag na Hemelvaart"))))
    rows = [(row.date, row.name) for row in answer.context["typed"].rows]
    assert rows == [("2027-04-26", "Brugdag bij Koningsdag"), ("2027-05-07", "Dag na Hemelvaart")]


def test_a_day_is_taken_away(bea, page, whatsapp):
    sent = fields(whatsapp, drop="0", **day(("2027-04-26", "", "Brugdag"), ("2027-05-07", "", "Hemelvaart")))
    assert [row.name for row in bea.post(page, sent).context["typed"].rows] == ["Hemelvaart"]


def test_taken_over_from_another_account_without_saving(bea, admin, page, whatsapp, accounts):
    settings = set_hours.load(accounts["x"].pk)
    week = set_hours.Week((Period(6, time(10), time(12)),), frozenset(), (SetDay(date(2026, 12, 1), "Dicht"),))
    set_hours.set_week(accounts["x"].pk, week, by=admin, seen=set_hours.fingerprint(settings))
    typed = bea.post(page, {"deed": "copy", "from": accounts["x"].pk}).context["typed"]
    assert ([line.text for line in typed.lines], typed.holidays) == ([""] * 6 + ["10:00-12:00"], frozenset())
    assert [row.name for row in typed.rows] == ["Dicht"]
    assert len(set_hours.week_of(set_hours.load(whatsapp.pk)).periods) == 5
    assert bea.post(page, {"deed": "copy", "from": "x"}).status_code == 404


def test_days_of_years_ago_stay_without_being_shown(bea, page, whatsapp):
    whatsapp.inbox_settings.closing_days.create(date=date(2025, 12, 24), name="Vorig jaar")
    assert bea.get(page).context["typed"].rows == []
    bea.post(page, fields(whatsapp, deed="save", **day(("2026-12-24", "", "Dit jaar"))))
    assert [each.name for each in set_hours.week_of(set_hours.load(whatsapp.pk)).days] == ["Vorig jaar", "Dit jaar"]


def test_change_of_a_colleague_meanwhile_is_told(bea, page, whatsapp):
    sent = fields(whatsapp, deed="save", **day(("2026-12-24", "", "Dicht")))
    whatsapp.inbox_settings.closing_days.create(date=date(2026, 12, 31), name="Van een collega")
    answer = bea.post(page, sent, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert [each.name for each in set_hours.week_of(set_hours.load(whatsapp.pk)).days] == ["Van een collega"]


def test_never_open_is_warned_for(bea, page, whatsapp):
    sent = fields(whatsapp, deed="look") | {f"day-{number}": "" for number in range(7)}
    assert bea.post(page, sent).context["never"] is True


def test_pages_ask_the_same_however_much_there_is(bea, page, whatsapp, django_assert_num_queries):
    first = Topic.objects.create(name="Het eerste")
    whatsapp.inbox_settings.targets.create(topic=first, first_answer_minutes=9, next_answer_minutes=9)
    counts = {}
    for address in ("/setup/hours/", page, f"{page}targets/", "/setup/replies/"):
        bea.get(address)
        with django_assert_num_queries(20, exact=False) as asked:
            bea.get(address)
        counts[address] = len(asked)
    for number in range(20):
        topic = Topic.objects.create(name=f"Onderwerp {number}")
        whatsapp.inbox_settings.closing_days.create(date=date(2026, 12, 1 + number), name="Dicht")
        whatsapp.inbox_settings.special_periods.create(date=date(2027, 1, 1 + number), opens=time(9), closes=time(12))
        whatsapp.inbox_settings.targets.create(topic=topic, first_answer_minutes=9, next_answer_minutes=9)
    for address, count in counts.items():
        with django_assert_num_queries(count):
            bea.get(address)


# ---------------------------------------------------------------- targets


def rows_of(*rows):
    """The formset as it is sent."""
    sent = {"rows-TOTAL_FORMS": str(len(rows)), "rows-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        sent |= {f"rows-{number}-{name}": str(value) for name, value in row.items()}
    return sent


def targets_sent(whatsapp, *rows, **changes):
    seen = set_hours.fingerprint(set_hours.load(whatsapp.pk))
    return {"seen": seen, "first": "120", "next": "240", "save": ""} | rows_of(*rows) | changes


def test_targets_are_saved_and_say_what_they_did(bea, page, whatsapp, running):
    topic = Topic.objects.create(name="Gladheid")
    sent = targets_sent(
        whatsapp,
        {"public": "1", "topic": topic.pk, "priority": "2", "first": "15", "next": "30"},
        {"public": "", "topic": "", "priority": "", "first": "", "next": ""},
        first="60",
    )
    answer = bea.post(f"{page}targets/", sent, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "Opgeslagen. 1 lopende timer kreeg een andere tijd."
    ]
    expected = (Target(60, 240), Target(15, 30, True, topic.pk, 2, "Gladheid"))
    assert of_settings(set_hours.load(whatsapp.pk)) == expected
    shown = answer.context["rows"].forms[0].initial
    assert shown == {"public": "1", "topic": topic.pk, "priority": 2, "first": 15, "next": 30}
    assert Conversation.objects.get().due_at == MONDAY_10 + timedelta(hours=1)


@pytest.mark.parametrize(
    "row",
    [
        {"public": "", "topic": "", "priority": "", "first": "15", "next": "30"},
        {"public": "1", "topic": "", "priority": "", "first": "15", "next": ""},
        {"public": "1", "topic": "", "priority": "", "first": "0", "next": "30"},
        {"public": "1", "topic": "", "priority": "", "first": "14401", "next": "30"},
        {"public": "1", "topic": "", "priority": "7", "first": "15", "next": "30"},
    ],
)
def test_row_that_cannot_be_is_refused(bea, page, whatsapp, row):
    answer = bea.post(f"{page}targets/", targets_sent(whatsapp, row))
    assert (answer.status_code, bool(answer.context["rows"].forms[0].errors)) == (200, True)
    assert AnswerTarget.objects.count() == 0


def test_two_rows_for_the_same_are_refused(bea, page, whatsapp):
    row = {"public": "0", "topic": "", "priority": "2", "first": "15", "next": "30"}
    answer = bea.post(f"{page}targets/", targets_sent(whatsapp, row, row | {"first": "20"}))
    assert answer.context["rows"].forms[1].non_field_errors() == ["Deze rij staat er twee keer."]
    assert AnswerTarget.objects.count() == 0


def test_more_rows_keep_what_was_typed(bea, page, whatsapp):
    row = {"public": "1", "topic": "", "priority": "", "first": "abc", "next": ""}
    sent = targets_sent(whatsapp, row) | {"more": ""}
    answer = bea.post(f"{page}targets/", sent)
    assert (len(answer.context["rows"].forms), answer.context["rows"].forms[0]["first"].value()) == (3, "abc")
    assert AnswerTarget.objects.count() == 0
