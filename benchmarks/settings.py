"""The product's own settings with the no-op's addresses."""

from webcare.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
