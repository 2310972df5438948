"""What a person does to a conversation: read the form, call one action, show what became of it.

POST only. For htmx the fresh pane, with the header that lets the list refresh itself; without scripts back to the
page. A refusal is a sentence in the pane, and what was typed stays.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox import forms
from inbox.actions import assign as assigning
from inbox.actions import claim as claiming
from inbox.actions import close as closing
from inbox.actions import draft as drafts
from inbox.actions import note as notes
from inbox.actions import read as reading
from inbox.actions import reply as replying
from inbox.actions import resend, undo
from inbox.actions import snooze as snoozing
from inbox.actions import upload as uploading
from inbox.actions import wait as waiting
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Conversation, DraftMode, Message, Status
from inbox.views import conversation as conversations
from inbox.views import listing, lists
from inbox.views.composer import NOTE, REPLY, Typed, leaving_words, words_of
from inbox.views.conversation import SignedIn

PAGES = {"conversation", "conversation_in_view", "conversation_in_department", "conversation_in_saved_view"}
type Act = Callable[..., HttpResponse]
type Events = dict[str, object]  # for the browser's scripts, by name


def act(view: Act) -> Act:
    """A POST by a colleague who is logged in; what they may not see is 404, never 403."""

    @require_POST
    @login_required
    @wraps(view)
    def answer(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotVisible:
            raise Http404 from None

    return answer


def done(
    request: SignedIn,
    pk: int,
    *,
    sentence: str = "",
    events: Events | None = None,
    notice: conversations.Notice | None = None,
) -> HttpResponse:
    """It is done: the fresh pane, or back to where they were. ``sentence``: what to say when the conversation is no
    longer theirs to see. ``events`` go to the browser's scripts. ``notice``: what to say in the fresh pane."""
    still = Conversation.objects.visible_to(request.user).filter(pk=pk).exists()
    if not request.htmx:
        return redirect(back(request, pk) if still else reverse("inbox"))
    if still:
        found = conversations.visible(request.user, pk)
        response = render(request, "inbox/conversation.html", conversations.pane_context(request, found, notice=notice))
    else:
        response = conversations.gone(request, sentence or _("Done. This conversation now lies elsewhere."))
    response["HX-Trigger"] = json.dumps({"conversation-changed": {"id": pk}} | (events or {}))
    return response


def refused(request: SignedIn, pk: int, refusal: Refused, typed: Typed | None = None) -> HttpResponse:
    """It could not be done: the pane with the sentence, what was typed still in its place."""
    found = conversations.visible(request.user, pk)
    context = conversations.pane_context(request, found, refused=refusal, typed=typed)
    if request.htmx:
        response = render(request, "inbox/conversation.html", context)
        response["HX-Trigger"] = json.dumps({"conversation-changed": {"id": pk}})
        return response
    place = lists.place_of(request.user, "todo")
    frame = lists.list_context(place, listing.page(place), pk)
    return render(request, "inbox/page.html", frame | {"opened": pk} | context)


def attempt(
    request: SignedIn,
    pk: int,
    deed: Callable[[], object],
    typed: Typed | None = None,
    *,
    sentence: str = "",
    events: Events | None = None,
) -> HttpResponse:
    """Do it, and answer with what became of it."""
    try:
        deed()
    except Refused as refusal:
        return refused(request, pk, refusal, typed)
    return done(request, pk, sentence=sentence, events=events)


