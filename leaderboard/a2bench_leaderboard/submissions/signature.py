"""Signing a manifest with Ed25519 (RFC 8032), by the package `cryptography`: who has the key has packed this."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from a2bench.assets.extras import install_line
from a2bench.base.files import check_outside_of_runs
from a2bench.base.hashing import canonical_json
from a2bench.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "Ed25519"
CONTEXT = b"a2bench submission 1\n"
"""Stands before what is signed, so that a signature is good for nothing else."""


def write_key(path: Path) -> str:
    """Make a private key (PEM, readable by its owner only) and return the public one, 64 hex digits.

    Raises:
        InputError: the file is there already, or cannot be written.
    """
    _need_cryptography()
    check_outside_of_runs(path)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise InputError(f"{path} is there already; a key is never replaced, choose another file") from None
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
    return key.public_key().public_bytes_raw().hex()


def read_key(path: Path) -> "Ed25519PrivateKey":
    """A private key from its PEM file, of `a2bench submit key` or of OpenSSL.

    Raises:
        InputError: no such file, or no such key.
    """
    _need_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise InputError(f"cannot read the key {path}: {error.strerror or error}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(
            f"{path} is no private {ALGORITHM} key without a password; `a2bench submit key FILE` makes one"
        )
    return key


def signature_bytes(manifest: bytes, key: "Ed25519PrivateKey") -> bytes:
    """The file ``submission.sig`` for these bytes of a manifest; equal bytes and key give an equal file."""
    return _document(key.public_key().public_bytes_raw(), key.sign(CONTEXT + manifest))


def _document(public: bytes, signature: bytes) -> bytes:
    document = {"algorithm": ALGORITHM, "public_key": public.hex(), "signature": signature.hex()}
    return (canonical_json(document) + "\n").encode()


def signer(manifest: bytes, signature: bytes) -> str | None:
    """The public key, 64 hex digits, whose owner signed these bytes; None when nobody did.

    Raises:
        InputError: the package `cryptography` is not here.
    """
    _need_cryptography()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        document = json.loads(signature)
        public, signed = bytes.fromhex(document["public_key"]), bytes.fromhex(document["signature"])
        if signature != _document(public, signed):
            return None
        Ed25519PublicKey.from_public_bytes(public).verify(signed, CONTEXT + manifest)
    except (ValueError, TypeError, KeyError, RecursionError, InvalidSignature):
        return None
    return public.hex()


def _need_cryptography() -> None:
    from importlib.util import find_spec

    if find_spec("cryptography") is None:
        raise InputError(f"signatures need cryptography; type `{install_line('leaderboard')}`")
