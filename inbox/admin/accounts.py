"""Platform apps and accounts: names, keys that are never shown again, and whether the connection works."""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels.account_state import check_account
from channels.crypto import CredentialsUnreadable
from channels.models import Account, AccountState, Kind, PlatformApp
from channels.registry import connector_class
from inbox.admin import message_templates
from inbox.admin.base import Audited, site
from inbox.admin.hours import TIMED, SettingsInline, in_words, timers_follow
from inbox.failure_words import PLATFORMS
from inbox.models import AccountSettings, OpeningPeriod
from inbox.office_hours import DEFAULT_HOURS

SECRET = "secret_"  # noqa: S105  (how the fields begin)
SHAPES = {Kind.X: r"\d{1,25}", Kind.FACEBOOK: r"\d{1,25}", Kind.WHATSAPP: r"whatsapp:\+\d{5,15}"}


def secret_help(name: str, filled: bool) -> str:
    """Whether there is one, and for the ones that nobody finds by themselves where it comes from."""
    state = gettext("Filled in. Leave empty to keep it.") if filled else gettext("Not filled in yet.")
    if name == "verify_token":
        return state + " " + gettext("Think up a long random word, and fill in the same one at Meta.")
    return state


def stored(row: Any) -> dict[str, str]:
    """The secrets of an app or account. None when no key fits them any more: then they can be filled in again."""
    try:
        found: dict[str, str] = row.secrets
    except CredentialsUnreadable:
        return {}
    return found


class SecretsForm(forms.ModelForm):
    """Password fields, one a secret, empty when shown; what is typed replaces, what is empty stays."""

    def save(self, commit: bool = True) -> Any:
        """The typed secrets beside those that were there; the model encrypts."""
        typed = {name.removeprefix(SECRET): self.cleaned_data[name] for name in self.typed()}
        if typed:
            self.instance.secrets = {**stored(self.instance), **typed}
        return super().save(commit)

    def typed(self) -> list[str]:
        """The names of secret fields that hold something."""
        return [name for name in self.fields if name.startswith(SECRET) and self.cleaned_data.get(name)]


class AppForm(SecretsForm):
    """An app at a platform."""

    class Meta:
        labels: ClassVar = {"kind": _("Platform"), "name": _("Name")}


class HasSecrets(Audited):
    """Two steps, as Django does with a new colleague: first what it is, then the secrets that go with that."""

    secrets_title = _("Secrets")

    def secret_names(self, obj: Any) -> tuple[str, ...]:
        """The secrets a row of this kind holds."""
        raise NotImplementedError

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """With a field for each secret."""
        names = self.secret_names(obj)
        filled = stored(obj) if names else {}
        fields = {
            SECRET + name: forms.CharField(
                label=name.replace("_", " ").capitalize(),  # the platforms' own words
                required=False,
                max_length=2000,
                help_text=secret_help(name, bool(filled.get(name))),
                widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
            )
            for name in names
        }
        form = type("WithSecrets", (self.form,), fields)
        return super().get_form(request, obj, change, form=form, **kwargs)

    def secret_fieldsets(self, obj: Any) -> list[Any]:
        """None while there is nothing to fill in."""
        names = self.secret_names(obj)
        return [(self.secrets_title, {"fields": [SECRET + name for name in names]})] if names else []

    def changed_columns(self, form: forms.ModelForm) -> list[str]:
        """The secrets are one column."""
        return [*form.changed_data, *(["secrets"] if form.typed() else [])]  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """On to the secrets."""
        messages.success(request, gettext("%(name)s was added. Now fill in the rest below.") % {"name": obj})
        return HttpResponseRedirect(reverse(f"admin:channels_{obj._meta.model_name}_change", args=[obj.pk]))


