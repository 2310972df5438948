"""One town and one Chromium for each group: where a new pytest breaks the grouping, towns multiply and tests fail by
turns for want of processor."""

import pytest

pytestmark = pytest.mark.xdist_group("desk")


def test_tests_of_a_group_share_a_worker(request: pytest.FixtureRequest, worker_id: str) -> None:
    assert request.node.nodeid.endswith("@desk") is (worker_id != "master")
