"""Who sees and who changes which saved view of the list."""

from typing import Any

from django.db.models import F, Q, QuerySet

from inbox.kept import Asked, kept, slot
from inbox.models import Department, Role, SavedView, User

MOST = 50  # of one colleague, and of one department


def visible(user: User) -> QuerySet[SavedView]:
    """One's own first, then what is shared with one's departments; in the order of the menu. One query."""
    return _of(user.pk)


def in_menu(user: User) -> Asked[SavedView]:
    """The same, for every page with the menu."""
    return _IN_MENU(user=user.pk)


def _of(user_pk: Any) -> QuerySet[SavedView]:
    mine = Q(department=None, owner=user_pk)
    theirs = User.departments.through.objects.filter(user=user_pk).values("department")
    return (
        SavedView.objects.filter(mine | Q(department__in=theirs), deleted_at=None)
        .select_related("department")
        .order_by(F("department__name").asc(nulls_first=True), "position", "id")
    )


_IN_MENU = kept(lambda: _of(slot("user")))


def may_share(user: User, department: Department) -> bool:
    """A team lead, or an administrator, who is in that department. One query."""
    return (
        user.is_active and user.role in (Role.LEAD, Role.ADMIN) and user.departments.filter(pk=department.pk).exists()
    )


def may_change(user: User, view: SavedView) -> bool:
    """One's own; what is shared: who may share it."""
    if view.department is None:
        return view.owner_id == user.pk
    return may_share(user, view.department)
