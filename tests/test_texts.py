"""Whatever a small text file holds, reading it gives tables or one short line."""

from __future__ import annotations

import pytest

from sor_opt.errors import DataError
from sor_opt.texts import MAX_BYTES, parse_json, parse_toml, read_text

BROKEN = {
    "toml": [
        ("a = [", "is not TOML: Invalid value"),
        ("a = 1\na = 2", "is not TOML: Cannot overwrite a value"),
        ("a = " + "1" * 5_000, "holds a whole number that is too long"),
        ("a = 0x" + "f" * 5_000, "holds a whole number that is too long"),
        ("a = 9223372036854775808", "holds a whole number that is too long"),
        ("a = " + "[" * 100_000, "is nested too deeply"),
        ("a = " + "{b = " * 5_000, "is nested too deeply"),
        ("a = " + "[" * 33 + "]" * 33, "is nested too deeply"),
        (".".join(["a"] * 300_000) + " = 1", "is nested too deeply"),
        (".".join(['"a b"'] * 300_000) + " = 1", "is nested too deeply"),
        ("[" + " . ".join(["1"] * 300_000) + "]", "is nested too deeply"),
    ],
    "json": [
        ("{", "is not JSON: Expecting property name enclosed in double quotes"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "is not JSON: the key 'c' repeats"),
        ("[1]", r"must be a JSON table of keys, got \[1\]"),
        ('{"a": ' + "1" * 5_000 + "}", "holds a whole number that is too long"),
        ('{"a": -9223372036854775809}', "holds a whole number that is too long"),
        ('{"a": ' + "[" * 100_000, "is nested too deeply"),
        ('{"a": ' * 33 + "1" + "}" * 33, "is nested too deeply"),
    ],
}
PARSERS = {"toml": parse_toml, "json": parse_json}


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [(kind, *case) for kind, cases in BROKEN.items() for case in cases],
    ids=lambda value: value[:24],
)
def test_what_cannot_be_read_is_one_line_that_names_the_file(kind, text, message):
    with pytest.raises(DataError, match=f"^book: {message}") as caught:
        PARSERS[kind](text, "book")
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_what_can_be_read_is():
    deep = "[" * 31 + "]" * 31
    assert parse_toml(f"a = {deep}\nb.c = 9223372036854775807", "f")["b"] == {"c": 2**63 - 1}
    assert parse_json('{"a": ' + deep + ', "b": [1.5, "x", null]}', "f")["b"] == [1.5, "x", None]
    numbers = ", ".join(["1.25"] * 1_000)
    assert len(parse_toml(f'a = [{numbers}]\nb = "{"e.g. this, " * 50}"', "f")["a"]) == 1_000


def test_a_text_is_read_without_its_byte_order_mark(tmp_path):
    file = tmp_path / "book"
    file.write_bytes("\ufeffa = 1".encode())
    assert read_text(file, "a file") == "a = 1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "cannot be read: it is not text; give a TOML file"),
        (b"#" * (MAX_BYTES + 1), "is larger than 10,000,000 bytes; give a TOML file"),
        ("é".encode() * (MAX_BYTES // 2) + b"..", "is larger than 10,000,000 bytes;"),
    ],
)
def test_what_is_no_text_or_too_much_of_it_is_refused(tmp_path, content, message):
    file = tmp_path / "book"
    file.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_text(file, "a TOML file")


def test_a_file_of_the_largest_size_is_read(tmp_path):
    file = tmp_path / "book"
    file.write_bytes(b"#" * MAX_BYTES)
    assert len(read_text(file, "a TOML file")) == MAX_BYTES


def test_an_endless_file_and_none_are_refused(tmp_path):
    with pytest.raises(DataError, match="/dev/zero: is larger than 10,000,000 bytes"):
        read_text("/dev/zero", "a TOML file")
    with pytest.raises(DataError, match="cannot be read: No such file or directory; give a TOML"):
        read_text(tmp_path / "none", "a TOML file")
