"""Vastgezette antwoorden: the page where colleagues set, change and withdraw them, and taking one over while one
writes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels.clock import now
from channels.models import Account
from inbox import sla, standard_texts
from inbox.actions import pinned_answer
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Department, PinnedAnswer, Topic, User
from inbox.office_hours import local
from inbox.views import conversation as conversations
from inbox.views import places
from inbox.views.acts import act
from inbox.views.alike import worker
from inbox.views.conversation import SignedIn
from inbox.views.writing import page, typed_of

MOST = 50  # on the page


class PinForm(forms.Form):
    """One pinned answer."""

    topic = forms.ModelChoiceField(Topic.objects.none(), label=gettext_lazy("Topic"))
    department = forms.ModelChoiceField(Department.objects.none(), required=False, label=gettext_lazy("Department"))
    account = forms.ModelChoiceField(Account.objects.none(), required=False, label=gettext_lazy("Account"))
    text = forms.CharField(
        max_length=4000, label=gettext_lazy("Text"), widget=forms.Textarea(attrs={"rows": 6}), strip=False
    )
    until = forms.DateTimeField(  # on the clock in Amsterdam
        label=gettext_lazy("Until"),
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, user: User, pinned: PinnedAnswer | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists: dict[str, Any] = {
            "topic": Topic.objects.filter(active=True),
            "department": user.departments.all(),
            "account": Account.objects.defer("secrets"),
        }
        for name, queryset in lists.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]
        for name, empty in (("department", _("All departments")), ("account", _("All accounts"))):
            self.fields[name].empty_label = empty  # type: ignore[attr-defined]
        if pinned is not None:  # it stands where it stands
            for name in lists:
                del self.fields[name]


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """What is offered now, and what has ended."""
    user, moment = worker(request), now()
    found = pinned_answer.visible(user).select_related("topic", "department", "account", "by")
    lines = [
        {
            "pinned": pinned,
            "where": " · ".join(str(part) for part in (pinned.department, pinned.account) if part) or _("everywhere"),
            "until": sla.format_moment(pinned.until, moment, with_time=True),
            "active": pinned.until > moment,
        }
        for pinned in found.defer("account__secrets")[:MOST]
    ]
    context = {"lines": lines, "title": _("Pinned answers")}
    return render(request, "inbox/alike/pinned.html", context | places.navigation(user))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def change(request: SignedIn, pk: int | None = None) -> HttpResponse:
    """A new one, or one that is there. What a colleague changed meanwhile is shown before anything is overwritten."""
    user = worker(request)
    pinned = get_object_or_404(pinned_answer.visible(user).select_related("topic"), pk=pk) if pk is not None else None
    shown: dict[str, Any] = {"version": 0}
    if pinned:
        shown = {"text": pinned.text, "until": local(pinned.until), "version": pinned.version}
    form = PinForm(user, pinned, request.POST or None, initial=shown)
    refused: Refused | None = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        place = {name: getattr(pinned, name) if pinned else given[name] for name in ("topic", "department", "account")}
        try:
            pinned_answer.pin(by=user, text=given["text"], until=given["until"], version=given["version"], **place)
        except Refused as refusal:
            refused = refusal
            if refusal.code == "changed_elsewhere":  # the next save is over what is now on screen
                form = PinForm(user, pinned, request.POST.dict() | {"version": str(refusal.data["version"])})
        else:
            messages.success(request, _("Saved."))
            return redirect("pinned_answers")
    context = {
        "form": form,
        "pinned": pinned,
        "refused": refused,
        "theirs": refused.data.get("text", "") if refused else "",
        "active": pinned is not None and pinned.until > now(),
        "variables": standard_texts.FILLED,
        "title": str(pinned.topic) if pinned else _("Pin an answer"),
    }
    return render(request, "inbox/alike/pin.html", context | places.navigation(user))


@require_POST
@never_cache
@login_required
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    """Losmaken."""
    version = request.POST.get("version", "")
    try:
        pinned_answer.withdraw(pk, by=worker(request), version=int(version) if version.isdecimal() else 0)
    except NotVisible:
        raise Http404 from None
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("pinned_answer", pk=pk)
    messages.success(request, _("Not offered any more."))
    return redirect("pinned_answers")


@act
def use(request: SignedIn, pk: int, pinned: int) -> HttpResponse:
    """Take one over: JSON {"text", "unfilled"} for the scripts; without them the page, below what was typed."""
    taken = pinned_answer.use(pinned, by=request.user, conversation_id=pk)
    if "application/json" in request.headers.get("accept", ""):
        return JsonResponse({"text": taken.text, "unfilled": taken.unfilled})
    return page(request, conversations.visible(request.user, pk), typed_of(request, more=taken.text))
