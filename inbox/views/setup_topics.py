"""Onderwerpen: what conversations are about, who knows about it, and how long they are kept."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from inbox import audit
from inbox.forms_rules import TopicForm
from inbox.models import Topic
from inbox.views import setup
from inbox.views.conversation import SignedIn

SECTION = "topics"
MOST = 500


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """All of them, those in use first."""
    setup.administrator(request)
    found = Topic.objects.select_related("department").prefetch_related("standard_replies").order_by("-active", "name")
    return setup.page(request, "inbox/setup/topics.html", SECTION, title=_("Topics"), topics=found[:MOST])


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def change(request: SignedIn, pk: int | None = None) -> HttpResponse:
    """A new one, or one that is there; saved with an audit entry."""
    setup.administrator(request)
    topic = get_object_or_404(Topic, pk=pk) if pk is not None else None
    form = TopicForm(request.POST or None, instance=topic)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            made = form.save()
            if form.changed_data:
                verb = "topic_changed" if topic else "topic_added"
                audit.record(None, verb, request.user, topic=made.pk, fields=form.changed_data)
        messages.success(request, _("Saved."))
        return redirect("topics")
    return setup.page(
        request,
        "inbox/setup/topic.html",
        SECTION,
        form=form,
        topic=topic,
        replies=list(topic.standard_replies.order_by("name")) if topic else [],
        title=topic.name if topic else _("New topic"),
    )
