"""Who is asking: their session, and the colleague with their departments, in two round trips for every page.

Named in settings, as SESSION_ENGINE and in AUTHENTICATION_BACKENDS.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from inbox.kept import kept, slot, together
from inbox.models import Department, User

_SESSION = kept(lambda: Session.objects.filter(session_key=slot("key"), expire_date__gt=Now()))
_USER = kept(lambda: User.objects.filter(pk=slot("pk")))
_DEPARTMENTS = kept(lambda: Department.objects.filter(members=slot("pk")))


class SessionStore(db.SessionStore):
    """Django's own in the database, found by a statement that is kept."""

    def _get_session_from_db(self) -> Session | None:
        found = _SESSION(key=self.session_key).first()
        if found is None:
            self._session_key = None
        return found


class Colleagues(ModelBackend):
    """Django's own, that brings the departments along."""

    def get_user(self, user_id: Any) -> User | None:
        """None for who is not there, or not active any more."""
        users, departments = _USER(pk=user_id), _DEPARTMENTS(pk=user_id)
        together(users, departments)
        user = users.first()
        if user is None or not self.user_can_authenticate(user):
            return None
        with_departments(user, departments.rows())
        return user


def with_departments(user: User, departments: list[Department]) -> None:
    """``user.departments.all()`` gives these from now on, as after ``prefetch_related``."""
    queryset = user.departments.all()
    queryset._result_cache = departments
    user._prefetched_objects_cache = {"departments": queryset}  # type: ignore[attr-defined]