def back(request: HttpRequest, pk: int) -> str:
    """The page they came from when that shows conversations, else the conversation's own address."""
    referer = request.headers.get("referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        path, query = urlsplit(referer)[2:4]
        try:
            found = resolve(path)
        except Resolver404:
            found = None
        if found and found.url_name in PAGES and found.kwargs.get("pk") == pk:
            return f"{path}?{query}" if query else path  # a narrowed list stays so
    return reverse("conversation", args=[pk])


def number(text: str) -> int | None:
    """As a form gives it; None for anything else."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def unreadable() -> Refused:
    """A form that no page of ours sends."""
    return Refused("unreadable", _("Something is wrong with this form. Load the page again; your text is kept."))


# -- who has it ---------------------------------------------------------------------------------------------------


@act
def claim(request: SignedIn, pk: int) -> HttpResponse:
    """Oppakken; ``then`` = "reply": and go on writing."""
    events: Events = {"composer-focus": {"id": pk}} if request.POST.get("then") == "reply" else {}
    return attempt(request, pk, lambda: claiming.claim(pk, by=request.user), events=events)


@act
def take_over(request: SignedIn, pk: int) -> HttpResponse:
    """Overnemen, from the colleague whose name stood on the button; asked first when they are writing."""
    expected = number(request.POST.get("from", ""))
    confirmed = request.POST.get("confirmed") == "1"
    return attempt(
        request,
        pk,
        lambda: claiming.take_over(pk, by=request.user, expected_assignee_id=expected, confirmed=confirmed),
        events={"composer-focus": {"id": pk}},
    )


@act
def release(request: SignedIn, pk: int) -> HttpResponse:
    """Teruggeven."""
    return attempt(request, pk, lambda: claiming.release(pk, by=request.user))


@act
def assign(request: SignedIn, pk: int) -> HttpResponse:
    """Toewijzen."""
    form = forms.AssignForm(request.POST)
    valid = form.is_valid()
    to = form.cleaned_data.get("to")

    def deed() -> None:
        if not valid or to is None:
            raise Refused("no_choice", _("Choose a colleague."))
        assigning.assign(pk, by=request.user, to=to, anyway=form.cleaned_data["anyway"])

    return attempt(request, pk, deed, Typed(panel="assign", panel_person=to.pk if to else None))


# -- what is said -------------------------------------------------------------------------------------------------


@act
def note(request: SignedIn, pk: int) -> HttpResponse:
    """Notitie: for colleagues only."""
    form = forms.NoteForm(request.POST)
    valid = form.is_valid()
    text = form.cleaned_data.get("text", request.POST.get("text", ""))
    typed = Typed(mode=NOTE, note=text)

    def deed() -> None:
        if not valid:
            raise unreadable()
        with transaction.atomic():
            drafts.sent(notes.add(pk, by=request.user, text=text).conversation, request.user, DraftMode.NOTE)

    return attempt(request, pk, deed, typed, events={"composer-sent": {"id": pk, "mode": NOTE}})


@act
def reply(request: SignedIn, pk: int) -> HttpResponse:
    """Beantwoorden. A form that was sent already counts once; typed on since, the text is given back."""
    form = forms.ReplyForm(request.POST)
    valid = form.is_valid()
    given = form.cleaned_data
    text = given.get("text", request.POST.get("text", ""))
    submission = given.get("submission")
    confirmed = given.get("confirm_personal_data", "")
    unfilled = given.get("confirm_unfilled", False)
    typed = Typed(
        mode=REPLY,
        text=text,
        submission=submission,
        as_thread=given.get("as_thread", False),
        confirmed=confirmed,
        unfilled=unfilled,
    )
    files = [int(value) for value in request.POST.getlist("upload") if value.isdecimal()][:100]
    made: list[Message] = []

    def deed() -> None:
        if not valid or submission is None:
            raise unreadable()
        sent = replying.submitted(submission, request.user, pk)
        if sent and not given["as_thread"] and not sent[0].text.startswith(text.strip()):
            raise Refused(
                "sent_before",
                _("An earlier version of this answer went out already. Send this one if it must go too."),
            )
        if words := words_of(request.POST):
            uploading.describe(conversations.visible(request.user, pk), request.user, words)
        made[:] = replying.reply(
            pk,
            by=request.user,
            text=text,
            submission=submission,
            seen_message_id=given["seen"] or 0,  # a form that does not say what was seen saw nothing
            as_thread=given["as_thread"],
            confirm_personal_data=confirmed,
            confirm_unfilled=unfilled,
            uploads=files,
            by_hand=True,
        )

    events: Events = {"composer-sent": {"id": pk, "mode": REPLY}}
    if not request.user.stay_after_sending:
        events["next-conversation"] = {"id": pk}
    try:
        deed()
    except Refused as refusal:
        if refusal.code == "sent_before":
            typed = Typed(mode=REPLY, text=text, submission=uuid4())
        _keep(request, pk, typed)
        return refused(request, pk, refusal, typed)
    if made and (leaves := leaving_words(made[0])):
        events["answer-leaves"] = {"id": pk, "message": made[0].pk, **leaves}
    return done(request, pk, events=events)


def _keep(request: SignedIn, pk: int, typed: Typed) -> None:
    """What could not be sent is a draft, also for a browser without scripts, and when the page is closed now."""
    try:
        drafts.save(
            pk,
            by=request.user,
            mode=DraftMode.REPLY,
            text=typed.text,
            version=0,
            submission=typed.submission,
            force=True,
        )
    except Refused:
        return  # not theirs to answer any more: the text is on the page


# -- how far it is ------------------------------------------------------------------------------------------------


@act
def close(request: SignedIn, pk: int) -> HttpResponse:
    """Afsluiten met resultaat."""
    result = request.POST.get("result", "")
    return attempt(request, pk, lambda: closing.close(pk, by=request.user, result=result), Typed(panel="close"))


@act
def reopen(request: SignedIn, pk: int) -> HttpResponse:
    """Heropenen."""
    return attempt(request, pk, lambda: closing.reopen(pk, by=request.user))


@act
def snooze(request: SignedIn, pk: int) -> HttpResponse:
    """Later."""
    form = forms.SnoozeForm(request.POST)

    def deed() -> None:
        if not form.is_valid():
            raise Refused("no_moment", _("Choose until when."))
        until = form.cleaned_data["until"] or form.cleaned_data["moment"]
        snoozing.snooze(pk, by=request.user, until=until)

    return attempt(request, pk, deed, Typed(panel="later"))


@act
def wake(request: SignedIn, pk: int) -> HttpResponse:
    """Back among the work: from later, or from waiting for the citizen."""
    status = Conversation.objects.visible_to(request.user).filter(pk=pk).values_list("status", flat=True).first()
    if status == Status.WAITING:
        return attempt(request, pk, lambda: waiting.resume(pk, by=request.user))
    return attempt(request, pk, lambda: snoozing.wake(pk, by=request.user))


@act
def wait(request: SignedIn, pk: int) -> HttpResponse:
    """Wacht op inwoner."""
    return attempt(request, pk, lambda: waiting.wait(pk, by=request.user))


@act
def read(request: SignedIn, pk: int) -> HttpResponse:
    """Gelezen: asked for by the page once the messages were on screen; a GET changes nothing."""
    reading.mark_read(pk, by=request.user)
    return HttpResponse(status=204)


# -- answers that did not go --------------------------------------------------------------------------------------


@act
def message_retry(request: SignedIn, pk: int) -> HttpResponse:
    """Opnieuw proberen; first what came since is shown."""
    seen = number(request.POST.get("seen", "")) or 0
    conversation = conversation_of(request, pk)
    return attempt(request, conversation, lambda: resend.retry(pk, by=request.user, seen_message_id=seen))


@act
def message_withdraw(request: SignedIn, pk: int) -> HttpResponse:
    """Hoeft niet meer."""
    return attempt(request, conversation_of(request, pk), lambda: resend.withdraw(pk, by=request.user))


@act
def message_undo(request: SignedIn, pk: int) -> HttpResponse:
    """Ongedaan maken: back into the composer."""
    conversation = conversation_of(request, pk)
    events: Events = {"composer-focus": {"id": conversation}}
    return attempt(request, conversation, lambda: undo.undo(pk, by=request.user), events=events)


@act
def message_mark_sent(request: SignedIn, pk: int) -> HttpResponse:
    """Het is aangekomen: seen at the platform."""
    return attempt(request, conversation_of(request, pk), lambda: resend.mark_sent(pk, by=request.user))


def conversation_of(request: SignedIn, message_id: int) -> int:
    """Raises NotVisible."""
    found = (
        Message.objects.filter(pk=message_id, conversation__in=Conversation.objects.visible_to(request.user))
        .values_list("conversation_id", flat=True)
        .first()
    )
    if found is None:
        raise NotVisible
    return found
