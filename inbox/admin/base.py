"""The site under /beheer/: who comes in, what it is called, and what every page of it has in common."""

from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model
from django.forms import Field as FormField
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from channels.models import Account, PlatformApp
from inbox import audit, permissions
from inbox.models import AccountSettings, Department, User

# As one works: first what is looked at most. The models have no plural of their own, and Dutch takes no "s" here.
NAMES = {
    Account: _("accounts"),
    AccountSettings: _("opening hours"),
    PlatformApp: _("platform apps"),
    User: _("colleagues"),
    Department: _("departments"),
}


class AdministrationSite(admin.AdminSite):
    """For administrators only, by our own log-in."""

    site_header = _("Administration")
    site_title = _("Administration")
    index_title = _("Administration")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this is an administrator."""
        return permissions.can_administer(request.user)  # type: ignore[arg-type]  # nobody is not active

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A colleague of another role gets 403: the log-in page would send them back here, without end."""
        guarded = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return guarded(request, *args, **kwargs)

        return update_wrapper(inner, guarded)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To the page where everybody logs in."""
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Logging out is done where everybody does it: the menu posts there."""
        raise Http404

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """One's own password like a colleague's: that page writes audit."""
        return HttpResponseRedirect(reverse("admin:auth_user_password_change", args=[request.user.pk]))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """One list, in the order of NAMES, whatever Django app a model lives in."""
        found = {model["model"]: model for app in super().get_app_list(request) for model in app["models"]}
        models = [found[model] for model in NAMES if model in found]
        here = {"name": _("Administration"), "app_label": "beheer", "app_url": reverse("admin:index")}
        return [{**here, "has_module_perms": True, "models": models}] if models else []


site = AdministrationSite()


class Guarded(admin.options.BaseModelAdmin):
    """Administrators may see, add and change; nobody deletes: audit and conversations refer to these rows."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As the site."""
        return site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As the site."""
        return site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As the site."""
        return site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As the site."""
        return site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> FormField | None:
        """Without the buttons for a window in which half of an account could be made."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False
        return field


class Audited(Guarded, admin.ModelAdmin):
    """Each addition and change is in our audit log, in the same transaction; Django's own log is not used."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Under its own name; Django's title is an instruction."""
        return super().changelist_view(request, {"title": capfirst(self.opts.verbose_name_plural)})

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:
        """Only what was changed: workers write other columns of the same row meanwhile."""
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=[name for name in self.changed_columns(form) if name in columns])

    def changed_columns(self, form: ModelForm) -> list[str]:
        """The model's fields that this form changed."""
        return form.changed_data

    def construct_change_message(  # type: ignore[override]
        self, request: HttpRequest, form: ModelForm, formsets: Any, add: bool = False
    ) -> list[str]:
        """The names of the fields, for audit; never a value."""
        names = list(form.changed_data)
        for formset in formsets or ():
            changed = {name for _row, fields in formset.changed_objects for name in fields}
            changed |= {"added"} if formset.new_objects else set()
            changed |= {"deleted"} if formset.deleted_objects else set()
            names += [f"{formset.prefix}.{name}" for name in sorted(changed)]
        return names

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """To our audit log."""
        return self._record("admin_added", request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """To our audit log; a form that changed nothing is no change."""
        return self._record("admin_changed", request, obj, message) if message else None

    def _record(self, verb: str, request: HttpRequest, obj: Model, fields: list[str]) -> Any:
        by: Any = request.user
        return audit.record(None, verb, by, model=obj._meta.label_lower, pk=obj.pk, fields=fields)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Django's log is empty."""
        raise Http404


# Shown in titles and on the way back; in the models' Meta it would take a migration for each.
for _model, _plural in NAMES.items():
    _model._meta.verbose_name_plural = _plural
AccountSettings._meta.verbose_name = _("opening hours")
