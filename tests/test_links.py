"""Links by address: what they say, every way to change a signed one, expiry and keys."""

from __future__ import annotations

import base64
import re
import string
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tirage.links import (
    Link,
    LinkKey,
    LinkProblem,
    Override,
    format_params,
    new_link_key,
    parse_link,
    parse_params,
    sign,
    signature,
    verify,
)

KEY = LinkKey("k1", "tir_link_the-secret-of-this-test")
OTHER = LinkKey("k2", "tir_link_another-secret")
NOW = 1_700_000_000.0
SIGNED = sign(KEY, "000d61e4f7", "png", {"params": "a---text___Ann B<>c---text___+1;2", "metadata": "m", "zone": ""})
HEX = string.digits + "abcdef"


def read(link: str) -> Link:
    """A link as a request would bring it."""
    path, _, query = link.partition("?")
    return parse_link(path, query)


def outcome(link: str, *keys: LinkKey, now: float = NOW, must_expire: bool = False) -> str:
    """`ok`, or the code that the link is refused with."""
    try:
        verify(read(link), keys or (KEY,), now, must_expire=must_expire)
    except LinkProblem as problem:
        return problem.code
    return "ok"


def test_the_signed_link_is_followed() -> None:
    """What the next tests change is right as it is."""
    assert outcome(SIGNED) == "ok"


@pytest.mark.check(154)
def test_changed_signatures() -> None:
    """Every bit turned, every shortening, other alphabets and paddings: refused as a wrong signature."""
    text, _, right = SIGNED.rpartition("=")
    digest = bytes.fromhex(right)
    wrong = [
        bytes(byte ^ (1 << bit) * (place == at) for place, byte in enumerate(digest)).hex()
        for at in range(len(digest))
        for bit in range(8)
    ]
    wrong += [right[:length] for length in range(len(right))]
    wrong += [
        right.upper(),
        right + "0",
        right + "00",
        right + "%3D",
        right + "=",
        right + "%20",
        "%20" + right,
        "0x" + right,
    ]
    wrong += [right + "%0A", quote("ö" * 64), "ö" * 64, quote("0" * 62 + "👍"), "０" * 64]
    for code in (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, base64.b85encode):
        wrong += [quote(code(digest).decode(), safe=""), quote(code(digest).decode().rstrip("="), safe="")]
    assert {outcome(f"{text}={each}") for each in wrong if each != right} == {"link_signature_invalid"}
    assert len(wrong) > 256 + 64


@pytest.mark.check(154)
@given(st.integers(0, 63), st.sampled_from(string.printable))
def test_no_character_of_a_signature_may_differ(place: int, character: str) -> None:
    """Any character in any place of the signature: the link is refused, whatever the character means in a query."""
    text, _, right = SIGNED.rpartition("=")
    assume(character not in (right[place], "#"))
    assert outcome(f"{text}={right[:place]}{character}{right[place + 1 :]}") in (
        "link_signature_invalid",
        "link_malformed",
    )


