"""Ways to spoil a file: its bytes, its cells, its rows and columns, the values of TOML and JSON.

Each takes a generator of random numbers and the content, and gives another content.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from random import Random

Mutator = Callable[[Random, bytes], bytes]

NASTY_BYTES = (
    b"\x00", b"\xff", b"\x1b[31m", b'"', b",", b"\n", b"\r", b"\r\n", b"\t", b";", b"'", b"-", b".",
    b"\xef\xbb\xbf", b"\xc3", b"\xe2\x80\xae", b"e", b"0", b"9", b" ",
)  # fmt: skip

NASTY_CELLS = (
    "", " ", "nan", "NaN", "inf", "-inf", "Infinity", "1e999", "-1e999", "1e-999", "-1", "0", "-0",
    "-0.01", "1e308", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
    "9223372036.854775807", "18446744073709551616", "2147483647", "4294967295", "1_000", "1,000",
    "0x10", "0b1", "1e3", "1E+2", "+5", "--5", "+-5", "5-", "1.2.3", "1e", "e5", ".5", "5.", ".",
    "$5", "5%", "(5)", "12abc", "12 34", " 12", "12\t", "null", "None", "NA", "N/A", "#N/A", "true",
    "\u0661\u0662", "\uff11\uff12", "\u221e", "1\u00a0000", "\x00", "\x1b[31m", "\u202e", "\ud7ff",
    "'", '"', '""', "=1+1", "A", "a", "AAA", "\u00e9", "N", "D", "T", "Q", "2", "17", "59", "XNYS",
    "1970-01-01T00:00:00Z", "2262-05-01T00:00:00Z", "2018-13-45", "20180102", "01/02/2018",
    "2018-01-02", "25:00:00", "9:30:00", "093000", "09:30", "09:30:61", "1709562600",
    "1709562600000", "1709562600000000", "133543998000000000", "638450000000000000",
    "1709562600000000000.5", "2024-03-04T09:30:00", "2024-03-10T02:30:00", "buy", "BUY", "sell",
    "9" * 30, "9" * 400, "9" * 5000, "A" * 500, "0." + "0" * 400 + "1", "1" + "0" * 400,
)  # fmt: skip

NASTY_VALUES = (
    "nan", "inf", "-inf", "-1", "0", "-0.0", "1e999", "1e400", "1e308", "-1e308", "9" * 30,
    "9" * 5000, "1_000", "0x10", "0b1", "07", "+1", "1.", ".5", "true", "null", "NaN", "Infinity",
    '""', '"5"', '"\\u001b"', '"\\n"', '"\\ud800"', "'x'", "[]", "[1]", "[[1]]", "{}", "[1, 2, 3]",
    "2018-01-01", "2018-01-01T00:00:00", "2018-13-01", "00:00:00", "[" * 2000,
    "[" * 2000 + "]" * 2000, '{"a":' * 2000, "{a=" * 500, '"' + "A" * 500 + '"',
    '"' + "A" * 100_000 + '"', "#", "\\",
)  # fmt: skip


def flip_bits(rng: Random, content: bytes) -> bytes:
    """Turn up to three bits."""
    spoiled = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        spoiled[rng.randrange(len(spoiled))] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


def insert_bytes(rng: Random, content: bytes) -> bytes:
    """Put in bytes that mean something somewhere, or any."""
    at = rng.randrange(len(content) + 1)
    what = rng.choice((*NASTY_BYTES, rng.randbytes(rng.randint(1, 8))))
    return content[:at] + what + content[at:]


def overwrite_bytes(rng: Random, content: bytes) -> bytes:
    """Put such bytes over others."""
    at, what = rng.randrange(len(content)), rng.choice(NASTY_BYTES)
    return content[:at] + what + content[at + len(what) :]


def delete_span(rng: Random, content: bytes) -> bytes:
    """Cut out up to twenty bytes."""
    at = rng.randrange(len(content))
    return content[:at] + content[at + rng.randint(1, 20) :]


def repeat_span(rng: Random, content: bytes) -> bytes:
    """Write up to a hundred bytes twice."""
    at = rng.randrange(len(content))
    end = at + rng.randint(1, 100)
    return content[:end] + content[at:]


def truncate(rng: Random, content: bytes) -> bytes:
    """Cut the end off, or the beginning."""
    at = rng.randrange(len(content))
    return content[:at] if rng.random() < 0.8 else content[at:]


BYTES: tuple[Mutator, ...] = (
    flip_bits,
    insert_bytes,
    overwrite_bytes,
    delete_span,
    repeat_span,
    truncate,
)


def _rows(content: bytes) -> list[list[bytes]]:
    return [line.split(b",") for line in content.split(b"\n")]


def _joined(rows: list[list[bytes]]) -> bytes:
    return b"\n".join(b",".join(row) for row in rows)


def _row(rng: Random, rows: list[list[bytes]]) -> int:
    """Choose a row below the header."""
    return rng.randrange(1, len(rows)) if len(rows) > 1 else 0


def replace_cell(rng: Random, content: bytes) -> bytes:
    """Write something else into a cell."""
    rows = _rows(content)
    row = rows[_row(rng, rows)]
    row[rng.randrange(len(row))] = rng.choice(NASTY_CELLS).encode()
    return _joined(rows)


def replace_column(rng: Random, content: bytes) -> bytes:
    """Write the same into every cell of a column."""
    rows = _rows(content)
    column, cell = rng.randrange(len(rows[0])), rng.choice(NASTY_CELLS).encode()
    for row in rows[1:]:
        if column < len(row):
            row[column] = cell
    return _joined(rows)


def dress_cell(rng: Random, content: bytes) -> bytes:
    """Write blanks, quotes, a sign or a letter around a cell, or turn its case."""
    rows = _rows(content)
    row = rows[rng.randrange(len(rows))]
    at = rng.randrange(len(row))
    before, after = rng.choice(
        ((b" ", b""), (b"", b" "), (b"\t", b"\t"), (b'"', b'"'), (b"'", b"'"), (b'"', b""),
         (b"-", b""), (b"+", b""), (b"", b"x"), (b"", b"0"), (b"$", b""), (b"", b".0"))
    )  # fmt: skip
    row[at] = rng.choice((row[at].lower(), row[at].upper(), before + row[at] + after))
    return _joined(rows)


def add_or_drop_cell(rng: Random, content: bytes) -> bytes:
    """Make a row longer or shorter."""
    rows = _rows(content)
    row = rows[rng.randrange(len(rows))]
    at = rng.randrange(len(row))
    row[at : at + 1] = [] if rng.random() < 0.5 else [row[at], row[at]]
    return _joined(rows)


def swap_rows(rng: Random, content: bytes) -> bytes:
    """Exchange two rows."""
    rows = _rows(content)
    one, other = rng.randrange(len(rows)), rng.randrange(len(rows))
    rows[one], rows[other] = rows[other], rows[one]
    return _joined(rows)


def repeat_or_drop_row(rng: Random, content: bytes) -> bytes:
    """Write a row twice, leave it out, or put an empty one before it."""
    rows = _rows(content)
    at = rng.randrange(len(rows))
    rows[at : at + 1] = rng.choice(([], [rows[at], rows[at]], [[b""], rows[at]]))
    return _joined(rows)


def swap_columns(rng: Random, content: bytes) -> bytes:
    """Exchange two columns: in the header and the rows, in the header alone, or in one row."""
    rows = _rows(content)
    one, other = rng.randrange(len(rows[0])), rng.randrange(len(rows[0]))
    chosen = rng.choice((rows, rows[:1], [rows[_row(rng, rows)]]))
    for row in chosen:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]
    return _joined(rows)


def repeat_or_drop_column(rng: Random, content: bytes) -> bytes:
    """Write a column twice, or leave it out."""
    rows = _rows(content)
    at, again = rng.randrange(len(rows[0])), rng.random() < 0.5
    for row in rows:
        if at < len(row):
            row[at : at + 1] = [row[at], row[at]] if again else []
    return _joined(rows)


def other_dialect(rng: Random, content: bytes) -> bytes:
    """Write the file as another program would."""
    old, new = rng.choice(
        ((b",", b";"), (b",", b"\t"), (b",", b"|"), (b",", b", "), (b"\n", b"\r\n"), (b"\n", b"\r"),
         (b"\n", b"\n\n"), (b".", b","), (b"-", b"/"), (b"T", b" "), (b"Z", b""), (b":", b""))
    )  # fmt: skip
    return content.replace(old, new)


CELLS: tuple[Mutator, ...] = (
    replace_cell,
    replace_cell,
    replace_cell,
    replace_column,
    dress_cell,
    add_or_drop_cell,
    swap_rows,
    repeat_or_drop_row,
    swap_columns,
    repeat_or_drop_column,
    other_dialect,
)

_VALUE = re.compile(rb'-?\d[\d.e:+-]*|"[^"\n]*"')


def replace_value(rng: Random, content: bytes) -> bytes:
    """Write another number, text, list or nonsense in the place of one."""
    found = list(_VALUE.finditer(content))
    if not found:
        return content
    one = rng.choice(found)
    return content[: one.start()] + rng.choice(NASTY_VALUES).encode() + content[one.end() :]


def swap_values(rng: Random, content: bytes) -> bytes:
    """Exchange two values, or two keys of JSON."""
    found = list(_VALUE.finditer(content))
    if len(found) < 2:
        return content
    one, other = sorted(rng.sample(found, 2), key=lambda match: match.start())
    return b"".join(
        (
            content[: one.start()],
            other[0],
            content[one.end() : other.start()],
            one[0],
            content[other.end() :],
        )
    )


def repeat_or_drop_line(rng: Random, content: bytes) -> bytes:
    """Write a line twice or more often, leave it out, or move it."""
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    line = lines.pop(at)
    times = rng.choice((0, 1, 2, 500))
    to = at if times != 1 else rng.randrange(len(lines) + 1)
    lines[to:to] = [line] * times
    return b"\n".join(lines)


VALUES: tuple[Mutator, ...] = (replace_value, replace_value, swap_values, repeat_or_drop_line)


def squared(mutator: Mutator) -> Mutator:
    """Cut and fill up the rows to the header's length afterwards."""

    def spoil(rng: Random, content: bytes) -> bytes:
        text = io.StringIO(mutator(rng, content).decode(errors="replace"), newline="")
        head, *rows = [row for row in csv.reader(text) if row] or [[""]]
        sink = io.StringIO(newline="")
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerows([head, *((row + [""] * len(head))[: len(head)] for row in rows)])
        return sink.getvalue().encode()

    return spoil


def mutate(rng: Random, content: bytes, mutators: tuple[Mutator, ...]) -> bytes:
    """Spoil a content in one to three ways, mostly in one."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if content:
            content = rng.choice(mutators)(rng, content)
    return content