@admin.register(PlatformApp, site=site)
class PlatformAppAdmin(HasSecrets):
    """The municipality's app at X, Meta or Twilio."""

    form = AppForm
    list_display = ("app_name", "platform", "webhook")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlatformApp]:
        """A list needs no secrets; the page of one asks for them."""
        return super().get_queryset(request).defer("secrets")

    def secret_names(self, obj: PlatformApp | None) -> tuple[str, ...]:
        """As the connector names them."""
        return connector_class(obj.kind).app_secrets if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: PlatformApp | None = None) -> Any:
        """The address can be copied as soon as there is one."""
        fields = ("kind", "name", "webhook_address") if obj else ("kind", "name")
        return [(None, {"fields": fields}), *self.secret_fieldsets(obj)]

    def get_readonly_fields(self, request: HttpRequest, obj: PlatformApp | None = None) -> tuple[str, ...]:
        """The kind is part of the address that the platform calls."""
        return ("kind", "webhook_address") if obj else ()

    @admin.display(description=_("name"), ordering="name")
    def app_name(self, app: PlatformApp) -> str:
        """Column."""
        return app.name

    @admin.display(description=_("platform"), ordering="kind")
    def platform(self, app: PlatformApp) -> str:
        """Column."""
        return PLATFORMS[app.kind]

    @admin.display(description=_("webhook address"))
    def webhook(self, app: PlatformApp) -> str:
        """Column."""
        return app.webhook_url

    @admin.display(description=_("webhook address"))
    def webhook_address(self, app: PlatformApp) -> SafeString:
        """To copy; it names no secret and is worth nothing without a signature."""
        label = gettext("webhook address")
        return format_html(
            '<input class="vLargeTextField" readonly aria-label="{}" value="{}"><div class="help">{}</div>',
            label,
            app.webhook_url,
            gettext("Fill in this address at the platform."),
        )


