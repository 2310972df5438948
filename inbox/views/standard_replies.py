"""Standard replies: found and taken over while one writes, and the page where team leads keep them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from channels.clock import now
from channels.models import Account
from inbox import audit, permissions, sla, standard_texts
from inbox.actions import standard_reply
from inbox.models import StandardReply, Topic
from inbox.views import conversation as conversations
from inbox.views import lists
from inbox.views.acts import act
from inbox.views.conversation import SignedIn
from inbox.views.writing import page, typed_of

IN_SIGHT = 160  # characters of a reply in the list


@require_safe
@never_cache
@login_required
def find(request: SignedIn, pk: int) -> HttpResponse:
    """JSON {"replies": [{"id", "name", "text", "use"}]}: those for this conversation with the words of ``q``, filled
    in; ``use`` is the address that takes one over. Changes nothing."""
    conversation = conversations.visible(request.user, pk)
    if not permissions.can_work(request.user, conversation):
        raise Http404
    found = list(standard_reply.fitting(request.user, conversation, request.GET.get("q", ""))[: standard_reply.MOST])
    values = standard_reply.values(conversation, request.user) if any("{" in each.text for each in found) else {}
    return JsonResponse(
        {
            "replies": [
                {
                    "id": reply.pk,
                    "name": reply.name,
                    "text": _short(standard_texts.fill(reply.text, values)),
                    "use": reverse("use_reply", args=[pk, reply.pk]),
                }
                for reply in found
            ]
        }
    )


@act
def use(request: SignedIn, pk: int, reply: int) -> HttpResponse:
    """Take one over: JSON {"text", "unfilled"} for the scripts; without them the page, with the reply below what was
    typed."""
    taken = standard_reply.use(reply, by=request.user, conversation_id=pk)
    if "application/json" in request.headers.get("accept", ""):
        return JsonResponse({"text": taken.text, "unfilled": taken.unfilled})
    typed = typed_of(request, more=taken.text)
    return page(request, conversations.visible(request.user, pk), typed)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= IN_SIGHT else line[:IN_SIGHT].rsplit(" ", 1)[0] + " …"


# -- keeping them -------------------------------------------------------------------------------------------------


class StandardReplyForm(forms.ModelForm):
    """One reply."""

    class Meta:
        model = StandardReply
        fields = ("name", "text", "department", "kind", "account", "reach", "topic", "active")
        labels = {
            "name": gettext_lazy("Name"),
            "text": gettext_lazy("Text"),
            "department": gettext_lazy("Department"),
            "kind": gettext_lazy("Platform"),
            "account": gettext_lazy("Account"),
            "reach": gettext_lazy("For answers that are"),
            "topic": gettext_lazy("Topic"),
            "active": gettext_lazy("In use"),
        }
        help_texts = {
            "name": gettext_lazy("Colleagues find it by its name and its words."),
            "topic": gettext_lazy("In conversations about it, this reply comes first."),
        }
        widgets = {"text": forms.Textarea(attrs={"rows": 7})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = Account.objects.defer("secrets")  # type: ignore[attr-defined]
        self.fields["topic"].queryset = offered_topics(self.instance.topic_id)  # type: ignore[attr-defined]
        empties = (("department", _("All departments")), ("account", _("All accounts")), ("topic", _("All topics")))
        for name, empty in empties:
            self.fields[name].empty_label = empty  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", _("All platforms")), *self.fields["kind"].choices[1:]]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """An account has one platform."""
        given = super().clean() or self.cleaned_data
        account, kind = given.get("account"), given.get("kind")
        if account is not None and kind and account.kind != kind:
            self.add_error("account", _("This account is not on that platform."))
        return given


def offered_topics(chosen: int | None) -> QuerySet[Topic]:
    """Those in use, and the one that was chosen before."""
    return Topic.objects.filter(Q(active=True) | Q(pk=chosen))


def keeper(request: SignedIn) -> None:
    """Team leads and administrators only. Raises PermissionDenied."""
    if not permissions.can_keep_replies(request.user):
        raise PermissionDenied


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """All of them, most used first, with how often and when last."""
    keeper(request)
    moment = now()
    found = StandardReply.objects.select_related("department", "account", "topic").defer("account__secrets")
    shown = [
        {
            "reply": reply,
            "where": _where(reply),
            "last": sla.format_moment(reply.used_at, moment) if reply.used_at else "",
        }
        for reply in found.order_by("-active", "-used_count", "name")[:500]
    ]
    context = {"replies": shown, "title": _("Standard replies")}
    return render(request, "inbox/standard_replies.html", context | lists.navigation(request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def change(request: SignedIn, pk: int | None = None) -> HttpResponse:
    """A new one, or one that is there; saved with an audit entry."""
    keeper(request)
    reply = get_object_or_404(StandardReply, pk=pk) if pk is not None else None
    form = StandardReplyForm(request.POST or None, instance=reply)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            made = form.save(commit=False)
            if form.changed_data:
                made.changed_at = now()
                made.save()
                verb = "standard_reply_changed" if reply else "standard_reply_added"
                audit.record(None, verb, request.user, reply=made.pk, fields=form.changed_data)
        messages.success(request, _("Saved."))
        return redirect("standard_replies")
    context = {
        "form": form,
        "reply": reply,
        "variables": [*standard_texts.FILLED, standard_texts.CASE_NUMBER],
        "title": reply.name if reply else _("New standard reply"),
    }
    return render(request, "inbox/standard_reply.html", context | lists.navigation(request.user))


def _where(reply: StandardReply) -> str:
    """For which conversations: "Stadsbeheer · X · public only"."""
    parts = [
        str(reply.department) if reply.department else "",
        str(reply.account) if reply.account else str(reply.get_kind_display()) if reply.kind else "",
        str(reply.get_reach_display()) if reply.reach else "",
        str(reply.topic) if reply.topic else "",
    ]
    return " · ".join(part for part in parts if part) or _("everywhere")
