"""`/images/{path}`: pictures under public addresses, their smaller versions, and their end."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest
import pyvips
from tests.harness.site import Site


def made(client: httpx.Client, site: Site, **body: object) -> dict[str, object]:
    """A fresh picture of Alice's card."""
    return dict(client.post(f"/designs/{site.alice.designs['card']}", json=body).json())


def path_of(url: object) -> str:
    """The part of an address after `/images/`."""
    return str(url).partition("/images/")[2]


@pytest.mark.check(163)
def test_a_picture_is_public_cached_and_embeddable(alice: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """No key is needed; the headers let it be kept, embedded anywhere and run nowhere."""
    answer = stranger.get(str(made(alice, site)["imageUrl"]))
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert re.fullmatch(r"public, max-age=\d+", answer.headers["cache-control"])
    assert "content-disposition" not in answer.headers


def test_its_etag_saves_the_bytes(alice: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """304 for whoever has these bytes; the smaller version has a tag of its own."""
    said = made(alice, site)
    etag = stranger.get(str(said["imageUrl"])).headers["etag"]
    again = stranger.get(str(said["imageUrl"]), headers={"if-none-match": f'"x", W/{etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert stranger.get(str(said["thumbnailUrl"]), headers={"if-none-match": etag}).status_code == 200


def test_head_and_download(alice: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """HEAD tells the length; the download address tells browsers to save the file."""
    said = made(alice, site)
    head, whole = stranger.head(str(said["imageUrl"])), stranger.get(str(said["imageUrl"]))
    assert head.content == b"" and head.headers["content-length"] == str(len(whole.content))
    name = path_of(said["imageUrl"]).partition("/")[2]
    answer = stranger.get(str(said["downloadUrl"]))
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


def test_smaller_versions_are_made_once_and_kept(alice: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """The first read makes the object, later ones find it."""
    said = made(alice, site, sizes=[{"width": 1600}])
    thumb, regular = stranger.get(str(said["thumbnailUrl"])), stranger.get(said["urls"]["regular"])  # type: ignore[index]
    sizes = [pyvips.Image.new_from_buffer(each.content, "").width for each in (thumb, regular)]
    assert sizes == [200, 1080]
    assert stranger.get(str(said["thumbnailUrl"])).content == thumb.content
    kept = [each.name for each in site.folder.rglob(f"{path_of(said['imageUrl'])[11:21]}*-thumb.png")]
    assert kept


@pytest.mark.parametrize(
    "path",
    [
        "0000000000/0000000000.png",
        "0000000000/0000000000-thumb.png",
        "x",
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "pictures/0000000000.png/..",
        "%00",
    ],
)
@pytest.mark.check(151)
def test_what_is_not_there(stranger: httpx.Client, path: str) -> None:
    """404 with a problem document, whatever the address looks like."""
    answer = stranger.get(f"/images/{path}")
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"


def test_another_ending_is_another_picture(alice: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """The ending belongs to the address."""
    url = str(made(alice, site)["imageUrl"])
    assert stranger.get(url.replace(".png", ".jpg")).status_code == 404


@pytest.mark.parametrize("encoded", [False, True])
def test_delete(alice: httpx.Client, stranger: httpx.Client, site: Site, encoded: bool) -> None:
    """Plain and percent-encoded, with a JSON content type and no body: 204, then 404; smaller versions go too."""
    said = made(alice, site)
    assert stranger.get(str(said["thumbnailUrl"])).status_code == 200
    path = path_of(said["imageUrl"])
    target = f"/images/{quote(path, safe='') if encoded else path}"
    answer = alice.delete(target, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.content) == (204, b"")
    again = alice.request("DELETE", target, json={})
    assert (again.status_code, again.json()["code"]) == (404, "image_not_found")
    assert stranger.get(str(said["imageUrl"])).status_code == stranger.get(str(said["thumbnailUrl"])).status_code == 404
    assert not list(site.folder.rglob(f"{path[11:21]}*"))


@pytest.mark.check(148)
def test_somebody_elses_picture_cannot_be_deleted(alice: httpx.Client, bob: httpx.Client, site: Site) -> None:
    """404 as for one that there is not, and it stays."""
    url = str(made(alice, site)["imageUrl"])
    assert bob.delete(f"/images/{path_of(url)}").status_code == 404
    assert alice.get(url).status_code == 200


@pytest.mark.check(150)
def test_lists_go_on_by_cursor(alice: httpx.Client, bob: httpx.Client, site: Site) -> None:
    """Newest first, filtered, page by page without gaps; a cursor is good for its own list only."""
    mark = "list % _ ' OR 1=1"
    ids = [made(alice, site, metadata=mark)["id"] for _ in range(3)]
    first = alice.get("/images", params={"metadata": mark, "limit": 2}).json()
    second = alice.get("/images", params={"metadata": mark, "limit": 2, "cursor": first["next"]}).json()
    assert [each["id"] for each in first["results"] + second["results"]] == ids[::-1] and second["next"] is None
    assert first["results"][0]["metadata"] == mark and first["results"][0]["templateId"] == site.alice.designs["card"]
    assert bob.get("/images", params={"metadata": mark}).json() == {"results": [], "next": None}
    for client, params in (
        (bob, {"metadata": mark, "cursor": first["next"]}),
        (alice, {"cursor": first["next"]}),
        (alice, {"cursor": "x"}),
    ):
        answer = client.get("/images", params=params)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")
    wrong = alice.get("/images", params={"limit": 0})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "parameter_invalid")
