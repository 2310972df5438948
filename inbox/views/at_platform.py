"""Going on in private from something public; hiding, liking and deleting where a message stands."""

from django.http import Http404, HttpResponse

from inbox.actions import at_platform, reply_privately
from inbox.actions.refused import Refused
from inbox.models import Deed
from inbox.views import acts
from inbox.views.composer import Typed
from inbox.views.conversation import SignedIn
from inbox.views.filled import PRIVATE, Filled
from inbox.views.templates_wa import uuid


@acts.act
def go_private(request: SignedIn, pk: int) -> HttpResponse:
    """Privé verder. The page stays with the public conversation, which then tells where it goes on."""
    given = request.POST
    submission = uuid(given.get("submission", ""))
    text, public_text = (given.get(name, "").replace("\r\n", "\n")[:100_000] for name in ("text", "public_text"))
    filled = Filled(PRIVATE, submission, text=text, public_text=public_text)

    def deed() -> None:
        if submission is None:
            raise acts.unreadable()
        reply_privately.reply_privately(
            pk,
            by=request.user,
            text=text,
            public_text=public_text,
            submission=submission,
            seen_message_id=acts.number(given.get("seen", "")) or 0,
            confirm_personal_data=given.get("confirm_personal_data", "")[:64],
        )

    try:
        deed()
    except Refused as refusal:
        return acts.refused(request, pk, refusal, Typed(filled=filled))
    return acts.done(request, pk, events={"platform-sent": {"id": pk, "panel": PRIVATE}})


@acts.act
def message_deed(request: SignedIn, pk: int, what: str) -> HttpResponse:
    """Verbergen, weer tonen, vind ik leuk, verwijderen."""
    if what not in Deed.values:
        raise Http404
    conversation_id = acts.conversation_of(request, pk)
    return acts.attempt(request, conversation_id, lambda: at_platform.ask(pk, Deed(what), by=request.user))