REWRITTEN = [
    SIGNED.replace("zone=", "z%6Fne="),
    SIGNED.replace("Ann", "%41nn"),
    SIGNED.replace("Ann%20B", "Ann+B"),
    SIGNED.replace("%3C", "%3c"),
    SIGNED.replace("%3C%3E", "<>"),
    SIGNED.replace("%3B", ";"),
    "/links/000d61e4f7.png?" + "&".join(reversed(SIGNED.partition("?")[2].split("&"))),
]
CHANGED = [
    (SIGNED.replace("Ann", "Anna"), "link_signature_invalid"),
    (SIGNED.replace("Ann", "ann"), "link_signature_invalid"),
    (SIGNED.replace("%2B1", "+1"), "link_signature_invalid"),
    (SIGNED.replace("zone=", "zone=1"), "link_signature_invalid"),
    (SIGNED.replace("&zone=", ""), "link_signature_invalid"),
    (SIGNED.replace("metadata=m", "metadata="), "link_signature_invalid"),
    (SIGNED.replace("metadata=m&", ""), "link_signature_invalid"),
    (SIGNED.replace("metadata=", "Metadata="), "link_signature_invalid"),
    (SIGNED + "&extra=", "link_signature_invalid"),
    (SIGNED + "&expires=1900000000", "link_signature_invalid"),
    (SIGNED.replace(".png", ".jpg"), "link_signature_invalid"),
    (SIGNED.replace("000d61e4f7", "000d61e4f8"), "link_signature_invalid"),
    (SIGNED.replace("kid=k1", "kid=k2"), "link_signature_invalid"),
    (SIGNED.replace("kid=k1&", ""), "link_signature_invalid"),
    (re.sub("&sig=.*", "", SIGNED), "link_signature_missing"),
    (re.sub("&sig=.*", "&sig=", SIGNED), "link_signature_invalid"),
    (SIGNED + "&zone=", "link_duplicate"),
    (SIGNED + "&params=x", "link_duplicate"),
    (SIGNED + "&sig=" + SIGNED.rpartition("=")[2], "link_duplicate"),
    (SIGNED + "&", "link_malformed"),
    (SIGNED.replace("?", "?&"), "link_malformed"),
    (SIGNED.replace("&zone", ";zone"), "link_signature_invalid"),
    (SIGNED + "?", "link_signature_invalid"),
    (SIGNED.replace("/links/", "//links/"), "link_malformed"),
    (SIGNED.replace("/links/", "/links/./"), "link_malformed"),
    (SIGNED.replace("/links/", "/links//"), "link_malformed"),
    (SIGNED.replace("/links/", "/x/../links/"), "link_malformed"),
    (SIGNED.replace("000d", "000D"), "link_malformed"),
    (SIGNED.replace("000d", "000%64"), "link_malformed"),
    (SIGNED + "&a=" + "b" * 8000, "link_too_long"),
    (SIGNED + "".join(f"&a{n}=" for n in range(32)), "link_too_long"),
]


@pytest.mark.check(155)
@pytest.mark.parametrize("link", REWRITTEN)
def test_other_ways_to_write_the_same(link: str) -> None:
    """What the documented rules make equal is followed, and has one canonical form."""
    assert link != SIGNED
    assert outcome(link) == "ok"
    assert read(link).canonical == read(SIGNED).canonical


@pytest.mark.check(155)
@pytest.mark.parametrize(("link", "code"), CHANGED)
def test_changes(link: str, code: str) -> None:
    """What is changed, added, dropped, doubled or written elsewhere is refused."""
    assert link != SIGNED
    assert outcome(link) == code


@pytest.mark.check(155)
@given(st.data())
def test_random_mutations(data: st.DataObject) -> None:
    """After any few insertions, removals and exchanges, a link is refused or means exactly what was signed."""
    characters = [*SIGNED]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(characters) - 1))
        new = data.draw(
            st.sampled_from(["", "&", "=", "%", "+", ";", "/", "a", "A", "0", "%20", "%26", "é", "\x00", "&&", "."])
        )
        characters[place : place + data.draw(st.integers(0, 2))] = [*new]
    mutated = "".join(characters)
    result = outcome(mutated)
    if result == "ok":
        assert read(mutated).canonical == read(SIGNED).canonical
    else:
        assert result.startswith("link_")


NAMES = st.text(string.ascii_letters + string.digits + "._~-", min_size=1, max_size=12).filter(
    lambda name: name not in ("kid", "sig", "expires")
)
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(st.dictionaries(NAMES, VALUES, max_size=6), st.randoms())
def test_whatever_is_signed_is_followed(parameters: dict[str, str], random: Any) -> None:
    """Any parameters, written canonically or with every byte escaped in any order, come back as they were."""
    link = sign(KEY, "000d61e4f7", "png", parameters)
    assert outcome(link) == "ok"
    pairs = [*parameters.items(), ("kid", "k1"), ("sig", link.rpartition("=")[2])]
    random.shuffle(pairs)
    escaped = "&".join(
        f"{name}=" + "".join(f"%{byte:02{random.choice('xX')}}" for byte in value.encode()) for name, value in pairs
    )
    again = read(f"/links/000d61e4f7.png?{escaped}")
    verify(again, [KEY], NOW)
    assert dict(again.parameters) == {**parameters, "kid": "k1"}


@given(st.text(max_size=60))
def test_reading_never_fails_otherwise(query: str) -> None:
    """Any text is a link or a LinkProblem with one of its codes."""
    try:
        read(f"/links/000d61e4f7.png?params={query}")
    except LinkProblem as problem:
        assert problem.code in ("link_malformed", "link_duplicate")


