"""Sealed secrets and the keys of links."""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.db.fixtures import NOON, Tenant

from tirage.db.connect import Database
from tirage.store import link_keys
from tirage.store.errors import Invalid, NotFound
from tirage.store.vault import VAULT_FILE, Vault

VAULT = Vault(bytes(range(32)))


@given(st.binary(max_size=100), st.lists(st.text(max_size=5), max_size=3), st.lists(st.text(max_size=5), max_size=3))
def test_a_sealed_secret_opens_at_its_place_only(plain: bytes, place: list[str], other: list[str]) -> None:
    """It opens where it was sealed, nowhere else, and twice sealed it looks different."""
    sealed = VAULT.seal(plain, *place)
    assert VAULT.open(sealed, *place) == plain
    assert VAULT.seal(plain, *place) != sealed
    if other != place:
        with pytest.raises(Invalid):
            VAULT.open(sealed, *other)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_an_altered_secret_does_not_open(place: int, change: int) -> None:
    """Any changed byte, a cut or an empty value is refused, with the remedy."""
    sealed = bytearray(VAULT.seal(b"whsec", "hooks"))
    cut = bytes(sealed[: place % len(sealed)])
    sealed[place % len(sealed)] ^= change
    for wrong in (bytes(sealed), cut):
        with pytest.raises(Invalid, match=r"secret\.key"):
            VAULT.open(wrong, "hooks")


def test_purposes_give_different_keys() -> None:
    """Derived keys depend on purpose and secret, and come out the same every time."""
    assert VAULT.derive("a") == Vault(bytes(range(32))).derive("a")
    assert len({VAULT.derive("a"), VAULT.derive("b"), Vault(bytes(32)).derive("a")}) == 3


def test_a_data_folder_has_one_secret(tmp_path: Path) -> None:
    """Many first starts at once agree on one secret, which only the owner may read and no draft of which is left."""
    with ThreadPoolExecutor(8) as threads:
        derived = set(threads.map(lambda _: Vault.of_folder(tmp_path).derive("a"), range(16)))
    assert len(derived) == 1
    assert [path.name for path in tmp_path.iterdir()] == [VAULT_FILE]
    assert (tmp_path / VAULT_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "short", "ü" * 44, base64.b64encode(bytes(31)).decode(), "*" * 44])
def test_a_setting_that_is_no_secret_is_refused(text: str) -> None:
    """A secret has 32 bytes in base 64; the message says how to make one and does not repeat it."""
    with pytest.raises(Invalid, match="openssl rand") as refusal:
        Vault.of_text(text)
    assert refusal.value.code == "secret_invalid"
    assert len(text) < 6 or text not in str(refusal.value)
    assert Vault.of_text(base64.b64encode(bytes(32)).decode() + "\n").derive("a") == Vault(bytes(32)).derive("a")


@pytest.mark.anyio
@pytest.mark.check(157)
async def test_link_keys_rotate_and_end(database: Database, alice: Tenant, bob: Tenant) -> None:
    """The old key verifies during the overlap, a revoked one not at all, another workspace's never."""
    async with database.workspace(alice.id) as tx:
        first = await link_keys.present(tx, VAULT, NOON)
        assert await link_keys.present(tx, VAULT, NOON) == first
        second = await link_keys.rotate(tx, VAULT, NOON, overlap=timedelta(hours=1))
        assert await link_keys.present(tx, VAULT, NOON) == second and second.secret != first.secret
        before, after = NOON + timedelta(minutes=59), NOON + timedelta(hours=1)
        old = await link_keys.verifying(tx, VAULT, first.kid, before)
        assert old is not None and old.secret == first.secret
        assert await link_keys.verifying(tx, VAULT, first.kid, after) is None
        assert await link_keys.verifying(tx, VAULT, "../" + second.kid, NOON) is None
        assert [each.kid for each in await link_keys.list_keys(tx, VAULT)].count(first.kid) == 1
        await link_keys.revoke(tx, second.kid, NOON)
        assert await link_keys.verifying(tx, VAULT, second.kid, NOON) is None
        third = await link_keys.present(tx, VAULT, NOON)
        assert third.kid not in (first.kid, second.kid)
        row = await tx.value("SELECT link_keys::text FROM link_keys WHERE kid = %(kid)s", kid=third.kid)
        assert third.secret.hex() not in row and third.secret.hex() not in repr(third)
        with pytest.raises(NotFound, match="no link key"):
            await link_keys.revoke(tx, "0000000000", NOON)
    async with database.workspace(bob.id) as tx:
        assert await link_keys.verifying(tx, VAULT, third.kid, NOON) is None
        with pytest.raises(NotFound):
            await link_keys.revoke(tx, third.kid, NOON)


@pytest.mark.anyio
async def test_one_present_key_however_many_ask(database: Database, alice: Tenant) -> None:
    """The first links of a workspace, signed at the same time, share one key."""

    async def present() -> str:
        async with database.workspace(alice.id) as tx:
            return (await link_keys.present(tx, VAULT, NOON)).kid

    assert len(set(await asyncio.gather(*(present() for _ in range(8))))) == 1
