"""Who sees and who changes which saved view of the list."""

from django.db.models import F, Q, QuerySet

from inbox.models import Department, Role, SavedView, User

MOST = 50  # of one colleague, and of one department


def visible(user: User) -> QuerySet[SavedView]:
    """One's own first, then what is shared with one's departments; in the order of the menu. One query."""
    mine = Q(department=None, owner=user)
    return (
        SavedView.objects.filter(mine | Q(department__in=user.departments.all()), deleted_at=None)
        .select_related("department")
        .order_by(F("department__name").asc(nulls_first=True), "position", "id")
    )


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
