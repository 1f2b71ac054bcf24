"""Manifests are compared by what was asked for."""

from exacouple.cases.manifest import differences


def test_versions_and_output_hashes_do_not_count():
    """A case stays the same when a library was upgraded."""
    old = {"mesh": {"order": 2}, "versions": {"numpy": "1"}, "files": {"a": "0"}}
    new = {"mesh": {"order": 2}, "versions": {"numpy": "2"}}
    assert differences(old, new) == []


def test_differences_name_the_key_and_both_values():
    """Added, removed and changed entries are all found."""
    old = {"inputs": [{"name": "a.nc"}], "source": {"options": {"sigma_km": 1.0}}}
    new = {"inputs": [{"name": "b.nc"}], "source": {"options": {}}}
    assert differences(old, new) == [
        "inputs[0].name: a.nc there, b.nc asked for",
        "source.options.sigma_km: 1.0 there, nothing asked for",
    ]
