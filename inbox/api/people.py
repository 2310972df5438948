"""Colleagues and departments: who may be given a conversation, and where it may go."""

from django.db.models import Exists, OuterRef, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.actions import available
from inbox.api.endpoint import Detail, Endpoint, Listing, reading, writing
from inbox.api.refs import DepartmentRef
from inbox.models import Availability, Department, Role, User


class DepartmentShown(DepartmentRef):
    """A department. Any may be routed to; its conversations are seen by its members only."""

    member = serializers.BooleanField(help_text="Whether you are in it.")


class ColleagueShown(serializers.Serializer):
    """A colleague in one of your departments."""

    id = serializers.IntegerField()
    name = serializers.CharField(source="__str__")
    initials = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    departments = DepartmentRef(many=True)
    availability = serializers.CharField(
        help_text="available, away or off; empty: never said, as by who only works through the API."
    )


class MeShown(ColleagueShown):
    """You."""

    username = serializers.CharField()


def colleagues_of(user: User) -> QuerySet[User]:
    """Active colleagues who share a department with this one, themselves included: two queries."""
    mine = user.departments.values("pk")
    shared = User.departments.through.objects.filter(user=OuterRef("pk"), department__in=mine)
    return User.objects.filter(Exists(shared), is_active=True).prefetch_related("departments")


@reading("departments_list", "All departments")
class Departments(Listing):
    """In order of id."""

    serializer_class = DepartmentShown

    def get_queryset(self) -> QuerySet[Department]:
        """All: a conversation may be routed anywhere."""
        self.filters()
        members = User.departments.through.objects.filter(user=self.caller, department=OuterRef("pk"))
        return Department.objects.annotate(member=Exists(members))


@reading("users_list", "Colleagues in your departments, to assign to")
class Users(Listing):
    """In order of id."""

    serializer_class = ColleagueShown

    def get_queryset(self) -> QuerySet[User]:
        """The caller is one of them."""
        self.filters()
        return colleagues_of(self.caller)


@reading("me_retrieve", "Who you are")
class Me(Detail):
    """The colleague whose token this is."""

    serializer_class = MeShown

    def get_object(self) -> User:
        """One query for the departments."""
        return self.caller


class AvailabilityBody(serializers.Serializer):
    """What colleagues see of you."""

    availability = serializers.ChoiceField(
        Availability.choices,
        help_text="available or away. A shift is ended on the page, where one chooses what becomes of one's work.",
    )


@writing(
    "me_availability",
    "Say whether you are at work",
    request=AvailabilityBody,
    responses={200: MeShown},
    refusals=("no_choice",),
)
class MyAvailability(Endpoint):
    """Again changes nothing."""

    serializer_class = AvailabilityBody

    def post(self, request: Request) -> Response:
        """200 with you."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        available.say(self.caller, by=self.caller, availability=body.validated_data["availability"])
        return Response(MeShown(self.caller).data)
