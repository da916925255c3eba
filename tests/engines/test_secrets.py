"""Sealing: what is stored cannot be read without the key, and the key is made once and kept from others."""

import threading
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken

from yeastar_app.engines import secrets
from yeastar_app.settings import settings


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "data_dir", tmp_path / "data")
    monkeypatch.setattr(settings(), "secret_key", "")


def test_what_is_sealed_comes_back_and_is_not_readable(tmp_path: Path) -> None:
    sealed = secrets.seal("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in sealed
    assert len(sealed) <= 255
    assert secrets.unseal(sealed) == "JBSWY3DPEHPK3PXP"


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    sealed = secrets.seal("x")
    file = tmp_path / "data" / "secret.key"
    assert file.stat().st_mode & 0o777 == 0o600
    secrets._key.cache_clear()
    assert secrets.unseal(sealed) == "x"
    assert [entry.name for entry in file.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    keys: list[bytes] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        keys.append(secrets._kept(tmp_path / "fresh"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_another_key_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed, hashed = secrets.seal("x"), secrets.keyed_digest("123456")
    monkeypatch.setattr(settings(), "secret_key", "given by the deployment")
    with pytest.raises(InvalidToken):
        secrets.unseal(sealed)
    assert secrets.keyed_digest("123456") != hashed
    assert secrets.unseal(secrets.seal("x")) == "x"