class AccountForm(SecretsForm):
    """An account as the platform knows it."""

    class Meta:
        labels: ClassVar = {
            "app": _("Platform app"),
            "external_id": _("Number at the platform"),
            "handle": _("Account name"),
            "name": _("Name"),
            "state": _("State"),
            "last_received_at": _("Last received"),
            "last_sent_at": _("Last sent"),
            "checked_at": _("Last tested"),
        }
        help_texts: ClassVar = {
            "external_id": _(
                "X: the number of the account, not the @name. Facebook: the Page ID. "
                "WhatsApp: the number as whatsapp:+31140140."
            ),
            "handle": _("X: the name without @. Leave empty elsewhere."),
            "name": _("As colleagues know it, such as Stadsboerderij."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "app" in self.fields:
            self.fields["app"].queryset = PlatformApp.objects.defer("secrets")  # type: ignore[attr-defined]
            self.fields["app"].help_text = _("Not in the list? Add the platform app first.")
            self.fields["app"].label_from_instance = lambda app: f"{app.get_kind_display()}: {app.name}"  # type: ignore[attr-defined]
        if "state" in self.fields:
            # Broken is what a platform says, and disconnecting takes more than a word; people pause and resume.
            kept = {AccountState.ACTIVE, AccountState.PAUSED, self.instance.state}
            choices = [choice for choice in AccountState.choices if choice[0] in kept]
            self.fields["state"].choices = choices  # type: ignore[attr-defined]

    def clean_handle(self) -> str:
        """Without the @ that everybody types."""
        handle: str = self.cleaned_data["handle"]
        return handle.removeprefix("@")

    def clean(self) -> dict[str, Any]:
        """Refuses an id that is none, and an account that is there already."""
        given = super().clean() or self.cleaned_data
        app, external_id = given.get("app"), given.get("external_id")
        if app is None or external_id is None:
            return given
        if not re.fullmatch(SHAPES[app.kind], external_id):
            self.add_error("external_id", gettext("This is no id of %(platform)s.") % {"platform": PLATFORMS[app.kind]})
        there = Account.objects.defer("secrets").filter(kind=app.kind, external_id=external_id).first()
        if there is not None:
            self.add_error("external_id", gettext("This account is there already: %(name)s.") % {"name": there.name})
        self.instance.kind = app.kind
        return given


@admin.register(Account, site=site)
class AccountAdmin(HasSecrets):
    """A page, a handle or a number, with what is agreed for it."""

    form = AccountForm
    inlines = (SettingsInline,)
    list_display = ("account_name", "platform", "number", "how", "department", "heard")
    search_fields = ("name", "handle", "external_id")
    readonly = ("app", "external_id", "opening_hours", "templates", "last_received_at", "last_sent_at", "checked_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """All that the list shows, at once, without secrets."""
        rows = super().get_queryset(request).select_related("app", "inbox_settings__department")
        return rows.defer("secrets", "app__secrets")

    def secret_names(self, obj: Account | None) -> tuple[str, ...]:
        """As the connector names them."""
        return connector_class(obj.kind).account_secrets if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Account | None = None) -> Any:
        """First what it is; then the rest."""
        if obj is None:
            return [(None, {"fields": ("app", "external_id", "handle", "name")})]
        return [
            (None, {"fields": ("app", "external_id", "handle", "name", "state", "opening_hours")}),
            *self.secret_fieldsets(obj),
            *([(_("Templates"), {"fields": ("templates",)})] if obj.kind == Kind.WHATSAPP else []),
            (_("Last heard"), {"fields": ("last_received_at", "last_sent_at", "checked_at")}),
        ]

    @admin.display(description=_("templates"))
    def templates(self, account: Account) -> SafeString:
        """What WhatsApp thinks of each."""
        return message_templates.shown(account)

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> tuple[str, ...]:
        """Conversations hang on which account at the platform it is."""
        return self.readonly if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A new account is open in office hours until somebody says otherwise: without hours no timer runs."""
        super().save_related(request, form, formsets, change)
        if not change:
            settings = AccountSettings.objects.get(account=form.instance)
            OpeningPeriod.objects.bulk_create(
                OpeningPeriod(settings=settings, weekday=period.weekday, opens=period.opens, closes=period.closes)
                for period in DEFAULT_HOURS.periods
            )
        elif any(TIMED.intersection(row.changed_data) for formset in formsets for row in formset.forms):
            timers_follow(request, form.instance.pk)

    def get_urls(self) -> list[URLPattern]:
        """And the test of the connection, and asking for templates."""
        check = self.admin_site.admin_view(self.check_view)
        ask = self.admin_site.admin_view(message_templates.ask)
        return [
            path("<int:pk>/check/", check, name="channels_account_check"),
            path("<int:pk>/templates/", ask, name="channels_account_templates"),
            *super().get_urls(),
        ]

    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the platform now, outside any transaction, and say what came of it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            account = get_object_or_404(Account.objects.select_related("app"), pk=pk)
            if check_account(account):
                messages.success(request, gettext("The connection with %(platform)s works.") % _platform(account))
            else:
                messages.error(request, _what_is_wrong(account))
        except CredentialsUnreadable:
            messages.error(request, gettext("The stored secrets cannot be read any more. Fill them in again."))
        return HttpResponseRedirect(reverse("admin:channels_account_change", args=[pk]))

    @admin.display(description=_("name"), ordering="name")
    def account_name(self, account: Account) -> str:
        """Column."""
        return account.name

    @admin.display(description=_("platform"), ordering="kind")
    def platform(self, account: Account) -> str:
        """Column."""
        return PLATFORMS[account.kind]

    @admin.display(description=_("number at the platform"))
    def number(self, account: Account) -> str:
        """Column."""
        return account.external_id

    @admin.display(description=_("state"), ordering="state")
    def how(self, account: Account) -> str:
        """Column."""
        return account.get_state_display()

    @admin.display(description=_("last received"), ordering="last_received_at")
    def heard(self, account: Account) -> Any:
        """Column."""
        return account.last_received_at

    @admin.display(description=_("home department"), ordering="inbox_settings__department__name")
    def department(self, account: Account) -> str:
        """Where its conversations start."""
        settings = getattr(account, "inbox_settings", None)
        return settings.department.name if settings else ""

    @admin.display(description=_("opening hours"))
    def opening_hours(self, account: Account) -> SafeString | str:
        """In one line, with the way to change them."""
        settings = AccountSettings.objects.prefetch_related("periods").filter(account=account).first()
        if settings is None:
            return gettext("Fill in the agreements below first.")
        there = reverse("admin:inbox_accountsettings_change", args=[settings.pk])
        return format_html('{} · <a href="{}">{}</a>', in_words(settings), there, gettext("Change opening hours"))


def _platform(account: Model) -> dict[str, str]:
    return {"platform": PLATFORMS[account.kind]}  # type: ignore[attr-defined]


def _what_is_wrong(account: Account) -> str:
    """What the platform said when it was asked, and what to do. By errors.REASONS."""
    words = {
        "token": gettext("%(platform)s refuses our secrets. Make new ones there and fill them in here."),
        "permission": gettext("%(platform)s knows us, but a permission is missing. Give it there, then test again."),
        "blocked_for_policy": gettext("%(platform)s has blocked this account. Look at the messages there."),
        "configuration": gettext("The secrets belong to another account, or some are missing. Check id and secrets."),
        "busy": gettext("%(platform)s does not answer now. Nothing was changed; test again later."),
        "rate_limit": gettext("%(platform)s takes no more questions now. Nothing was changed; test again later."),
        "no_answer": gettext("%(platform)s does not answer now. Nothing was changed; test again later."),
    }
    other = gettext("%(platform)s refuses. Check id and secrets.")
    said = words.get(account.error_reason, other) % _platform(account)
    return f"{said} ({account.error_code})" if account.error_code else said
