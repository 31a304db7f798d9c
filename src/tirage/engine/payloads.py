"""Fields such as a network's name and password → the text that scanners understand in a code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches


class PayloadError(ValueError):
    """A field that the payload cannot be made of; the message names it. `field` is empty for an unknown kind."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of payload: the field that a plain text stands for, all its fields, what makes the text of them."""

    main: str
    fields: tuple[str, ...]
    work: Callable[[Fields], str]


def payload(kind: str, fields: Mapping[str, str]) -> str:
    """The text of a code of that kind, such as `WIFI:T:WPA;S:Guests;P:…;;`. Raises PayloadError.

    Fields are named in camelCase; empty ones count as absent.
    """
    known = KINDS.get(kind)
    if known is None:
        raise PayloadError("", f"There is no payload {kind[:40]!r}{_near(kind, tuple(KINDS))} There are {_all(KINDS)}.")
    for name in fields:
        if name not in known.fields:
            raise PayloadError(
                name,
                f"{kind} has no field {name[:40]!r}{_near(name, known.fields)} It has {_all(known.fields)}.",
            )
    return known.work({name: text.strip() for name, text in fields.items() if text.strip()})


def _near(name: str, names: tuple[str, ...]) -> str:
    found = get_close_matches(name[:40], names, n=1, cutoff=0.5)
    return f"; did you mean {found[0]}?" if found else "."


def _all(names: Mapping[str, Kind] | tuple[str, ...]) -> str:
    return ", ".join(names)


def _need(fields: Fields, name: str) -> str:
    if name not in fields:
        raise PayloadError(name, f"The field {name} is missing.")
    return fields[name]


def _short(fields: Fields, name: str, most: int) -> str:
    text = fields.get(name, "")
    if len(text) > most:
        raise PayloadError(name, f"The field {name} has {len(text)} characters; at most {most} are allowed.")
    if "\n" in text or "\r" in text:
        raise PayloadError(name, f"The field {name} must be a single line.")
    return text


def _escaped(text: str, signs: str) -> str:
    return "".join("\\" + sign if sign in signs else sign for sign in text)


def _content(text: str) -> str:
    """A value of vCard and iCalendar (RFC 6350, 3.4; RFC 5545, 3.3.11)."""
    return _escaped(text, "\\;,").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _encoded(text: str) -> str:
    """All but the unreserved characters of RFC 3986, 2.3, as UTF-8 in percent signs."""
    plain = "-._~"
    return "".join(
        chr(byte) if byte < 128 and (chr(byte).isalnum() or chr(byte) in plain) else f"%{byte:02X}"
        for byte in text.encode("utf-8", "replace")
    )


def _address(fields: Fields, name: str) -> str:
    text = fields[name]
    if not re.fullmatch(r"[^\s@<>\"(),:;\\\[\]]+@[^\s@<>\"(),:;\\\[\]]+", text) or len(text) > 254:
        raise PayloadError(name, f"The field {name} is not a mail address: {text[:60]!r}.")
    return text


def _number(fields: Fields, name: str) -> str:
    """A telephone number without its visual separators (RFC 3966, 5.1.1)."""
    text = re.sub(r"[\s().\-/\u2010-\u2015]", "", fields[name])
    if not re.fullmatch(r"\+?[0-9*#]{1,20}", text):
        raise PayloadError(name, f"The field {name} is not a telephone number: {fields[name][:40]!r}.")
    return text


def _web(fields: Fields, name: str) -> str:
    text = fields[name]
    if not re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:(?!\d+(/|$))", text):
        text = f"https://{text}"
    if re.search(r"\s", text) or text.endswith("://"):
        raise PayloadError(name, f"The field {name} is not a web address: {fields[name][:60]!r}.")
    return text


def _url(fields: Fields) -> str:
    _need(fields, "url")
    return _web(fields, "url")


def _tel(fields: Fields) -> str:
    _need(fields, "number")
    return f"tel:{_number(fields, 'number')}"


def _sms(fields: Fields) -> str:
    """RFC 5724."""
    _need(fields, "number")
    text = f"?body={_encoded(fields['message'])}" if "message" in fields else ""
    return f"sms:{_number(fields, 'number')}{text}"


def _mailto(fields: Fields) -> str:
    """RFC 6068."""
    _need(fields, "to")
    more = [f"cc={_encoded(_address(fields, 'cc'))}"] if "cc" in fields else []
    more += [f"{name}={_encoded(fields[name])}" for name in ("subject", "body") if name in fields]
    local, _, domain = _address(fields, "to").rpartition("@")
    return f"mailto:{_encoded(local)}@{domain}" + ("?" + "&".join(more) if more else "")


def _geo(fields: Fields) -> str:
    """RFC 5870: degrees of WGS 84."""
    found = []
    for name, most in (("latitude", 90), ("longitude", 180)):
        text = _need(fields, name)
        if not re.fullmatch(r"-?\d{1,3}(\.\d{1,15})?", text) or abs(float(text)) > most:
            raise PayloadError(
                name, f"The field {name} must be a number of degrees from -{most} to {most}: {text[:20]!r}."
            )
        found.append(text)
    return "geo:" + ",".join(found)


