"""What is agreed for an account: home department, targets and texts; opening hours and closing days."""

from datetime import time
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inbox import auto_reply, standard_texts
from inbox.actions import recount, set_hours
from inbox.admin.base import Audited, Guarded, site
from inbox.day_words import week_words
from inbox.failure_words import PLATFORMS
from inbox.forms_targets import LONGEST_TARGET
from inbox.models import AccountSettings, ClosingDay, OpeningPeriod
from inbox.office_hours import Period, check_periods, parse_closes

LONGEST_UNDO = 60  # seconds; a citizen waits that much longer for every answer
TIMED = frozenset(["first_answer_minutes", "next_answer_minutes", "holidays"])  # what timers are counted by
NOTHING = ("", _("- Select an option -"))  # Django's own words, which have no Dutch there yet


def timers_follow(request: HttpRequest, account_id: int) -> None:
    """Count the running timers anew, and say what that did to them."""
    recount.touch(AccountSettings.objects.get(account=account_id))
    messages.info(request, recount.recount(account_id).words)


class SettingsForm(forms.ModelForm):
    """Targets that a clock can keep, and a text that can be filled in."""

    class Meta:
        model = AccountSettings
        fields = (
            "department",
            "first_answer_minutes",
            "next_answer_minutes",
            "holidays",
            "out_of_hours_text",
            "addressing",
            "house_style",
            "own_details",
            "ending",
            "undo_seconds",
        )
        help_texts: ClassVar = {
            "first_answer_minutes": _("In minutes of opening time."),
            "next_answer_minutes": _("In minutes of opening time."),
            "out_of_hours_text": _(
                "Empty: no reply. May hold {inwoner}, {volgende_opening}, {kanaal} and {gemeente}. "
                "Citizens are addressed with u."
            ),
            "house_style": _(
                "Colleagues see this beside their answer: how we sound, how we sign off, what we never say."
            ),
            "own_details": _(
                "Our own telephone numbers, e-mail addresses, IBANs and addresses, one a line. They may stand in a "
                "public answer without a question. @gemeente.nl stands for every e-mail address there."
            ),
            "ending": _(
                "Comes under every answer that a colleague writes: ^{initialen}, or Groet, {voornaam}. Empty: nothing."
            ),
            "undo_seconds": _("So long an answer waits, and can be taken back. 0: it goes at once. At most 60."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_answer_minutes", "next_answer_minutes"):
            self.fields[name].validators += [MinValueValidator(1), MaxValueValidator(LONGEST_TARGET)]
        self.fields["undo_seconds"].validators.append(MaxValueValidator(LONGEST_UNDO))

    def clean_ending(self) -> str:
        """Refuses braces that nobody fills in."""
        text: str = self.cleaned_data["ending"].strip()
        filled = standard_texts.fill(text, {standard_texts.COLLEAGUE: "F", standard_texts.INITIALS: "F"})
        if standard_texts.unfilled(filled):
            raise ValidationError(gettext("Use {initialen} or {voornaam}."))
        return text

    def clean_out_of_hours_text(self) -> str:
        """Refuses braces that the reply would leave standing."""
        text: str = self.cleaned_data["out_of_hours_text"]
        unknown = auto_reply.unknown_variables(text)
        if unknown:
            raise ValidationError(
                gettext("Not known: %(names)s. Use {inwoner}, {volgende_opening}, {kanaal} or {gemeente}.")
                % {"names": ", ".join(f"{{{name}}}" for name in unknown)}
            )
        return text


class SettingsInline(Guarded, admin.StackedInline):
    """On the account's page; an account without these cannot take a message."""

    model = AccountSettings
    form = SettingsForm
    verbose_name = verbose_name_plural = _("agreements")
    can_delete = False
    min_num = max_num = 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountSettings]:
        """With the account for its name, without its secrets."""
        return super().get_queryset(request).select_related("account").defer("account__secrets")


class ClosingTime(forms.TimeField):
    """A closing time as people write it: 24:00 is the end of the day."""

    def to_python(self, value: Any) -> time | None:
        """24:00 as office_hours keeps it."""
        if isinstance(value, str) and value.strip() == "24:00":
            return parse_closes(value)
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """And back."""
        return "24:00" if value == time(0) else super().prepare_value(value)


def _clock() -> forms.TimeInput:
    return forms.TimeInput(format="%H:%M", attrs={"size": 6, "placeholder": "09:00", "autocomplete": "off"})


class PeriodForm(forms.ModelForm):
    """One stretch of a weekday."""

    # With a choice of nothing: a row that is left as it was is no period.
    weekday = forms.TypedChoiceField(label=_("weekday"), choices=[NOTHING, *WEEKDAYS.items()], coerce=int)
    opens = forms.TimeField(label=_("opens"), widget=_clock())
    closes = ClosingTime(label=_("closes"), widget=_clock())

    class Meta:
        model = OpeningPeriod
        fields = ("weekday", "opens", "closes")

    def clean(self) -> dict[str, Any]:
        """Refuses what is no period, in the words of office_hours."""
        given = super().clean() or self.cleaned_data
        try:
            self.period()
        except ValueError as error:
            self.add_error("closes", str(error))
        return given

    def period(self) -> Period | None:
        """None while a part is missing. Raises ValueError."""
        parts = [self.cleaned_data.get(name) for name in ("weekday", "opens", "closes")]
        return None if None in parts else Period(*parts)  # type: ignore[arg-type]


class PeriodFormSet(forms.BaseInlineFormSet):
    """The week together."""

    def clean(self) -> None:
        """Refuses periods that overlap, in the words of office_hours."""
        forms: list[Any] = [form for form in self.forms if form.is_valid() and not form.cleaned_data.get("DELETE")]
        try:
            check_periods(period for form in forms if (period := form.period()))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        super().clean()


class PeriodInline(Guarded, admin.TabularInline):
    """When we are open. Several periods a day for a lunch break or an evening."""

    model = OpeningPeriod
    form = PeriodForm
    formset = PeriodFormSet
    verbose_name, verbose_name_plural = _("period"), _("opening periods")
    extra = 2

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing refers to a period."""
        return site.has_permission(request)


class ClosingDayForm(forms.ModelForm):
    """With the browser's own calendar."""

    date = forms.DateField(label=_("date"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))

    class Meta:
        model = ClosingDay
        fields = ("date", "name")


class ClosingDayInline(Guarded, admin.TabularInline):
    """Days of our own, beside the Dutch holidays."""

    model = ClosingDay
    form = ClosingDayForm
    verbose_name, verbose_name_plural = _("closing day"), _("closing days")
    extra = 1

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing refers to a closing day."""
        return site.has_permission(request)


def in_words(settings: AccountSettings) -> str:
    """The week in one line: "ma-vr 09:00-17:00, za 10:00-14:00"; the periods must be prefetched."""
    return week_words(set_hours.week_periods(settings)) or gettext("never open: no timer runs")


class WeekForm(forms.ModelForm):
    """Only what is inside it is filled in here."""

    class Meta:
        labels: ClassVar = {"account": _("Account")}


@admin.register(AccountSettings, site=site)
class AccountSettingsAdmin(Audited):
    """The week and the closing days of one account; the rest is on the account's own page."""

    form = WeekForm
    fields = readonly_fields = ("account",)
    inlines = (PeriodInline, ClosingDayInline)
    list_display = ("of", "department", "week")
    ordering = ("account__kind", "account__name")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They come with the account."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountSettings]:
        """All that the list shows, at once."""
        rows = super().get_queryset(request).select_related("account", "department").prefetch_related("periods")
        return rows.defer("account__secrets")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Timers follow."""
        super().save_related(request, form, formsets, change)
        if any(formset.has_changed() for formset in formsets):
            timers_follow(request, form.instance.account_id)

    @admin.display(description=_("account"), ordering="account__name")
    def of(self, settings: AccountSettings) -> str:
        """Which of them, for the names of two may be one."""
        return f"{settings.account.name} ({PLATFORMS[settings.account.kind]})"

    @admin.display(description=_("opening hours"))
    def week(self, settings: AccountSettings) -> str:
        """See in_words."""
        return in_words(settings)
