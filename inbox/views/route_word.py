"""What the citizen hears when their conversation is routed: the small form for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from inbox.actions import route as routing
from inbox.actions.refused import Refused
from inbox.models import Conversation, Department, User
from inbox.views.advice import Found, found_in
from inbox.views.composer import button_words
from inbox.views.pane_rows import newest_id


@dataclass(frozen=True, slots=True)
class WordForm:
    """What the citizen hears. ``sentence``: why nothing can be said now, "" when it can; ``tell``: whether the box is
    ticked; ``button``: where it would go."""

    sentence: str
    tell: bool
    text: str
    button: str
    audience: str
    submission: UUID
    seen: int
    confirm_newer: bool = False
    confirm_unfilled: bool = False
    found: tuple[Found, ...] = ()
    confirm: str = ""


def word_form(
    conversation: Conversation,
    user: User,
    department: Department | None,
    given: Mapping[str, Any] | None = None,
    refused: Refused | None = None,
) -> WordForm:
    """For a department that was chosen; ``given``: what a refused form held. At most four queries."""
    given = given or {}
    refusal = routing.cannot_tell(conversation, user)
    text = given.get("word") or (routing.word_for(conversation, user, department) if department else "")
    findings = refused.data.get("findings") if refused else None
    name = conversation.identity.display_name
    return WordForm(
        sentence=str(refusal) if refusal else "",
        tell=refusal is None and bool(given.get("tell", bool(text))),
        text=text,
        button=button_words(conversation),
        audience=_("Everyone can read this") if conversation.public else _("Only %(name)s reads this") % {"name": name},
        submission=given.get("submission") or uuid4(),
        seen=newest_id(conversation),
        confirm_newer=refused is not None and refused.code == "newer_message",
        confirm_unfilled=refused is not None and refused.code == "unfilled",
        found=found_in(text, findings) if isinstance(findings, list) else (),
        confirm=str(refused.data.get("confirm", "")) if refused else "",
    )