def _wifi(fields: Fields) -> str:
    """The form of ZXing, which the Wi-Fi Alliance took over (WPA3 Specification, 7.1)."""
    name = _need(fields, "ssid")
    if len(name.encode()) > 32:
        raise PayloadError("ssid", f"The field ssid has {len(name.encode())} bytes; IEEE 802.11 allows 32.")
    password = fields.get("password", "")
    security = fields.get("security", "WPA" if password else "nopass")
    kinds = {
        "wpa": "WPA",
        "wpa2": "WPA",
        "wpa3": "WPA",
        "sae": "SAE",
        "wep": "WEP",
        "nopass": "nopass",
        "none": "nopass",
    }
    kind = kinds.get(security.lower())
    if kind is None:
        raise PayloadError("security", f"The field security is WPA, SAE, WEP or nopass, not {security[:20]!r}.")
    if kind != "nopass" and not password:
        raise PayloadError("password", f"The field password is missing; {kind} needs one.")
    if kind == "WPA" and not (8 <= len(password) <= 63 or re.fullmatch(r"[0-9A-Fa-f]{64}", password)):
        raise PayloadError("password", f"The field password has {len(password)} characters; WPA takes 8 to 63.")
    hidden = fields.get("hidden", "").lower() in ("true", "1", "yes")
    signs = '\\;,":'
    parts = [f"T:{kind}", f"S:{_escaped(name, signs)}"]
    if kind != "nopass":
        parts.append(f"P:{_escaped(password, signs)}")
    if hidden:
        parts.append("H:true")
    return "WIFI:" + ";".join(parts) + ";;"


def _vcard(fields: Fields) -> str:
    """RFC 2426 (3.0, which all scanners read) or RFC 6350 (4.0), unfolded: every byte makes a code denser."""
    version = fields.get("version", "3.0")
    if version not in ("3.0", "4.0"):
        raise PayloadError("version", f"The field version is 3.0 or 4.0, not {version[:10]!r}.")
    first, last = fields.get("firstName", ""), fields.get("lastName", "")
    whole = fields.get("name") or " ".join(filter(None, (first, last))) or fields.get("organization", "")
    if not whole:
        raise PayloadError("name", "The field name is missing; firstName and lastName or organization do as well.")
    lines = ["BEGIN:VCARD", f"VERSION:{version}"]
    if version == "3.0" or first or last:  # N is required by RFC 2426 only
        lines.append(f"N:{_content(last or ('' if first else whole))};{_content(first)};;;")
    lines.append(f"FN:{_content(whole)}")
    for key, name in (("ORG", "organization"), ("TITLE", "title")):
        if name in fields:
            lines.append(f"{key}:{_content(fields[name])}")
    for kind, name in (("WORK,VOICE", "phone"), ("CELL", "mobile")):
        if name in fields:
            uri = f'TEL;VALUE=uri;TYPE="{kind.lower()}":tel:' if version == "4.0" else f"TEL;TYPE={kind}:"
            lines.append(uri + _number(fields, name))
    if "email" in fields:
        lines.append(f"EMAIL:{_content(_address(fields, 'email'))}")
    if "url" in fields:
        lines.append(f"URL:{_web(fields, 'url')}")
    place = [_content(fields.get(name, "")) for name in ("street", "city", "region", "postalCode", "country")]
    if any(place):
        lines.append("ADR:;;" + ";".join(place))
    if "birthday" in fields:
        born = _moment(fields, "birthday")
        lines.append(f"BDAY:{born:%Y%m%d}" if version == "4.0" else f"BDAY:{born:%Y-%m-%d}")
    if "note" in fields:
        lines.append(f"NOTE:{_content(fields['note'])}")
    return "\r\n".join((*lines, "END:VCARD", ""))


def _event(fields: Fields) -> str:
    """RFC 5545, one VEVENT. Times with an offset become UTC, others mean the reader's own time; dates, whole days."""
    title, begin = _need(fields, "title"), None
    _need(fields, "start")
    begin = _moment(fields, "start")
    end = _moment(fields, "end") if "end" in fields else None
    if end is not None:
        if isinstance(end, datetime) != isinstance(begin, datetime):
            raise PayloadError("end", "The fields start and end must both be dates, or both have a time.")
        zoned = [each.tzinfo is not None for each in (begin, end) if isinstance(each, datetime)]
        if len(set(zoned)) > 1:
            raise PayloadError("end", "The fields start and end must both have an offset from UTC, or neither.")
        if end < begin:
            raise PayloadError("end", f"The field end ({fields['end']}) lies before start ({fields['start']}).")
        if not isinstance(end, datetime):
            end += timedelta(days=1)  # DTEND is the first day after (3.6.1)
    stamp = begin if isinstance(begin, datetime) else datetime(begin.year, begin.month, begin.day)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tirage//EN", "BEGIN:VEVENT"]
    # UID and DTSTAMP are required (3.6.1); from the content, so that equal fields give an equal code.
    unique = hashlib.sha256("\n".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()).hexdigest()[:16]
    lines += [f"UID:{unique}", f"DTSTAMP:{_utc(stamp)}", f"DTSTART{_when(begin)}"]
    if end is not None:
        lines.append(f"DTEND{_when(end)}")
    lines.append(f"SUMMARY:{_content(title)}")
    for key, name in (("LOCATION", "location"), ("DESCRIPTION", "description")):
        if name in fields:
            lines.append(f"{key}:{_content(fields[name])}")
    if "url" in fields:
        lines.append(f"URL:{_web(fields, 'url')}")
    return "\r\n".join((*lines, "END:VEVENT", "END:VCALENDAR", ""))


