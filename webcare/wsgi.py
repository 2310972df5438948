"""Pages, webhooks and API, served by granian."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webcare.settings")

application = get_wsgi_application()
_ = get_resolver().url_patterns  # all views now, and not in the first request
# What was loaded stays. To look through all of it for garbage held up a page, and those beside it, for 0.2 s each time.
gc.collect()
gc.freeze()
