"""A post of a Page with its comments, as it is fetched to read along; over the simulated Graph API."""

import pytest

from channels.connectors.facebook import thread
from channels.errors import PermanentFailure
from tests.channels.connectors.facebook.conftest import PAGE, Facebook, public


def test_post_first_then_its_comments_oldest_first(facebook: Facebook) -> None:
    top = facebook.comment("Geldt dit ook voor ons?")
    facebook.comment("Ja, volgens mij wel.", to=top["id"])
    facebook.connector.send(facebook.page, public("Dat klopt.", top["id"]))
    found = facebook.connector.fetch_thread(facebook.page, top["post"])
    assert [(item.external_id == top["post"], item.from_us) for item in found[:2]] == [(True, True), (False, False)]
    assert [item.text for item in found[1:]] == ["Geldt dit ook voor ons?", "Ja, volgens mij wel.", "Dat klopt."]
    assert {item.thread_id for item in found[1:]} == {top["id"]}


def test_post_that_is_gone_says_so(facebook: Facebook) -> None:
    with pytest.raises(PermanentFailure) as failure:
        facebook.connector.fetch_thread(facebook.page, f"{PAGE}_1")
    assert failure.value.reason == "gone"


@pytest.mark.parametrize(
    ("thread_id", "under", "root"),
    [
        ("500_600", f"{PAGE}_500", f"{PAGE}_500"),
        ("500_600", "", f"{PAGE}_500"),
        ("500_600", "500_600", f"{PAGE}_500"),
        (f"{PAGE}_500", "", f"{PAGE}_500"),
        ("700", "", "700"),
    ],
)
def test_the_post_is_in_the_name_of_its_comments(thread_id: str, under: str, root: str) -> None:
    assert thread.root(PAGE, thread_id, under) == root