def _moment(fields: Fields, name: str) -> date:
    """A date, or a datetime where there is a time of day."""
    text = fields[name]
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        example = "2026-11-23 or 2026-11-23T18:30+01:00"
        raise PayloadError(name, f"The field {name} is no date such as {example}: {text[:40]!r}.") from None


def _utc(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}Z"


def _when(moment: date) -> str:
    if not isinstance(moment, datetime):
        return f";VALUE=DATE:{moment:%Y%m%d}"
    return f":{_utc(moment)}" if moment.tzinfo is not None else f":{moment:%Y%m%dT%H%M%S}"


def _epc(fields: Fields) -> str:
    """EPC069-12 v3.0: a SEPA credit transfer, version 002 in UTF-8."""
    name = _short(fields, "name", 70)
    if not name:
        raise PayloadError("name", "The field name is missing.")
    number = iban(_need(fields, "iban"))
    bic = fields.get("bic", "").replace(" ", "").upper()
    if bic and not re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", bic):
        raise PayloadError("bic", f"The field bic has 8 or 11 letters and digits, such as DEUTDEFF: {bic[:20]!r}.")
    purpose = fields.get("purpose", "").upper()
    if purpose and not re.fullmatch(r"[A-Z0-9]{1,4}", purpose):
        raise PayloadError("purpose", f"The field purpose has at most four letters, such as SALA: {purpose[:20]!r}.")
    reference, text = _short(fields, "reference", 35).replace(" ", ""), _short(fields, "text", 140)
    if reference and text:
        raise PayloadError("text", "Only one of the fields reference and text can be given.")
    if reference.upper().startswith("RF") and _mod97(reference.upper()) != 1:
        raise PayloadError("reference", f"The check digits of the reference {reference} are wrong (ISO 11649).")
    lines = ["BCD", "002", "1", "SCT", bic, name, number, _amount(fields), purpose, reference, text]
    lines.append(_short(fields, "information", 70))
    made = "\n".join(lines).rstrip("\n")
    if len(made.encode()) > 331:
        raise PayloadError(
            "text", f"The payment has {len(made.encode())} bytes; 331 are allowed. Shorten text or name."
        )
    return made


def _amount(fields: Fields) -> str:
    if "amount" not in fields:
        return ""
    text = fields["amount"]
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    whole = amount.is_finite() and Decimal("0.01") <= amount <= Decimal("999999999.99")
    if not whole or amount != round(amount, 2):
        raise PayloadError(
            "amount", f"The field amount is 0.01 to 999999999.99 with two decimals at most: {text[:20]!r}."
        )
    return f"EUR{amount:.2f}"


def iban(text: str) -> str:
    """An IBAN without blanks, its check digits verified (ISO 13616). Raises PayloadError naming the right ones."""
    number = re.sub(r"\s", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", number, re.ASCII):
        raise PayloadError("iban", f"The field iban is not an IBAN: {text[:40]!r}.")
    right = f"{98 - _mod97(number[:2] + '00' + number[4:]):02d}"
    if number[2:4] != right:
        raise PayloadError("iban", f"The check digits of the IBAN {number} are {number[2:4]}, but must be {right}.")
    return number


def _mod97(number: str) -> int:
    """ISO 7064, MOD 97-10, over the number with its first four characters at its end, letters as 10 to 35."""
    if not re.fullmatch(r"[A-Z0-9]+", number, re.ASCII):
        return 0
    return int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4]) or "0") % 97


KINDS: dict[str, Kind] = {
    "url": Kind("url", ("url",), _url),
    "tel": Kind("number", ("number",), _tel),
    "sms": Kind("number", ("number", "message"), _sms),
    "mailto": Kind("to", ("to", "cc", "subject", "body"), _mailto),
    "geo": Kind("latitude", ("latitude", "longitude"), _geo),
    "wifi": Kind("ssid", ("ssid", "password", "security", "hidden"), _wifi),
    "vcard": Kind(
        "name",
        ("name", "firstName", "lastName", "organization", "title", "phone", "mobile", "email", "url", "street", "city",
         "region", "postalCode", "country", "birthday", "note", "version"),
        _vcard,
    ),
    "event": Kind("title", ("title", "start", "end", "location", "description", "url"), _event),
    "epc": Kind(
        "iban", ("name", "iban", "bic", "amount", "reference", "text", "purpose", "information"), _epc
    ),
}  # fmt: skip
"""What a code can hold beside plain text."""
