"""What goes over the wire compressed, and what does not."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from webcare.compression import Compression

PAGE = "<p>Goedemorgen</p>" * 200


def answer(response: HttpResponseBase, accept: str = "gzip, deflate, br") -> HttpResponseBase:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accept})
    return Compression(lambda _request: response)(request)


def body(response: HttpResponseBase) -> bytes:
    return response.content if isinstance(response, HttpResponse) else b"".join(response)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "text/css"])
def test_text_is_compressed_and_whole(kind: str) -> None:
    response = answer(HttpResponse(PAGE, content_type=kind, headers={"ETag": '"a"'}))
    assert gzip.decompress(body(response)).decode() == PAGE
    assert len(body(response)) < len(PAGE) / 5
    assert response["Content-Encoding"] == "gzip"
    assert response["Content-Length"] == str(len(body(response)))
    assert response["Vary"] == "Accept-Encoding"
    assert response["ETag"] == 'W/"a"'


def test_script_from_the_source_is_compressed() -> None:
    pieces: Iterator[bytes] = iter([b"let a = 1;" * 50, b"let b = 2;" * 50])
    response = answer(StreamingHttpResponse(pieces, content_type="text/javascript", headers={"Content-Length": "1000"}))
    assert gzip.decompress(body(response)) == b"let a = 1;" * 50 + b"let b = 2;" * 50
    assert not response.has_header("Content-Length")


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(b"x" * 5_000, content_type="image/png"),
        HttpResponse(b"kort", content_type="text/html"),
        HttpResponse(b"x" * 5_000, content_type="text/html", status=206),
        HttpResponse(b"x" * 5_000, content_type="text/html", headers={"Content-Encoding": "br"}),
        StreamingHttpResponse(iter([b"x" * 5_000]), content_type="video/mp4"),
        StreamingHttpResponse(
            iter([b"x" * 5_000]), content_type="text/html", headers={"Content-Disposition": "attachment"}
        ),
    ],
    ids=["image", "short", "part", "compressed", "film", "a citizen's page"],
)
def test_the_rest_is_left_alone(response: HttpResponseBase) -> None:
    before = response.get("Content-Encoding", "")
    found = answer(response)
    assert found.get("Content-Encoding", "") == before
    assert set(body(found)) <= set(b"xkort")


@pytest.mark.parametrize("accept", ["", "br"])
def test_only_who_asks_gets_it(accept: str) -> None:
    response = answer(HttpResponse(PAGE), accept)
    assert body(response).decode() == PAGE
    assert response["Vary"] == "Accept-Encoding"


def test_length_does_not_tell_what_is_inside() -> None:
    assert len({len(body(answer(HttpResponse(PAGE)))) for _time in range(40)}) > 5


def test_file_of_a_citizen_is_never_touched(db: None, tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(b"x" * 5_000)
    response = answer(FileResponse(path.open("rb"), content_type="video/mp4"))
    assert body(response) == b"x" * 5_000
    response.close()


def test_pages_and_scripts_of_the_product(db: None) -> None:
    client = Client(headers={"Accept-Encoding": "gzip"})
    for path in ("/login/", "/static/js/list.js", "/static/css/base.css", "/static/icons.svg"):
        response = client.get(path)
        assert (path, response.status_code, response.get("Content-Encoding")) == (path, 200, "gzip")
        assert len(gzip.decompress(response.getvalue())) > 500
        response.close()
