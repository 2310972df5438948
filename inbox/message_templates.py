"""The templates of an account: asked of the platform now and then, kept, and filled in for one citizen."""

import re
from collections.abc import Mapping
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from channels import account_state
from channels.clock import now
from channels.errors import SendError
from channels.gateway import connector_of
from channels.messages import Template
from channels.models import Account, AccountState, Kind
from inbox.models import Conversation, MessageTemplate, TemplateRound, TemplateStatus, User

FRESH = timedelta(hours=1)
JUST_ASKED = timedelta(minutes=2)  # an answer, or a failure, so new that nobody needs to ask again
KINDS = (Kind.WHATSAPP,)  # whose accounts have templates
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")

log = structlog.get_logger()

# -- asking ---------------------------------------------------------------------------------------------------------


def refresh_due() -> int:
    """Ask for the templates of accounts of which we know nothing fresh; how many were asked. By the clock."""
    before = now() - FRESH
    due = Account.objects.filter(kind__in=KINDS, state=AccountState.ACTIVE).filter(
        Q(template_round__isnull=True) | Q(template_round__asked_at__lte=before)
    )
    return sum(refresh(account) for account in due.select_related("app"))


def is_stale(account: Account) -> bool:
    """Whether the platform should be asked anew before someone chooses (one query)."""
    return not TemplateRound.objects.filter(account=account, asked_at__gt=now() - FRESH).exists()


def refresh(account: Account, *, by_hand: bool = False) -> bool:
    """Ask the platform for all of them, and keep what it tells; whether it told. ``account.app`` loaded. ``by_hand``:
    also when somebody asked just now.

    Two at once: one asks. The platform is called outside any transaction. What is no longer listed stays, as gone:
    messages were sent with it."""
    moment = now()
    if not _mine(account) and not by_hand:
        return False
    try:
        told = connector_of(account).templates(account.credentials())
    except SendError as failure:
        if failure.reason in account_state.DOUBTFUL:
            account_state.note_failure(account, failure.reason, failure.code)
        TemplateRound.objects.filter(account=account).update(code=failure.code[:60], reason=failure.reason[:30])
        return False
    except Exception as error:  # noqa: BLE001  (one account never holds up the others)
        account_state.log_crash("templates_crashed", account, error)
        TemplateRound.objects.filter(account=account).update(code="", reason="other")
        return False
    _keep(account, told)
    TemplateRound.objects.filter(account=account).update(answered_at=moment, code="", reason="")
    log.info("templates", account=account.pk, found=len(told))
    return True


def _mine(account: Account) -> bool:
    """Whether we are to ask: nobody did just now."""
    moment = now()
    with transaction.atomic():
        found, made = TemplateRound.objects.select_for_update().get_or_create(
            account=account, defaults={"asked_at": moment}
        )
        if not made and moment - found.asked_at < JUST_ASKED and found.asked_at <= moment:
            return False
        TemplateRound.objects.filter(pk=found.pk).update(asked_at=moment)
    return True


def _keep(account: Account, told: list[Template]) -> None:
    rows = [
        MessageTemplate(
            account=account,
            external_id=one.external_id[:64],
            name=one.name,
            language=one.language,
            category=one.category,
            status=one.status if one.status in TemplateStatus.values else TemplateStatus.OTHER,
            reason=one.reason,
            body=one.body,
            examples=dict(one.examples),
            buttons=list(one.buttons),
            gone_at=None,
        )
        for one in told
    ]
    columns = ["name", "language", "category", "status", "reason", "body", "examples", "buttons", "gone_at"]
    with transaction.atomic():
        MessageTemplate.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["account", "external_id"], update_fields=columns
        )
        known = MessageTemplate.objects.filter(account=account, gone_at__isnull=True)
        known.exclude(external_id__in=[row.external_id for row in rows]).update(gone_at=now())


# -- filling in -------------------------------------------------------------------------------------------------


def usable(account: Account) -> list[MessageTemplate]:
    """What may be sent now, by name. One query."""
    return list(MessageTemplate.objects.filter(account=account, status=TemplateStatus.APPROVED, gone_at__isnull=True))


def variables(template: MessageTemplate) -> list[str]:
    """The names of what is to be filled in, as they come in the text; then what stands elsewhere (a link, a button)."""
    return list(dict.fromkeys([*VARIABLE.findall(template.body), *template.examples]))


def filled(template: MessageTemplate, values: Mapping[str, str]) -> str:
    """The text as the citizen reads it; a variable without a value stays as it is."""
    return VARIABLE.sub(lambda found: plain(values.get(found[1], "")) or found[0], template.body)


def plain(value: str) -> str:
    """As WhatsApp takes it: no line ends, no more than one space."""
    return " ".join(value.split())


# What a variable is called, in part, and what we know that goes there. The first that fits.
_CITIZEN = ("naam", "name", "inwoner", "voornaam", "klant")
_MUNICIPALITY = ("gemeente", "organisatie", "municipality", "afzender")
_DEPARTMENT = ("afdeling", "team", "department")
_COLLEAGUE = ("medewerker", "collega", "agent")


def known(template: MessageTemplate, conversation: Conversation, by: User, municipality: str) -> dict[str, str]:
    """What we can fill in ourselves, by variable. A bare number says nothing: the words around it do, or the first is
    the citizen's name after a greeting. ``conversation.identity`` and ``department`` loaded."""
    made: dict[str, str] = {}
    name = conversation.identity.name or conversation.identity.contact.name
    for variable in variables(template):
        word = variable.casefold()
        if any(part in word for part in _COLLEAGUE):
            made[variable] = str(by)
        elif any(part in word for part in _MUNICIPALITY):
            made[variable] = municipality
        elif any(part in word for part in _DEPARTMENT):
            made[variable] = conversation.department.name
        elif any(part in word for part in _CITIZEN) or _greeted(template.body, variable):
            made[variable] = name
    return {variable: value for variable, value in made.items() if value}


def _greeted(body: str, variable: str) -> bool:
    """Whether it stands right after the first word: "Beste {{1}},"."""
    found = re.match(r"\s*(?:beste|geachte|dag|hallo|hoi)\s+\{\{\s*(\w+)\s*\}\}", body, re.IGNORECASE)
    return found is not None and found[1] == variable
