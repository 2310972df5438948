"""Which licences may go with the product."""

import pytest

from webcare.licences import allowed


@pytest.mark.parametrize(
    ("expression", "may"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("(MPL-2.0 OR GPL-3.0-only)", True),
        ("LGPL-3.0-only", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later AND MIT", False),
        ("GPL-3.0-only AND (MIT OR ISC)", False),
        ("Proprietary", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_licence_is_allowed(expression: str, may: bool) -> None:
    assert allowed(expression) is may
