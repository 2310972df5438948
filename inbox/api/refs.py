"""Small objects that stand inside others: enough to show a name and to ask for the rest."""

from rest_framework import serializers

from channels.models import Kind


class DepartmentRef(serializers.Serializer):
    """A department."""

    id = serializers.IntegerField()
    slug = serializers.SlugField()
    name = serializers.CharField()


class ColleagueRef(serializers.Serializer):
    """A colleague."""

    id = serializers.IntegerField()
    name = serializers.CharField(source="__str__")
    initials = serializers.CharField()


class AccountRef(serializers.Serializer):
    """A handle, page or number of ours."""

    id = serializers.IntegerField()
    platform = serializers.ChoiceField(Kind.choices, source="kind")
    handle = serializers.CharField()
    name = serializers.CharField()


class ContactRef(serializers.Serializer):
    """A citizen. Numbers and platform ids stand with the contact only."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class TopicRef(serializers.Serializer):
    """What a conversation may be about."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class IdentityRef(serializers.Serializer):
    """The profile the citizen wrote with."""

    id = serializers.IntegerField()
    platform = serializers.ChoiceField(Kind.choices, source="kind")
    name = serializers.CharField()
    handle = serializers.CharField()
