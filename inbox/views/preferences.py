"""A colleague's own settings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox import audit
from inbox.forms_preferences import PreferencesForm
from inbox.views import lists, notices


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def show(request: lists.SignedIn) -> HttpResponse:
    """Keys on or off, and where to go after an answer; saved with an audit entry."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            if form.changed_data:
                audit.record(None, "preferences", request.user, fields=form.changed_data)
        messages.success(request, _("Saved."))
        return redirect("preferences")
    context = {"form": form, "title": _("Preferences"), "telling": notices.choices(request.user)}
    return render(request, "inbox/preferences.html", context | lists.navigation(request.user))
