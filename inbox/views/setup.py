"""Inrichten: where an administrator sets up channels, hours, replies, topics and rules; each a screen of its own."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox import permissions
from inbox.views import places
from inbox.views.conversation import SignedIn


@dataclass(frozen=True, slots=True)
class Section:
    """One screen under Inrichten: the name of its address, an icon, its title, and what one does there."""

    address: str
    icon: str
    title: Promise
    about: Promise


SECTIONS = (
    Section(
        "setup_hours",
        "clock",
        gettext_lazy("Opening hours and targets"),
        gettext_lazy("When we are open, and how soon we answer."),
    ),
    Section(
        "setup_replies",
        "reply",
        gettext_lazy("Automatic replies"),
        gettext_lazy("What a citizen is told by itself, and when."),
    ),
    Section(
        "setup_channels",
        "external",
        gettext_lazy("Channels"),
        gettext_lazy("Connect X, Facebook and WhatsApp, check them, pause them."),
    ),
    Section(
        "topics",
        "topic",
        gettext_lazy("Topics"),
        gettext_lazy("What conversations are about, who knows about it, and by which words."),
    ),
    Section(
        "rules",
        "filter",
        gettext_lazy("Rules"),
        gettext_lazy("What happens by itself with a new conversation."),
    ),
    Section(
        "standard_replies",
        "note",
        gettext_lazy("Standard replies"),
        gettext_lazy("Texts that colleagues take over into their answer."),
    ),
    Section(
        "setup_approvers",
        "sensitive",
        gettext_lazy("Approvers"),
        gettext_lazy("Who approves answers in sensitive conversations."),
    ),
    Section(
        "setup_escalation",
        "up",
        gettext_lazy("Escalation"),
        gettext_lazy("What happens with a question that is left lying."),
    ),
    Section(
        "admin:index",
        "department",
        gettext_lazy("Administration"),
        gettext_lazy("Colleagues, departments, and everything in tables."),
    ),
)


def administrator(request: SignedIn) -> None:
    """Administrators only. Raises PermissionDenied."""
    if not permissions.can_administer(request.user):
        raise PermissionDenied


def page(request: SignedIn, template: str, section: str, **context: Any) -> HttpResponse:
    """A screen under Inrichten: the frame, the way back, and which section it is."""
    at = {"at_setup": True, "section": section}
    return render(request, template, at | context | places.navigation(request.user))


@require_safe
@never_cache
@login_required
def show(request: SignedIn) -> HttpResponse:
    """All sections, with what each is for."""
    administrator(request)
    shown = [
        {"url": reverse(each.address), "icon": each.icon, "title": each.title, "about": each.about} for each in SECTIONS
    ]
    return page(request, "inbox/setup/overview.html", "", title=_("Setting up"), sections=shown)
