"""Notes after they were written, who can be named in one, and whether one follows a conversation."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox import forms, permissions
from inbox.actions import follow as following
from inbox.actions import mentions
from inbox.actions import note as notes
from inbox.actions.refused import NotVisible
from inbox.models import Conversation, Note
from inbox.views import conversation as conversations
from inbox.views.acts import act, attempt, unreadable
from inbox.views.conversation import SignedIn


@act
def edit(request: SignedIn, pk: int) -> HttpResponse:
    """Wijzigen: one's own note."""
    form = forms.NoteForm(request.POST)

    def deed() -> None:
        if not form.is_valid():
            raise unreadable()
        notes.edit(pk, by=request.user, text=form.cleaned_data["text"])

    return attempt(request, _conversation_of(request, pk), deed)


@act
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    """Intrekken: one's own note."""
    return attempt(request, _conversation_of(request, pk), lambda: notes.withdraw(pk, by=request.user))


@act
def follow(request: SignedIn, pk: int) -> HttpResponse:
    """Volgen, or with ``stop`` no more."""

    def deed() -> None:
        verb = following.unfollow if request.POST.get("stop") else following.follow
        verb(pk, by=request.user)

    return attempt(request, pk, deed)


@require_safe
@never_cache
@login_required
def offers(request: SignedIn, pk: int) -> JsonResponse:
    """JSON {"offers": [{"name", "words", "department", "sees"}]}: who fits ``q``, what was typed after the @."""
    conversation = conversations.visible(request.user, pk)
    if not permissions.can_work(request.user, conversation):
        raise Http404
    found = mentions.offers(request.GET.get("q", "")[:40], conversation)
    return JsonResponse(
        {
            "offers": [
                {"name": offer.name, "words": offer.words, "department": offer.department, "sees": offer.sees}
                for offer in found
            ]
        }
    )


def _conversation_of(request: SignedIn, note_id: int) -> int:
    """Raises NotVisible."""
    visible = Conversation.objects.visible_to(request.user).values("pk")
    found = Note.objects.filter(pk=note_id, conversation__in=visible).values_list("conversation_id", flat=True).first()
    if found is None:
        raise NotVisible
    return found
