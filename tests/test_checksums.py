import hashlib
import json

import pytest

from drl4ser.checksums import check_seal, file_sha256, seal


def test_a_sealed_object_comes_back_also_through_json():
    values = {"b": [1, 2.5, None], "a": {"ä": "\u2028"}}
    assert check_seal(json.loads(json.dumps(seal(values), indent=3))) == values


def test_every_change_of_a_value_or_name_is_found():
    sealed = json.dumps(seal({"ua": 0.7031, "ids": ["a", "b"]}))
    for old, new in (("0.7031", "0.7131"), ('"a"', '"c"'), ('"ua"', '"ub"'), ('["a", "b"]', '["a"]')):
        with pytest.raises(ValueError, match="does not match its checksum"):
            check_seal(json.loads(sealed.replace(old, new)))


def test_objects_of_earlier_versions_have_no_seal():
    assert check_seal({"a": 1}) == {"a": 1}
    with pytest.raises(ValueError, match="not a JSON object"):
        check_seal([1])


def test_a_file_is_read_in_blocks(tmp_path, monkeypatch):
    content = bytes(range(256)) * 10
    (tmp_path / "f").write_bytes(content)
    monkeypatch.setattr("drl4ser.checksums._BLOCK_BYTES", 100)
    assert file_sha256(tmp_path / "f") == hashlib.sha256(content).hexdigest()