def test_bytes_that_are_not_text() -> None:
    """Raw bytes of a request that are no UTF-8 are refused, not replaced."""
    query = b"params=\xff".decode("utf-8", "surrogateescape")
    with pytest.raises(LinkProblem) as caught:
        parse_link("/links/000d61e4f7.png", query)
    assert caught.value.code == "link_malformed"


@pytest.mark.check(156)
@pytest.mark.parametrize(
    ("expires", "code"),
    [
        (str(int(NOW) - 1), "link_expired"),
        (str(int(NOW)), "link_expired"),
        (str(int(NOW) + 1), "ok"),
        ("0", "link_expired"),
        ("253402300799", "ok"),
        (None, "link_expiry_missing"),
    ],
)
def test_expiry(expires: str | None, code: str) -> None:
    """A link is followed before its moment and not from it on; without one only where the policy lets it."""
    link = sign(KEY, "000d61e4f7", "png", {} if expires is None else {"expires": expires})
    assert outcome(link, must_expire=True) == code
    assert outcome(link) == ("ok" if expires is None else code)


@pytest.mark.check(156)
@pytest.mark.parametrize(
    "expires", ["-1", "1e9", "1000000000000000000", "253402300800", "soon", "", "1.5", "+5", "００", "07", " 7"]
)
def test_expiry_that_cannot_be(expires: str) -> None:
    """What is no time is refused, even with a right signature, and cannot be signed here."""
    text = f"/links/000d61e4f7.png?expires={quote(expires, safe='')}&kid=k1"
    assert outcome(f"{text}&sig={signature(KEY.secret, text)}") == "link_malformed"
    with pytest.raises(LinkProblem):
        sign(KEY, "000d61e4f7", "png", {"expires": expires})


@pytest.mark.check(156)
def test_a_stranger_does_not_learn_of_expiry() -> None:
    """A wrong signature is told as such, expired or not."""
    link = sign(OTHER, "000d61e4f7", "png", {"expires": "1"})
    assert outcome(link) == "link_signature_invalid"


@pytest.mark.check(157)
def test_rotation() -> None:
    """The old key's links are followed until the overlap ends, the new one's from the start; unknown keys never."""
    old, new = replace(KEY, until=NOW + 60), OTHER
    old_link, new_link = SIGNED, sign(new, "000d61e4f7", "png", {})
    assert outcome(old_link, old, new) == outcome(new_link, old, new) == "ok"
    assert outcome(old_link, old, new, now=NOW + 59.9) == "ok"
    assert outcome(old_link, old, new, now=NOW + 60) == "link_signature_invalid"
    assert outcome(new_link, old, new, now=NOW + 60) == "ok"
    assert outcome(old_link, new) == "link_signature_invalid"
    verify_none = read(old_link)
    with pytest.raises(LinkProblem, match="does not belong"):
        verify(verify_none, [], NOW)


@pytest.mark.check(157)
@pytest.mark.parametrize("kid", ["../k1", "k1/", "k1%00", "%20k1", "", "k1,k2", "*", "k" * 33, "ｋ１"])
def test_tricks_with_key_ids(kid: str) -> None:
    """A key id is a plain name; anything else is refused before a key is looked for."""
    assert outcome(SIGNED.replace("kid=k1", f"kid={kid}")) == "link_malformed"


@pytest.mark.check(157)
def test_no_key_means_no_empty_secret() -> None:
    """A link signed with the empty secret is not followed under a key id that nobody has, or under none."""
    for text in ("/links/000d61e4f7.png?kid=nobody", "/links/000d61e4f7.png?"):
        assert outcome(f"{text}&sig={signature('', text)}".replace("?&", "?")) == "link_signature_invalid"


@pytest.mark.check(158)
def test_the_template_is_signed() -> None:
    """The signature for one template is none for another, and a key of another workspace opens nothing."""
    assert outcome(SIGNED.replace("000d61e4f7", "ffffffffff")) == "link_signature_invalid"
    same_id = LinkKey(KEY.kid, OTHER.secret)
    assert outcome(SIGNED, same_id) == "link_signature_invalid"


