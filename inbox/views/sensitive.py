"""Gevoelig, from the head of a conversation."""

from django.http import HttpResponse

from inbox.actions import sensitive
from inbox.views.acts import act, attempt
from inbox.views.composer import Typed
from inbox.views.conversation import SignedIn


@act
def mark(request: SignedIn, pk: int) -> HttpResponse:
    """With its ground; ``ground`` "" takes the mark away."""
    ground = request.POST.get("ground", "")
    marked = "unmark" not in request.POST
    return attempt(
        request,
        pk,
        lambda: sensitive.mark_sensitive(pk, by=request.user, sensitive=marked, ground=ground),
        Typed(panel="sensitive"),
    )
