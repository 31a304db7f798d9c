"""Pictures by address, `/links/{template}.{ext}?params=…`: text → Link, its canonical form, signing and verifying.

The canonical form and the codes are published in docs/reference/links.md, vectors in docs/reference/link-vectors.json;
a change to either breaks links that are already in people's letters.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from tirage.engine.errors import Problem, TirageError

Code = Literal[
    "link_duplicate",
    "link_expired",
    "link_expiry_missing",
    "link_malformed",
    "link_signature_invalid",
    "link_signature_missing",
    "link_too_long",
]

LONGEST = 8000
"""Characters of path and query; what common servers, proxies and mail programs let through."""
MOST = 32
"""Parameters of one link."""
LATEST = 253_402_300_799
"""The last expiry, the end of the year 9999."""
SECRET_PREFIX = "tir_link_"

_PATH = re.compile(r"/links/([0-9a-z]{6,32})\.([a-z0-9]{2,5})")
_NAME = re.compile(r"[A-Za-z0-9_.~-]{1,64}")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_EXPIRES = re.compile(r"0|[1-9][0-9]{0,11}")
_KID = re.compile(r"[0-9A-Za-z_-]{1,32}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# The shortest layer name after which a key follows: names may hold `---`, values anything.
_ELEMENT = re.compile(r"(?P<layer>.+?)---(?P<key>[A-Za-z][A-Za-z0-9]*)___(?P<value>.*)", re.DOTALL)
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


class LinkProblem(TirageError):
    """A link cannot be read, or must not be followed."""


def problem(code: Code, message: str, hint: str | None = None) -> LinkProblem:
    """The error to raise. `message` never repeats values of the link: they may be personal."""
    return LinkProblem(Problem(code, message, hint=hint))


@dataclass(frozen=True, slots=True)
class Override:
    """One property of one layer, as a link sets it; `value` is text as it came."""

    layer: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class LinkKey:
    """A secret of one workspace. `until` ends the overlap after a rotation, in Unix seconds; None while it signs."""

    kid: str
    secret: str = field(repr=False)
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it was asked for. `parameters` are decoded, in canonical order, the signature left out."""

    template: str
    extension: str
    parameters: tuple[tuple[str, str], ...]
    signature: str | None = None
    kid: str | None = None
    expires: int | None = None

    @property
    def canonical(self) -> str:
        """What is signed: path and query, parameters sorted by name, each value encoded in the one way."""
        return _text(self.template, self.extension, self.parameters)

    @property
    def content(self) -> str:
        """What decides the picture: the canonical form without key id and expiry; the name of a cached answer."""
        kept = tuple(pair for pair in self.parameters if pair[0] not in ("kid", "expires"))
        return _text(self.template, self.extension, kept)

    @property
    def metadata(self) -> str:
        """The free text kept with the picture; empty where there is none."""
        return self.value("metadata") or ""

    @property
    def overrides(self) -> tuple[Override, ...]:
        """What the link sets, in its order; malformed elements are left out."""
        return parse_params(self.value("params") or "")

    def value(self, name: str) -> str | None:
        """The value of a parameter, or None."""
        return dict(self.parameters).get(name)


def parse_params(text: str) -> tuple[Override, ...]:
    """Elements `{layer}---{key}___{value}` joined by `<>`, decoded already; what is not of this form is ignored."""
    found = (_ELEMENT.fullmatch(element) for element in text.split("<>"))
    # Renaming a layer is not setting a property of it.
    return tuple(
        Override(each["layer"], each["key"], each["value"]) for each in found if each and each["key"] != "name"
    )


def format_params(overrides: Iterable[Override]) -> str:
    """The `params` value that sets these. Raises ValueError where the form cannot hold one."""
    kept = tuple(overrides)
    text = "<>".join(f"{each.layer}---{each.key}___{each.value}" for each in kept)
    if parse_params(text) != kept:
        raise ValueError("a layer's name or a value holds the marks that join them")
    return text