def test_new_keys() -> None:
    """Keys differ, their secrets do not show in their representation, and what they sign is followed."""
    keys = [new_link_key() for _ in range(50)]
    assert len({key.kid for key in keys}) == len({key.secret for key in keys}) == 50
    for key in keys:
        assert re.fullmatch(r"tir_link_[0-9A-Za-z]{40}", key.secret) and re.fullmatch(r"[0-9a-f]{8}", key.kid)
        assert key.secret not in repr(key)
    assert outcome(sign(keys[0], "abcdef", "pdf", {}), *keys) == "ok"


@pytest.mark.parametrize("parameters", [{"kid": "x"}, {"sig": "x"}])
def test_signing_sets_its_own_parameters(parameters: dict[str, str]) -> None:
    """Nobody signs for another key by mistake."""
    with pytest.raises(ValueError, match="set by signing"):
        sign(KEY, "000d61e4f7", "png", parameters)


@pytest.mark.parametrize(
    ("template", "extension", "parameters"),
    [
        ("../etc", "png", {}),
        ("000d61e4f7", "p/g", {}),
        ("000d61e4f7", "png", {"a b": "1"}),
        ("000d61e4f7", "png", {"a": "\x00"}),
    ],
)
def test_signing_what_cannot_be_a_link(template: str, extension: str, parameters: dict[str, str]) -> None:
    """What could not be read is not signed."""
    with pytest.raises(LinkProblem):
        sign(KEY, template, extension, parameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("text3---text___Hello John!", [("text3", "text", "Hello John!")]),
        ("a---text___1<>b---color___#fff", [("a", "text", "1"), ("b", "color", "#fff")]),
        (
            "image5---imageUrl___https://x.y/a---b___c.jpg?d=1&e=<2>#f",
            [("image5", "imageUrl", "https://x.y/a---b___c.jpg?d=1&e=<2>#f")],
        ),
        ("a---text___", [("a", "text", "")]),
        ("<>a---text___1<><>", [("a", "text", "1")]),
        ("bad<>a---text___1<>---text___2<>b---___3<>c--text___4<>d---text__5", [("a", "text", "1")]),
        ("my---layer---text___1", [("my---layer", "text", "1")]),
        ("my___layer---text___1", [("my___layer", "text", "1")]),
        ("a---b c___1", []),
        ("a---name___b", []),
        ("Ünï 🎉---text___a\nb", [("Ünï 🎉", "text", "a\nb")]),
        ("a---text___%3C%3E", [("a", "text", "%3C%3E")]),
        ("a---text___1<>a---text___2", [("a", "text", "1"), ("a", "text", "2")]),
    ],
)
def test_params(text: str, expected: list[tuple[str, str, str]]) -> None:
    """Elements are split as clients write them; what is malformed is left out, the rest stands."""
    assert [(each.layer, each.key, each.value) for each in parse_params(text)] == expected


def test_what_a_link_says() -> None:
    """Overrides and metadata come out decoded; the cached name has neither key nor expiry in it."""
    link = read(
        sign(KEY, "000d61e4f7", "png", {"params": "a---text___Ä <1>", "metadata": "m&m", "expires": "1900000000"})
    )
    assert link.overrides == (Override("a", "text", "Ä <1>"),)
    assert (link.metadata, link.expires, link.kid, link.extension) == ("m&m", 1_900_000_000, "k1", "png")
    assert link.content == "/links/000d61e4f7.png?metadata=m%26m&params=a---text___%C3%84%20%3C1%3E"
    other = read(sign(OTHER, "000d61e4f7", "png", {"params": "a---text___Ä <1>", "metadata": "m&m"}))
    assert other.content == link.content
    assert read("/links/000d61e4f7.png").metadata == ""


@given(
    st.lists(
        st.builds(Override, st.text(min_size=1), st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,5}", fullmatch=True), st.text())
    )
)
def test_params_go_both_ways(overrides: list[Override]) -> None:
    """What can be written is read as it was; what cannot is refused and not written wrongly."""
    try:
        text = format_params(overrides)
    except ValueError:
        joined = "".join(f"{each.layer}{each.value}" for each in overrides)
        assert {*"<>-_"} & {*joined} or any(each.key == "name" for each in overrides) or not overrides
        return
    assert parse_params(text) == tuple(overrides)
