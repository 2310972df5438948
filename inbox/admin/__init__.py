"""The first tool of administrators: accounts, colleagues and hours, on Django's admin at /beheer/.

Only what is set up is here. What citizens wrote is not for browsing: no conversation, message, note, contact or
audit entry is registered.
"""

from inbox.admin.accounts import AccountAdmin, PlatformAppAdmin
from inbox.admin.base import site
from inbox.admin.hours import AccountSettingsAdmin
from inbox.admin.people import DepartmentAdmin, UserAdmin

__all__ = [
    "AccountAdmin",
    "AccountSettingsAdmin",
    "DepartmentAdmin",
    "PlatformAppAdmin",
    "UserAdmin",
    "site",
]
