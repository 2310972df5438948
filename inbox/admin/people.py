"""Colleagues and departments."""

from typing import Any, ClassVar

from babel import Locale
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ManyToManyField, QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm, MultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels.models import Account
from inbox import standard_texts
from inbox.admin.base import Audited, site
from inbox.models import LANGUAGES, Conversation, Department, Status, User

ROUTED = (
    *(standard_texts.CITIZEN, standard_texts.DEPARTMENT, standard_texts.COLLEAGUE, standard_texts.INITIALS),
    *(standard_texts.CHANNEL, standard_texts.MUNICIPALITY),
)


class DepartmentForm(ModelForm):
    """What cannot be filled in by itself would stop every routing."""

    class Meta:
        help_texts = {
            "routed_text": _("Filled in by itself: %(names)s. Say that the answer still comes in this conversation.")
            % {"names": ", ".join(f"{{{name}}}" for name in ROUTED)}
        }

    def clean_routed_text(self) -> str:
        """Raises ValidationError for a variable there is not."""
        text: str = self.cleaned_data["routed_text"]
        if unknown := standard_texts.unfilled(standard_texts.fill(text, dict.fromkeys(ROUTED, "x"))):
            raise ValidationError(gettext("There is no such variable: %(names)s") % {"names": ", ".join(unknown)})
        return text


@admin.register(Department, site=site)
class DepartmentAdmin(Audited):
    """Names, and what a citizen hears when their question goes there; who is a member is set at the colleague."""

    form = DepartmentForm
    fields = ("name", "slug", "routed_text")
    list_display = ("name", "slug")

    def get_readonly_fields(self, request: HttpRequest, obj: Department | None = None) -> tuple[str, ...]:
        """Addresses that colleagues kept go on working."""
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Department | None = None) -> dict[str, Any]:
        """From the name, once."""
        return {} if obj else {"slug": ["name"]}


class ColleagueForm(UserChangeForm):
    """Without the password's hash, which Django shows a part of."""

    password = None  # type: ignore[assignment]  # Django's way to drop a field of the base
    languages = MultipleChoiceField(
        choices=[(code, Locale("nl").languages[code].capitalize()) for code in LANGUAGES],
        required=False,
        widget=CheckboxSelectMultiple,
        label=_("languages"),
        help_text=_("Only X tells the language of a message. Where none is known, everybody gets it."),
    )


@admin.register(User, site=site)
class UserAdmin(Audited, auth_admin.UserAdmin):
    """Who may log in, as what, and sees which departments. No delete: a colleague who leaves is made inactive."""

    form = ColleagueForm
    add_form = UserCreationForm
    add_form_template = None
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "role", "departments")}),
        (_("Password"), {"fields": ("password1", "password2")}),
    )
    list_display = ("username", "first_name", "last_name", "role", "member_of", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    filter_horizontal = ()
    formfield_overrides: ClassVar[dict] = {ManyToManyField: {"widget": CheckboxSelectMultiple}}

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With departments, for the list."""
        return super().get_queryset(request).prefetch_related("departments")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Why one's own role cannot be changed is said where it cannot."""
        if obj is None:
            return self.add_fieldsets
        access: dict[str, Any] = {"fields": ("role", "is_active", "departments")}
        if obj.pk == request.user.pk:
            access["description"] = _("Your own role and access are changed by another administrator.")
        else:
            access["description"] = _("A colleague who leaves: untick Active. They are logged out at once.")
        work = {
            "fields": ("accounts", "languages", "most_open"),
            "description": _("What Next hands out to this colleague. Nothing chosen is everything."),
        }
        return (
            (None, {"fields": ("username", "first_name", "last_name", "email", "new_password", "last_login")}),
            (_("Access"), access),
            (_("Work"), work),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody locks themselves out; so there is always an administrator left."""
        own = obj is not None and obj.pk == request.user.pk
        always = ("new_password", "last_login")
        return (*always, "role", "is_active") if own else always

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        """In our words."""
        words: dict[str, Any] = {"help_texts": {"is_active": ""}, "labels": {"departments": _("Departments")}}
        return super().get_form(request, obj, change=change, **words, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Accounts without their secrets: nothing here needs them, and a lost key must not close the page."""
        if db_field.name == "accounts":
            kwargs["queryset"] = Account.objects.defer("secrets").order_by("kind", "name")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What a colleague who leaves had taken up is not forgotten."""
        super().save_model(request, obj, form, change)
        if "is_active" not in form.changed_data or obj.is_active:
            return
        left = Conversation.objects.filter(assignee=obj).exclude(status=Status.CLOSED).count()
        if left:
            words = gettext("%(name)s still has %(count)s conversations. Ask a team lead to assign them to others.")
            messages.warning(request, words % {"name": obj, "count": left})

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """The password and its audit entry together."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    @admin.display(description=_("Password"))
    def new_password(self, user: User) -> SafeString:
        """The way to Django's page for it."""
        there = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a href="{}">{}</a>', there, gettext("Set a new password"))

    @admin.display(description=_("departments"))
    def member_of(self, user: User) -> str:
        """Names, for the list."""
        return ", ".join(department.name for department in user.departments.all())
