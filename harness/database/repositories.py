"""A restic repository that opens at once, for the tests of what is done with backups rather than of how they are locked.

restic derives a key from the password with scrypt, which is meant to take its time: a fifth of a second of a processor for each
command, and a restore has six. Here the same master key is locked with the same password and scrypt's least work. The format of a
key file is that of restic's design document, "Keys, Encryption and MAC".
"""

import json
import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.poly1305 import Poly1305

from harness import paths
from harness.database.servers import REPOSITORY_PASSWORD, USER

LEAST = {"N": 2, "r": 8, "p": 1}


def make(folder: Path) -> None:
    """Make an empty repository there, which the user of the servers' containers owns."""
    shutil.copytree(_first().name, folder)
    for place, _, files in os.walk(folder):
        for name in (".", *files):
            os.chown(Path(place) / name, USER, USER)


@cache
def _first() -> "TemporaryDirectory[str]":
    """What the others are copies of; it goes with the process."""
    made = TemporaryDirectory(prefix="billdb-repository-")
    folder = Path(made.name)
    environment = os.environ | {"RESTIC_REPOSITORY": str(folder), "RESTIC_PASSWORD": REPOSITORY_PASSWORD}
    subprocess.run([paths.BIN / "restic", "init", "--quiet", "--no-cache"], check=True, env=environment)
    [old] = (folder / "keys").iterdir()
    key = json.loads(old.read_text())
    master = _opened(b64decode(key["data"]), _derived(key))
    key |= LEAST
    key["data"] = b64encode(_locked(master, _derived(key))).decode()
    text = json.dumps(key).encode()
    old.unlink()
    (folder / "keys" / sha256(text).hexdigest()).write_bytes(text)
    return made


def _derived(key: dict[str, int | str]) -> bytes:
    kdf = Scrypt(salt=b64decode(str(key["salt"])), length=64, n=int(key["N"]), r=int(key["r"]), p=int(key["p"]))
    return kdf.derive(REPOSITORY_PASSWORD.encode())


def _opened(data: bytes, key: bytes) -> bytes:
    nonce, text, tag = data[:16], data[16:-16], data[-16:]
    if _tag(text, nonce, key) != tag:
        raise InvalidSignature("restic's key file is not in the format that this module knows")
    return _counted(text, nonce, key)


def _locked(master: bytes, key: bytes) -> bytes:
    nonce = os.urandom(16)
    text = _counted(master, nonce, key)
    return nonce + text + _tag(text, nonce, key)


def _counted(text: bytes, nonce: bytes, key: bytes) -> bytes:
    """AES-256 in counter mode, which is its own inverse."""
    cipher = Cipher(algorithms.AES256(key[:32]), modes.CTR(nonce)).encryptor()
    return cipher.update(text) + cipher.finalize()


def _tag(text: bytes, nonce: bytes, key: bytes) -> bytes:
    """Poly1305-AES: the one-time key is r, and the nonce encrypted with k."""
    k, r = key[32:48], key[48:]
    one_time = Cipher(algorithms.AES128(k), modes.ECB()).encryptor().update(nonce)
    return Poly1305.generate_tag(r + one_time, text)
