"""Set what a conversation is about, how much haste it has, what the citizen wants and how they sound, from its
head."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _

from inbox.actions import label, prioritise
from inbox.actions.refused import Refused
from inbox.models import Topic
from inbox.views.acts import act, attempt
from inbox.views.composer import Typed
from inbox.views.conversation import SignedIn


class TopicForm(forms.Form):
    """Which one; empty takes it away."""

    topic = forms.ModelChoiceField(Topic.objects.all(), required=False)


@act
def set_topic(request: SignedIn, pk: int) -> HttpResponse:
    """Onderwerp."""
    form = TopicForm(request.POST)

    def deed() -> None:
        if not form.is_valid():
            raise Refused("no_choice", _("Choose a topic."))
        label.set_topic(pk, by=request.user, topic=form.cleaned_data["topic"])

    return attempt(request, pk, deed, Typed(panel="topic"))


@act
def set_sentiment(request: SignedIn, pk: int) -> HttpResponse:
    """Toon."""
    sentiment = request.POST.get("sentiment", "")
    return attempt(request, pk, lambda: label.set_sentiment(pk, by=request.user, sentiment=sentiment))


@act
def set_priority(request: SignedIn, pk: int) -> HttpResponse:
    """Prioriteit."""
    given = request.POST.get("priority", "")
    priority = int(given) if given in {"0", "1", "2"} else -1
    return attempt(
        request, pk, lambda: prioritise.set_priority(pk, by=request.user, priority=priority), Typed(panel="topic")
    )


@act
def set_contact_kind(request: SignedIn, pk: int) -> HttpResponse:
    """Soort contact."""
    kind = request.POST.get("contact_kind", "")
    return attempt(request, pk, lambda: label.set_contact_kind(pk, by=request.user, contact_kind=kind))
