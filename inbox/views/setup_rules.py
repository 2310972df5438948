"""Regels: in order, on or off; one rule as sentences; and what it would have done with the newest conversations."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels.clock import now
from inbox import dry_run, rule_words, sla
from inbox.actions import keep_rule
from inbox.actions.refused import NotVisible
from inbox.actions.rulebook import Rulebook, told_deeds, with_names
from inbox.forms_rules import RuleForm
from inbox.models import RoutingRule
from inbox.rules import Fired
from inbox.views import setup
from inbox.views.conversation import SignedIn

SECTION = "rules"


@dataclass(frozen=True, slots=True)
class Line:
    """A rule in the list: the sentence it is, and of what use it was."""

    rule: RoutingRule
    sentence: str
    last: str  # when it last held
    first: bool
    final: bool


def lines() -> list[Line]:
    """All of them, in order. Six queries, however many there are."""
    book = Rulebook(with_names())
    moment = now()
    return [
        Line(
            rule=row,
            sentence=sentence(book, number),
            last=sla.format_moment(row.hit_at, moment, with_time=True) if row.hit_at else "",
            first=number == 0,
            final=number == len(book.rows) - 1,
        )
        for number, row in enumerate(book.rows)
    ]


def sentence(book: Rulebook, number: int) -> str:
    """What a rule says: "Als er ‘grofvuil’ in staat: doorzetten naar Stadsbeheer"."""
    rule, row = book.rules[number], book.rows[number]
    deeds = rule_words.does([*book.deeds(Fired(rule, (), rule.settles)), *told_deeds(row, book.people)])
    if rule.stop:
        deeds.append(_("stop here"))
    conditions = rule_words.conditions(rule.conditions)
    if not conditions:
        return _("Always: %(deeds)s.") % {"deeds": ", ".join(deeds)}
    return _("If %(conditions)s: %(deeds)s.") % {
        "conditions": rule_words.joined(conditions),
        "deeds": ", ".join(deeds),
    }


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """All rules in order."""
    setup.administrator(request)
    return setup.page(request, "inbox/setup/rules.html", SECTION, title=_("Rules"), lines=lines())


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def change(request: SignedIn, pk: int | None = None) -> HttpResponse:
    """A new one, or one that is there. ``try`` saves nothing: it shows what the rule would have done as it is typed."""
    setup.administrator(request)
    rule = get_object_or_404(with_names(), pk=pk) if pk is not None else RoutingRule()
    form = RuleForm(request.POST or None, instance=rule)
    trying = "try" in request.POST or "try" in request.GET
    tried = None
    if request.method == "POST" and form.is_valid():
        if not trying:
            keep_rule.save(rule, by=request.user, fields=form.changed_data)
            messages.success(
                request, _("Saved.") if rule.active else _("Saved. The rule is off: try it, then switch it on.")
            )
            return redirect("rules" if pk is not None else reverse("rule", args=[rule.pk]))
        if rule.pk is None:
            rule.position = 2**31 - 1  # behind all others
        tried = dry_run.run(rule, request.user)
    elif request.method != "POST" and trying and pk is not None:
        tried = dry_run.run(rule, request.user)
    return setup.page(
        request,
        "inbox/setup/rule.html",
        SECTION,
        form=form,
        rule=rule,
        tried=_shown(tried, rule) if tried else None,
        title=rule.name if pk is not None and rule.name else _("New rule"),
    )


def _shown(tried: dry_run.Tried, rule: RoutingRule) -> dict[str, Any]:
    """The outcome in words."""
    moment = now()
    matches = [
        {
            "url": reverse("conversation", args=[match.conversation.pk]),
            "name": match.conversation.identity.display_name,
            "when": sla.format_moment(match.conversation.opened_at, moment),
            "subject": match.conversation.subject or _("Removed, or without text"),
            "why": _("because %(why)s") % {"why": match.why} if match.why else "",
            "deeds": ", ".join(match.deeds) or _("nothing more: earlier rules decide"),
            "here": match.conversation.department.name,
        }
        for match in tried.shown
    ]
    since = sla.format_moment(tried.since, moment) if tried.since else ""
    return {
        "of": tried,
        "since": since,
        "matches": matches,
        "more": tried.met - tried.elsewhere - len(matches),
        "department": rule.department,
    }


@require_POST
@never_cache
@login_required
def move(request: SignedIn, pk: int) -> HttpResponse:
    """Up or down, past its neighbour."""
    return _done(request, pk, lambda: keep_rule.move(pk, by=request.user, up=request.POST.get("to") == "up"), _moved)


@require_POST
@never_cache
@login_required
def switch(request: SignedIn, pk: int) -> HttpResponse:
    """On or off."""
    return _done(
        request, pk, lambda: keep_rule.switch(pk, by=request.user, on=request.POST.get("on") == "1"), _switched
    )


@require_POST
@never_cache
@login_required
def remove(request: SignedIn, pk: int) -> HttpResponse:
    """For good."""
    return _done(request, pk, lambda: keep_rule.remove(pk, by=request.user), _removed)


def _done(request: SignedIn, pk: int, deed: Any, words: Any) -> HttpResponse:
    """Do it, say so, and draw the list again: whole, or for the scripts its inside, so that the focus stays."""
    setup.administrator(request)
    try:
        told = words(deed())
    except NotVisible:
        raise Http404 from None
    if request.htmx:
        return render(request, "inbox/setup/rules.html#list", {"lines": lines(), "told": told})
    messages.success(request, told)
    return redirect(f"{reverse('rules')}#rule-{pk}")


def _moved(rule: RoutingRule) -> str:
    place = RoutingRule.objects.filter(position__lte=rule.position).count()
    return _("‘%(rule)s’ is now number %(place)s.") % {"rule": rule.name, "place": place}


def _switched(rule: RoutingRule) -> str:
    told = _("‘%(rule)s’ is on: it counts for every new conversation.") if rule.active else _("‘%(rule)s’ is off.")
    return told % {"rule": rule.name}


def _removed(rule: RoutingRule) -> str:
    return _("‘%(rule)s’ is removed.") % {"rule": rule.name}
