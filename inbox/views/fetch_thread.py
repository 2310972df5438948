"""Hele draad ophalen: what others said around a public conversation, from the platform, to read along with."""

from django.http import HttpResponse

from inbox import thread_context
from inbox.views.acts import act, attempt
from inbox.views.conversation import SignedIn


@act
def fetch_thread(request: SignedIn, pk: int) -> HttpResponse:
    """POST; the pane with what came."""
    return attempt(request, pk, lambda: thread_context.fetch(pk, by=request.user))
