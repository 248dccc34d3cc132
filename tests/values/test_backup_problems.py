"""Refusals of backups that could not be made, or that nobody could read, each in full."""

from base64 import b64encode
from typing import Any

import pytest

from harness.chart import render
from harness.helm_template import RenderError
from tests.values.looking import SERVER, claim, look, named, secret
from tests.values.looking import problems as problems_there
from tests.values.test_problems import problems

PASSWORD = f"{SERVER}-backup-secret"
CLAIM = f"{SERVER}-backup-pvc"
S3 = {"type": "s3", "s3": {"endpoint": "https://store.example.com", "bucket": "backups"}}


def repository(**values: object) -> dict[str, Any]:
    return {"backup": {"repository": values}}


def kept(password: str) -> dict[str, Any]:
    """The repository's password as an earlier release left it."""
    return named("Secret", PASSWORD, data={"password": b64encode(password.encode()).decode()})


@pytest.mark.parametrize(("kind", "keys"), [("s3", ("endpoint", "bucket")), ("azure", ("account", "container"))])
def test_where_the_backups_are_must_be_said_in_full(kind: str, keys: tuple[str, str]) -> None:
    assert problems(repository(type=kind)) == [
        f"backup.repository.{kind}.{key}: empty, and backup.repository.type is {kind}; say which {key} the backups are in"
        for key in keys
    ]
    assert look(repository(type=kind) | {"backup": {"enabled": False}}), "nothing of it is used"


def test_a_password_of_the_repository_beside_the_secret_that_holds_it_is_refused() -> None:
    assert problems(repository(password="x", passwordSecret="mine")) == [
        "backup.repository.password: given, but backup.repository.passwordSecret takes it from the Secret mine; "
        "remove the one or the other"
    ]


def test_a_claim_for_the_backups_that_is_not_there_is_refused() -> None:
    values = repository(volume={"existingClaim": "mine"})
    assert problems_there(values) == [
        "backup.repository.volume.existingClaim: no PersistentVolumeClaim mine in namespace phonebill-dev; create it first"
    ]
    assert look(values, claim("mine"))


@pytest.mark.parametrize("size", ["19.5Gi", "21Gi"])
def test_another_size_than_that_of_the_claim_of_the_backups_is_refused_with_how_it_grows(size: str) -> None:
    values = repository(volume={"size": size})
    patch = f'{{"spec":{{"resources":{{"requests":{{"storage":"{size}"}}}}}}}}'
    assert problems_there(values, claim(CLAIM)) == [
        f"backup.repository.volume.size: {size}, but the claim {CLAIM} has 20Gi; set it to that, or let the claim grow first: "
        f"kubectl patch pvc -n phonebill-dev {CLAIM} -p '{patch}'"
    ]
    assert look(values, claim(CLAIM, resources={"requests": {"storage": size}}))
    assert look(values | repository(volume={"size": size, "existingClaim": "mine"}), claim("mine")), "it is its owner's"


@pytest.mark.parametrize(("objects", "found"), [
    ([], "no Secret mine in namespace phonebill-dev; create it first, with the key words"),
    ([secret("mine", "b", "a")], "the Secret mine has no key words; its keys are: a, b"),
], ids=["no Secret", "no key"])  # fmt: skip
def test_a_secret_without_the_repositorys_password_is_refused(objects: list[dict[str, Any]], found: str) -> None:
    values = repository(passwordSecret="mine", passwordSecretKey="words")
    assert problems_there(values, *objects) == [f"backup.repository.passwordSecret: {found}"]
    assert look(values, secret("mine", "words"))


def test_a_password_that_would_lock_the_backups_made_so_far_is_refused() -> None:
    assert problems_there(repository(password="new"), kept("old")) == [
        f"backup.repository.password: not the one in the Secret {PASSWORD}, without which the backups made so far cannot be "
        "read; leave the value empty, or give that one"
    ]
    assert look(repository(password="old"), kept("old"))


def test_a_secret_of_the_store_that_is_not_there_is_refused() -> None:
    values = repository(**S3, existingSecret="keys")
    assert problems_there(values) == [
        "backup.repository.existingSecret: no Secret keys in namespace phonebill-dev; create it first, with the store's keys"
    ]
    assert look(values, secret("keys", "AWS_ACCESS_KEY_ID"))


def test_a_backup_before_the_upgrade_that_brings_backups_is_refused() -> None:
    values = {"backup": {"beforeUpgrade": True}}
    assert problems_there(values, upgrade=True) == [
        "backup.beforeUpgrade: this release makes no backups yet, and an upgrade would not begin without one; "
        "run this upgrade with backup.beforeUpgrade=false"
    ]
    assert look(values, named("ConfigMap", "bill-inquiry-backup-script"), upgrade=True)
    assert look(values), "an installation has nothing to back up"


def test_a_restore_without_backups_is_refused() -> None:
    assert problems({"restore": {"from": "latest"}, "backup": {"enabled": False}}) == [
        "restore.from: latest, but backup.enabled is false, and nothing says where the backups are; set backup.enabled=true"
    ]


def test_a_restore_from_a_repository_that_the_installation_itself_would_make_is_refused() -> None:
    values = {"restore": {"from": "latest"}}
    assert problems_there(values) == [
        f"restore.from: latest, but there is no claim {CLAIM}, where the backups would be; set "
        "backup.repository.volume.existingClaim to the one that has them, or backup.repository.type to their store",
        "restore.from: latest, but the password that the backups were made with is not given; give "
        "backup.repository.passwordSecret or backup.repository.password",
    ]
    assert look(values, claim(CLAIM), kept("x"))
    assert look(values | repository(password="x"), claim(CLAIM))


@pytest.mark.parametrize("start", ["yesterday", "abc", "2026-11", "2026-11-30 14", "latest; x"])
def test_a_restore_from_what_is_no_backup_is_refused(start: str) -> None:
    with pytest.raises(RenderError, match="restore/from"):
        render({"restore": {"from": start}})
