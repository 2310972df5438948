"""The templates of an account as an administrator sees them: what WhatsApp thinks of each, and asking anew."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.clock import now
from channels.crypto import CredentialsUnreadable
from channels.models import Account
from inbox import message_templates, sla
from inbox.models import MessageTemplate, TemplateRound


def shown(account: Account) -> SafeString:
    """Each by name with its status, and when WhatsApp was asked. Two queries."""
    rows = MessageTemplate.objects.filter(account=account, gone_at__isnull=True)
    lines = format_html_join(
        "",
        "<li>{}: {}{}</li>",
        ((row.name, row.get_status_display(), f" ({row.reason})" if row.reason else "") for row in rows),
    )
    asked = TemplateRound.objects.filter(account=account).values_list("answered_at", flat=True).first()
    when = sla.format_moment(asked, now(), with_time=True) if asked else _("not asked yet")
    return format_html(
        '<ul class="templates">{}</ul><div class="help">{}</div>', lines, _("Asked: %(when)s.") % {"when": when}
    )


def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the platform now, outside any transaction, and say what came of it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    account = get_object_or_404(Account.objects.select_related("app").filter(kind__in=message_templates.KINDS), pk=pk)
    try:
        told = message_templates.refresh(account, by_hand=True)
    except CredentialsUnreadable:
        messages.error(request, _("The stored secrets cannot be read any more. Fill them in again."))
    else:
        if told:
            count = len(message_templates.usable(account))
            words = ngettext("WhatsApp approved %(count)s template.", "WhatsApp approved %(count)s templates.", count)
            messages.success(request, words % {"count": count})
        else:
            messages.error(request, _("WhatsApp did not tell which templates there are. Test the connection."))
    return HttpResponseRedirect(reverse("admin:channels_account_change", args=[pk]))
