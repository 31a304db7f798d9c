"""`/links/{UID}.{ext}`: pictures by address, signed, judged before anything is drawn."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.harness.site import Site


def signed(client: httpx.Client, site: Site, **body: object) -> str:
    """A signed address of Alice's card."""
    answer = client.post(f"/designs/{site.alice.designs['card']}/link", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


def test_a_signed_link_is_the_picture(alice: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """The picture that the same values give by request; 304 for whoever has it."""
    link = signed(alice, site, params=[{"name": "title", "text": "Hello John! <b>"}], metadata="m")
    answer = stranger.get(link)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    drawn = alice.post(
        f"/designs/{site.alice.designs['card']}?response=binary",
        json={"params": [{"name": "title", "text": "Hello John! <b>"}]},
    )
    assert answer.content == drawn.content
    again = stranger.get(link, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert stranger.get(link).content == answer.content


@pytest.mark.parametrize("ending", ["png", "jpeg", "jpg", "webp", "avif", "pdf", "svg", "gif", "mp4"])
def test_endings(alice: httpx.Client, stranger: httpx.Client, site: Site, ending: str) -> None:
    """The ending is the format."""
    answer = stranger.get(signed(alice, site, format=ending))
    assert answer.status_code == 200 and answer.headers["content-type"].partition("/")[0] in (
        "image",
        "application",
        "video",
    )


@pytest.mark.check(154, 155, 158)
def test_a_link_that_was_changed_is_refused(
    alice: httpx.Client, bob: httpx.Client, stranger: httpx.Client, site: Site
) -> None:
    """Without signature, with another one, for another design or ending: 403; a parameter twice: 400."""
    link = signed(alice, site, params=[{"name": "title", "text": "A"}])
    assert stranger.get(link.partition("&sig=")[0]).json()["code"] == "link_signature_missing"
    for changed in (
        link.replace("___A", "___B"),
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        link[:-1],
        link + "0",
        link.replace(".png?", ".jpg?"),
        link.replace(site.alice.designs["card"], site.bob.designs["card"]),
        link + "&x=1",
    ):
        answer = stranger.get(changed)
        assert (answer.status_code, answer.json()["code"]) == (403, "link_signature_invalid"), changed
    assert stranger.get(link + "&kid=1").status_code == 400
    assert stranger.get(link.replace("title---", "%74itle---")).status_code == 200


@pytest.mark.check(156)
def test_a_link_ends(alice: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """Before its moment it works, from it on it is 410."""
    link = signed(alice, site, expiresIn=600)
    assert stranger.get(link).status_code == 200
    site.clock.advance(timedelta(seconds=601))
    try:
        answer = stranger.get(link)
        assert (answer.status_code, answer.json()["code"]) == (410, "link_expired")
    finally:
        site.clock.advance(-timedelta(seconds=601))


@pytest.mark.check(157)
def test_keys_rotate_and_end(bob: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """After a rotation both keys verify; a key that was ended verifies nothing."""
    target = f"/designs/{site.bob.designs['card']}/link"
    old = bob.post(target, json={}).json()
    new = bob.post("/link-keys").json()
    assert bob.post(target, json={}).json()["kid"] == new["kid"] != old["kid"]
    assert stranger.get(old["url"]).status_code == 200
    listed = bob.get("/link-keys").json()
    assert [each["kid"] for each in listed] == [new["kid"], old["kid"]]
    assert listed[1]["endsAt"] and not listed[0]["endsAt"] and listed[0]["secret"].startswith("tir_link_")
    signed_new = bob.post(target, json={"metadata": "never opened"}).json()
    assert signed_new["kid"] == new["kid"]
    assert bob.delete(f"/link-keys/{new['kid']}").status_code == 204
    ended = stranger.get(signed_new["url"])
    assert (ended.status_code, ended.json()["code"]) == (403, "link_signature_invalid")
    assert stranger.get(bob.post(target, json={}).json()["url"]).status_code == 200
    assert bob.delete("/link-keys/ffffffffff").status_code == 404


def test_open_and_disabled_links(alice: httpx.Client, stranger: httpx.Client, site: Site) -> None:
    """An open design needs no signature; one whose links are off is not there."""

    def design(policy: str) -> str:
        stored = alice.get(f"/templates/{site.alice.designs['card']}/document").json()
        uid = alice.post("/templates", json={**stored, "name": policy}).json()["id"]
        assert alice.get(f"/templates/{uid}/links").json() == {"linkPolicy": None}
        assert alice.put(f"/templates/{uid}/links", json={"linkPolicy": policy}).json() == {"linkPolicy": policy}
        return str(uid)

    uid = design("open")
    answer = stranger.get(f"/links/{uid}.webp?params=title---text___Hi%3C%3Ebroken%3C%3Etitle---color___red")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/webp"
    off = stranger.get(f"/links/{design('off')}.png")
    assert (off.status_code, off.json()["code"]) == (404, "template_not_found")
    assert stranger.get(f"/links/{uid}.xyz").status_code == 422
    assert stranger.get("/links/0123456789.png").json()["code"] == "template_not_found"
