"""Until when a platform takes free text in a private conversation, and what to say when it does not any more."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from channels.clock import now
from channels.gateway import capabilities_of
from inbox import sla
from inbox.actions.refused import Refused
from inbox.models import Conversation


@dataclass(frozen=True, slots=True)
class Windows:
    """``free``: until when anything goes; ``until``: until when a person may still answer by hand (Messenger's seven
    days). Aware UTC; both None where the platform has no such limit, or the citizen never wrote here."""

    free: datetime | None
    until: datetime | None


def windows(conversation: Conversation) -> Windows:
    """Those of this conversation. No query."""
    window = capabilities_of(conversation.account).window
    if conversation.public or window is None or conversation.last_inbound_at is None:
        return Windows(None, None)
    free = conversation.last_inbound_at + window.length
    by_hand = conversation.last_inbound_at + (window.human_agent_length or window.length)
    return Windows(free, max(free, by_hand))


def closed(conversation: Conversation) -> Refused | None:
    """Why free text cannot go out here now; None when it can. data: templates, whether one may go instead."""
    window = capabilities_of(conversation.account).window
    if conversation.public or window is None:
        return None
    templates = window.template_afterwards
    if conversation.last_inbound_at is None:
        if templates:
            sentence = _("The citizen has not written to us here yet. Send an approved template first.")
        else:
            sentence = _("Facebook takes one private message after a comment. Write on once the citizen answers.")
        return Refused("window_closed", sentence, templates=templates)
    until = windows(conversation).until
    if until is None or until > now():
        return None
    moment = {"moment": sla.format_moment(until, now())}
    if templates:
        sentence = _("The window of 24 hours closed %(moment)s. Send an approved template, or wait for a new message.")
    else:
        sentence = _("The window for answers closed %(moment)s. You can answer when the citizen writes again.")
    return Refused("window_closed", sentence % moment, templates=templates)
