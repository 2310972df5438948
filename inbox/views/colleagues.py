"""The names behind the ids of the live stream: colleagues with whom one shares a department."""

from collections import Counter

from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.models import User
from inbox.views.conversation import SignedIn


@require_safe
@never_cache
@login_required
def names(request: SignedIn) -> JsonResponse:
    """{id: {"name", "short", "initials"}}; ``short`` is the first name where that tells them apart. One query."""
    found = User.objects.filter(is_active=True, departments__in=request.user.departments.all()).distinct()
    colleagues = list(found.only("first_name", "last_name", "username"))
    first = Counter(colleague.first_name for colleague in colleagues)
    return JsonResponse(
        {
            colleague.pk: {
                "name": str(colleague),
                "short": colleague.first_name if first[colleague.first_name] == 1 else str(colleague),
                "initials": colleague.initials,
            }
            for colleague in colleagues
        }
    )
