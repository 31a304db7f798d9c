"""Payloads of codes have the form that their standards give, and a wrong field is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.engine.payloads import KINDS, PayloadError, iban, payload


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        ("url", {"url": "tirage.example/a"}, "https://tirage.example/a"),
        ("url", {"url": "localhost:8080/a"}, "https://localhost:8080/a"),
        ("tel", {"number": "+49 (30) 1234-56"}, "tel:+4930123456"),
        ("sms", {"number": "+4930123456", "message": "Hi & bye"}, "sms:+4930123456?body=Hi%20%26%20bye"),
        ("mailto", {"to": "a+b@c.example", "subject": "Ü"}, "mailto:a%2Bb@c.example?subject=%C3%9C"),
        ("geo", {"latitude": "52.52", "longitude": "-13.405"}, "geo:52.52,-13.405"),
        ("wifi", {"ssid": 'a;b"c', "password": "p,q:r\\ssss"}, 'WIFI:T:WPA;S:a\\;b\\"c;P:p\\,q\\:r\\\\ssss;;'),
        ("wifi", {"ssid": "Open", "hidden": "true"}, "WIFI:T:nopass;S:Open;H:true;;"),
        (
            "vcard",
            {
                "firstName": "Ada",
                "lastName": "Lovelace, King",
                "email": "ada@x.example",
                "city": "London",
                "note": "a\nb",
            },
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lovelace\\, King;Ada;;;\r\nFN:Ada Lovelace\\, King\r\n"
            "EMAIL:ada@x.example\r\nADR:;;;London;;;\r\nNOTE:a\\nb\r\nEND:VCARD\r\n",
        ),
        (
            "vcard",
            {"name": "Ada", "version": "4.0", "mobile": "+44 20", "birthday": "1815-12-10"},
            'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ada\r\nTEL;VALUE=uri;TYPE="cell":tel:+4420\r\nBDAY:18151210\r\nEND:VCARD\r\n',
        ),
        (
            "epc",
            {"name": "Red Cross", "iban": "be72 0000 0000 1616", "amount": "1", "text": "Thanks", "bic": "BPOTBEB1"},
            "BCD\n002\n1\nSCT\nBPOTBEB1\nRed Cross\nBE72000000001616\nEUR1.00\n\n\nThanks",
        ),
    ],
)
def test_a_payload_has_the_form_of_its_standard(kind: str, fields: dict[str, str], text: str) -> None:
    """Signs with a meaning are escaped, numbers and addresses are brought into form."""
    assert payload(kind, fields) == text


def test_an_event_is_a_calendar() -> None:
    """Times with an offset become UTC; the last of whole days is included."""
    timed = payload("event", {"title": "Opening; all", "start": "2026-11-23T18:30+01:00", "end": "2026-11-23T20:00Z"})
    whole = payload("event", {"title": "Fair", "start": "2026-12-30", "end": "2026-12-31"})
    assert "DTSTART:20261123T173000Z\r\nDTEND:20261123T200000Z\r\nSUMMARY:Opening\\; all\r\n" in timed
    assert "DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270101\r\n" in whole
    assert "DTSTART:20261123T183000\r\n" in payload("event", {"title": "x", "start": "2026-11-23T18:30"})


@pytest.mark.parametrize(
    ("kind", "fields", "field", "says"),
    [
        ("wify", {}, "", "did you mean wifi"),
        ("wifi", {"sid": "x"}, "sid", "did you mean ssid"),
        ("wifi", {}, "ssid", "missing"),
        ("wifi", {"ssid": "ü" * 17}, "ssid", "34 bytes"),
        ("wifi", {"ssid": "x", "password": "short"}, "password", "8 to 63"),
        ("wifi", {"ssid": "x", "security": "WPA"}, "password", "missing"),
        ("wifi", {"ssid": "x", "security": "best"}, "security", "WEP"),
        ("url", {"url": "a b"}, "url", "web address"),
        ("tel", {"number": "call me"}, "number", "telephone"),
        ("mailto", {"to": "nobody"}, "to", "mail address"),
        ("geo", {"latitude": "91", "longitude": "0"}, "latitude", "-90 to 90"),
        ("vcard", {"email": "a@b.example"}, "name", "missing"),
        ("vcard", {"name": "x", "version": "2.1"}, "version", "3.0 or 4.0"),
        ("event", {"title": "x", "start": "soon"}, "start", "no date"),
        ("event", {"title": "x", "start": "2026-11-23", "end": "2026-11-22"}, "end", "before"),
        ("event", {"title": "x", "start": "2026-11-23", "end": "2026-11-23T10:00"}, "end", "both"),
        ("event", {"title": "x", "start": "2026-11-23T09:00", "end": "2026-11-23T10:00Z"}, "end", "offset"),
        ("epc", {"name": "x", "iban": "DE88370400440532013000"}, "iban", "must be 89"),
        ("epc", {"name": "x", "iban": "12"}, "iban", "not an IBAN"),
        ("epc", {"name": "x", "iban": "DE89370400440532013000", "amount": "0.001"}, "amount", "0.01"),
        ("epc", {"name": "x", "iban": "DE89370400440532013000", "amount": "NaN"}, "amount", "0.01"),
        ("epc", {"name": "x", "iban": "DE89370400440532013000", "reference": "RF17539007547034"}, "reference", "wrong"),
        ("epc", {"name": "x" * 71, "iban": "DE89370400440532013000"}, "name", "at most 70"),
    ],
)
def test_a_wrong_field_is_named(kind: str, fields: dict[str, str], field: str, says: str) -> None:
    """The error says which field it is and what it should be."""
    with pytest.raises(PayloadError, match=says) as caught:
        payload(kind, fields)
    assert caught.value.field == field


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=11, max_size=30))
def test_an_iban_with_the_check_digits_that_the_error_names_is_right(body: str) -> None:
    """Whatever the account number is."""
    try:
        iban(f"DE00{body}")
    except PayloadError as error:
        assert iban(f"DE{str(error)[-3:-1]}{body}") == f"DE{str(error)[-3:-1]}{body}"


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_any_fields_are_a_payload_or_our_own_error(kind: str, data: st.DataObject) -> None:
    """Whatever a row brings."""
    names = st.sampled_from(KINDS[kind].fields)
    fields = data.draw(st.dictionaries(names, st.text(max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\d", fullmatch=True)))
    try:
        assert payload(kind, fields)
    except PayloadError as error:
        assert error.field in KINDS[kind].fields
