"""Administrators hear once when a channel breaks and once when it works again, whatever the mail server does."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from channels import account_state
from channels.models import Account
from inbox import alerts
from inbox.models import User
from tests.conftest import MONDAY_10
from tests.inbox.conftest import StandingClock
from webcare.mailers import mailers

type Accounts = dict[str, Account]


class Desk(socketserver.StreamRequestHandler):
    """A mail server, as far as Django needs one."""

    server: "MailServer"

    def handle(self) -> None:
        self.say("220 post")
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                self.say("354 go on")
                lines = []
                while (part := self.rfile.readline()) != b".\r\n":
                    lines.append(part)
                self.server.got.append(b"".join(lines).decode())
                self.server.meanwhile()
                self.say(self.server.after_data)
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, words: str) -> None:
        if not self.server.silent:
            self.wfile.write(words.encode() + b"\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.got: list[str] = []
        self.after_data = "250 taken"
        self.silent = False
        self.meanwhile: Callable[[], None] = lambda: None


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        host, port = server.server_address[:2]
        options = {"host": host, "port": port, "timeout": 0.5}
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def outbox(settings: Any) -> list[mail.EmailMessage]:
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    mail.outbox = []
    return mail.outbox


@pytest.fixture
def beheer(admin: User) -> User:
    admin.email = "beheer@waterkant.example"
    admin.save()
    return admin


@pytest.fixture
def account(accounts: Accounts, standing_clock: StandingClock) -> Account:
    return accounts["facebook"]


def alerted(account: Account) -> bool:
    account.refresh_from_db()
    return account.alerted_at is not None


def test_broken_channel_is_told_once_and_that_it_works_again_once(
    account: Account, beheer: User, outbox: list[mail.EmailMessage]
) -> None:
    account_state.note_failure(account, "token", "190/463")
    assert [alerts.alert_administrators(), alerts.alert_administrators()] == [1, 0]
    account_state.note_success(account)
    assert [alerts.alert_administrators(), alerts.alert_administrators()] == [1, 0]
    account_state.note_failure(account, "token", "190/460")
    assert alerts.alert_administrators() == 1
    assert [(message.to, message.subject.partition(":")[0]) for message in outbox] == [([beheer.email], "Webcare")] * 3


def test_mail_says_what_where_since_when_and_what_to_do(
    account: Account, beheer: User, outbox: list[mail.EmailMessage], settings: Any
) -> None:
    settings.PUBLIC_URL = "https://webcare.example.nl"
    Account.objects.filter(pk=account.pk).update(name="Zorg & Welzijn")
    account_state.note_failure(account, "token", "190/463")
    alerts.alert_administrators()
    body = outbox[0].body
    wanted = ["Zorg & Welzijn (Facebook)", "190/463", "10:30", "https://webcare.example.nl/nothing-lost/"]
    assert [part for part in wanted if part not in body] == []
    assert [secret for secret in account.secrets.values() if secret in body] == []
    assert "Zorg & Welzijn (Facebook)" in outbox[0].subject


def test_name_with_a_line_in_it_makes_no_header(
    account: Account, beheer: User, outbox: list[mail.EmailMessage]
) -> None:
    Account.objects.filter(pk=account.pk).update(name="Stad\nBcc: iemand@example.nl")
    account_state.note_failure(account, "token")
    assert alerts.alert_administrators() == 1
    assert (outbox[0].bcc, "\n" in outbox[0].subject) == ([], False)


def test_platform_that_does_not_call_us_is_told_too(
    account: Account, beheer: User, outbox: list[mail.EmailMessage]
) -> None:
    Account.objects.filter(pk=account.pk).update(webhook_problem="unsubscribed", webhook_checked_at=MONDAY_10)
    assert [alerts.alert_administrators(), alerts.alert_administrators()] == [1, 0]
    Account.objects.filter(pk=account.pk).update(webhook_problem="")
    assert alerts.alert_administrators() == 1
    assert len({message.subject for message in outbox}) == 2


def test_paused_channel_is_nobodys_alarm(account: Account, beheer: User, outbox: list[mail.EmailMessage]) -> None:
    Account.objects.filter(pk=account.pk).update(state="paused", webhook_problem="invalid", error_reason="token")
    assert (alerts.alert_administrators(), outbox) == (0, [])


@pytest.mark.parametrize(("days", "mails"), [(13, 1), (15, 0)])
def test_end_of_access_is_told_two_weeks_before_once(
    account: Account,
    beheer: User,
    outbox: list[mail.EmailMessage],
    standing_clock: StandingClock,
    days: int,
    mails: int,
) -> None:
    Account.objects.filter(pk=account.pk).update(token_expires_at=standing_clock() + timedelta(days=days))
    assert [alerts.alert_administrators(), alerts.alert_administrators()] == [mails, 0]
    # New access that ends later is another matter, to be told in its own time.
    Account.objects.filter(pk=account.pk).update(token_expires_at=standing_clock() + timedelta(days=3))
    assert alerts.alert_administrators() == 1


def test_only_administrators_with_an_address_get_it(
    account: Account, beheer: User, agent: User, outbox: list[mail.EmailMessage]
) -> None:
    agent.email = "fatima@waterkant.example"
    agent.save()
    former = User.objects.create_user("oud", "oud@waterkant.example", role="admin", is_active=False)
    account_state.note_failure(account, "token")
    alerts.alert_administrators()
    assert (outbox[0].to, former.email in outbox[0].to) == ([beheer.email], False)


def test_nobody_to_tell_waits_for_somebody(account: Account, admin: User, outbox: list[mail.EmailMessage]) -> None:
    account_state.note_failure(account, "token")
    assert (alerts.alert_administrators(), alerted(account)) == (0, False)
    admin.email = "beheer@waterkant.example"
    admin.save()
    assert (alerts.alert_administrators(), alerted(account)) == (1, True)


def test_without_a_mail_server_nothing_is_tried(account: Account, beheer: User, settings: Any) -> None:
    settings.MAILERS = mailers("")
    account_state.note_failure(account, "token")
    assert (alerts.mail_is_set_up(), alerts.alert_administrators(), alerted(account)) == (False, 0, False)


def test_real_mail_server_gets_it(account: Account, beheer: User, mail_server: MailServer) -> None:
    account_state.note_failure(account, "token", "190/463")
    assert alerts.alert_administrators() == 1
    assert ["To: beheer@waterkant.example" in message for message in mail_server.got] == [True]


def test_mail_server_that_is_down_refuses_or_is_silent_gets_it_later(
    account: Account, beheer: User, mail_server: MailServer, settings: Any
) -> None:
    account_state.note_failure(account, "token")
    port = mail_server.server_address[1]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.MAILERS["default"]["OPTIONS"]["port"] = closed.getsockname()[1]
        down = alerts.alert_administrators()
    settings.MAILERS["default"]["OPTIONS"]["port"] = port
    mail_server.after_data = "451 later"
    refused = alerts.alert_administrators()
    mail_server.after_data, mail_server.silent = "250 taken", True
    silent = alerts.alert_administrators()
    mail_server.silent = False
    assert (down, refused, silent, alerted(account)) == (0, 0, 0, False)
    assert (alerts.alert_administrators(), alerted(account)) == (1, True)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(account: Account, beheer: User, mail_server: MailServer) -> None:
    account_state.note_failure(account, "token")
    together = threading.Barrier(4)
    sent: list[int] = []

    def work() -> None:
        together.wait(5)
        try:
            sent.append(alerts.alert_administrators())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (sum(sent), len(mail_server.got)) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_channels_row_is_free_while_the_mail_server_takes_its_time(
    account: Account, beheer: User, mail_server: MailServer
) -> None:
    """Sending an answer writes to the same row: it must not wait for a mail."""
    written: list[int] = []

    def write() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '200ms'")
            written.append(Account.objects.filter(pk=account.pk).update(last_sent_at=MONDAY_10))
        finally:
            connection.close()

    account_state.note_failure(account, "token")
    mail_server.meanwhile = write
    assert (alerts.alert_administrators(), written) == (1, [1])