def parse_link(path: str, query: str) -> Link:
    """Read path and query as they stood in the request: bytes as UTF-8 (with `surrogateescape`), escapes undecoded.

    Raises LinkProblem `link_malformed`, `link_duplicate` or `link_too_long`. An expiry is read, not yet judged.
    """
    if len(path) + len(query) > LONGEST:
        raise problem("link_too_long", f"The link is longer than {LONGEST} characters.", "Shorten its values.")
    matched = _PATH.fullmatch(path)
    if matched is None:
        raise problem("link_malformed", "The path is not /links/{template}.{ext} in lower case.")
    pieces = query.split("&") if query else []
    if len(pieces) > MOST:
        raise problem("link_too_long", f"The link has more than {MOST} parameters.")
    parameters: dict[str, str] = {}
    for place, piece in enumerate(pieces, start=1):
        raw, equals, value = piece.partition("=")
        name = _decoded(raw, place)
        if not equals or not _NAME.fullmatch(name):
            raise problem(
                "link_malformed",
                f"Parameter {place} of the link is not name=value.",
                "Parameters are joined by single ampersands, with none at the end.",
            )
        if name in parameters:
            raise problem("link_duplicate", f"The link has {name!r} twice.", "Each parameter may be there once.")
        parameters[name] = _decoded(value, place)
    signature = parameters.pop("sig", None)
    kid = parameters.get("kid")
    if kid is not None and not _KID.fullmatch(kid):
        raise problem("link_malformed", "`kid` is not the id of a key.")
    expires = parameters.get("expires")
    if expires is not None and (not _EXPIRES.fullmatch(expires) or int(expires) > LATEST):
        raise problem("link_malformed", "`expires` is not a time.", "It is a whole number of Unix seconds, in digits.")
    return Link(
        matched[1],
        matched[2],
        tuple(sorted(parameters.items())),
        signature,
        kid,
        None if expires is None else int(expires),
    )


def sign(key: LinkKey, template: str, extension: str, parameters: Mapping[str, str]) -> str:
    """The path and query of a signed link; `expires`, if wanted, is among the parameters.

    Raises LinkProblem where no such link can be, ValueError where the parameters name `kid` or `sig` themselves.
    """
    if parameters.keys() & {"kid", "sig"}:
        raise ValueError("`kid` and `sig` are set by signing")
    ordered = tuple(sorted({**parameters, "kid": key.kid}.items()))
    text = _text(template, extension, ordered)
    link = parse_link(*text.split("?", 1))
    if link.parameters != ordered:
        raise problem("link_malformed", "A value cannot be written in a link.")
    return f"{text}&sig={signature(key.secret, text)}"


def signature(secret: str, canonical: str) -> str:
    """HMAC-SHA256 over the canonical form, in 64 lower-case hex digits; the key is the whole secret's text."""
    return hmac.new(secret.encode(), canonical.encode(), hashlib.sha256).hexdigest()


def verify(link: Link, keys: Iterable[LinkKey], now: float, *, must_expire: bool = False) -> None:
    """Let a signed link pass that one of these keys has signed and that has not expired.

    `keys` are those of the workspace that the template belongs to, and of no other; `now` is in Unix seconds.
    Raises LinkProblem `link_signature_missing`, `link_signature_invalid` (also for an unknown or ended key, which
    takes the same time), `link_expired`, and `link_expiry_missing` where `must_expire`.
    """
    if link.signature is None:
        raise problem(
            "link_signature_missing",
            "Links of this template have to be signed.",
            "Sign the link with a key of its workspace, or open the template's links.",
        )
    usable = {key.kid: key for key in keys if key.until is None or now < key.until}
    key = usable.get(link.kid or "")
    expected = signature(key.secret if key else "", link.canonical)
    # Compared even where the key is unknown, so that nobody learns from the time which keys exist.
    same = hmac.compare_digest(expected.encode(), link.signature.encode("utf-8", "surrogatepass"))
    if key is None or not same:
        raise problem(
            "link_signature_invalid",
            "The signature does not belong to this link.",
            "Sign the canonical form again with a key that has not ended.",
        )
    if link.expires is None:
        if must_expire:
            raise problem("link_expiry_missing", "Links of this template have to expire.", "Add `expires` and sign.")
    elif now >= link.expires:
        raise problem("link_expired", "The link has expired.", "Ask whoever sent it for a new one.")


def new_link_key() -> LinkKey:
    """A fresh key: an id of 8 characters, a secret of 238 bits. The secret is stored encrypted and shown once."""
    kid = secrets.token_hex(4)
    return LinkKey(kid, SECRET_PREFIX + "".join(secrets.choice(_BASE62) for _ in range(40)))


def _text(template: str, extension: str, parameters: Iterable[tuple[str, str]]) -> str:
    query = "&".join(f"{name}={_encoded(value)}" for name, value in parameters)
    return f"/links/{template}.{extension}?{query}"


def _encoded(value: str) -> str:
    # RFC 3986: unreserved characters stay, every other byte of the UTF-8 form is escaped in upper case.
    return quote(value, safe="")


def _decoded(text: str, place: int) -> str:
    """Decode once: `+` is a space, as in forms; letters that a careless client left unescaped are taken as UTF-8."""
    if _ESCAPE.search(text):
        raise problem("link_malformed", f"Parameter {place} of the link holds a broken escape.")
    data = text.replace("+", " ").encode("utf-8", "surrogateescape")
    try:
        decoded = re.sub(rb"%(..)", lambda found: bytes([int(found[1], 16)]), data).decode()
    except UnicodeDecodeError:
        raise problem("link_malformed", f"Parameter {place} of the link is not UTF-8.") from None
    if _CONTROL.search(decoded):
        raise problem("link_malformed", f"Parameter {place} of the link holds a control character.")
    return decoded
