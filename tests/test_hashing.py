"""Checksums are those of the standard."""

import pytest

from exacouple.errors import ExacoupleError
from exacouple.hashing import sha256_file


def test_sha256_of_the_standard_message(tmp_path):
    """FIPS 180-2 gives the digest of 'abc'."""
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_file(path) == expected


def test_missing_file_is_named(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(ExacoupleError, match="absent: No such file"):
        sha256_file(tmp_path / "absent")
