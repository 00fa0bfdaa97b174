"""What a study was made for: plain values kept with it, compared, and described in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sor_opt.backtest.version import CHANGES

DATA, FEES, OBJECTIVE, RESULTS = "data", "fees", "objective", "results"
SAMPLER, SAMPLER_SOURCE, SPACE = "sampler", "sampler_source", "space"
DIGEST, FILE = "digest", "file"

NUMBER = (RESULTS, "number")
"""Where the number of the replay's results stands."""

Identity = dict[str, Any]
"""Parts by name; a part is a plain value, or a dict of named ones."""

Path = tuple[str, ...]

_NOT_COMPARED = (FILE,)
"""Values that only tell where something came from."""

_SPEAKING = (FILE, "name")
"""Values that say what they are without their names."""

_DURATIONS = ("horizon", "lookback", "max_quote_age", "refill_memory", "slice", "stride")
"""Values that are nanoseconds."""

_UNITS = (("h", 3600 * 10**9), ("m", 60 * 10**9), ("s", 10**9), ("ms", 10**6), ("us", 10**3))


def plain(identity: Mapping[str, Any]) -> Identity:
    """Give an identity as a database gives it back: lists for tuples."""
    return dict(json.loads(json.dumps(identity)))


def upgraded(identity: Identity) -> Identity:
    """Bring an identity of before results were numbered into today's form, as far as can be."""
    if not isinstance(identity[SPACE], str):
        return identity
    parts = {part: text for part, text in identity.items() if part != OBJECTIVE}  # says too little
    digests = {part: {DIGEST: parts[part]} for part in (DATA, FEES) if part in parts}
    return {**parts, **digests, SPACE: json.loads(identity[SPACE])}


def words(identity: Identity) -> dict[str, str]:
    """Describe every part in words."""
    return {part: _describe(part, value) for part, value in identity.items()}


def differences(known: Identity, wanted: Identity) -> list[str]:
    """List what keeps two identities apart, in words; nothing where they are one.

    Parameters
    ----------
    known : dict
        A study's. One that has no number of results is from before there was one: what it and
        `wanted` do not write in the same form is not compared, since the number refuses it anyway.
    wanted : dict
        A run's.
    """
    old, new = dict(_values(known)), dict(_values(wanted))
    made, now = old.pop(NUMBER, 0), new.pop(NUMBER, 0)
    apart = [path for path in {**old, **new} if old.get(path) != new.get(path)]
    if made == 0 < now:
        apart = [path for path in apart if path in old and path in new]
    return [
        *_since(made, now),
        *(
            f"{_name(*path)} is {_word(path[-1], old.get(path))} in the study and "
            f"{_word(path[-1], new.get(path))} in this run"
            for path in apart
        ),
    ]


def duration(nanoseconds: int) -> str:
    """Write nanoseconds as the command line reads them: 9m, 500ms."""
    for unit, size in _UNITS:
        if nanoseconds >= size and nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    return f"{nanoseconds}ns"


def _since(made: int, now: int) -> list[str]:
    if made == now:
        return []
    if made > now:
        return [f"its results are of a later sor-opt (number {made}, here {now})"]
    return [f"replays have changed since it was made: {'; '.join(CHANGES[made:now])}"]


def _values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _NOT_COMPARED:
                yield from _values(inner, (*path, name))
    else:
        yield path, value


def _describe(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_describe_value(inner, item) for inner, item in value.items())
    return _word(name, value)


def _describe_value(name: str, value: Any) -> str:
    text = _describe(name, value)
    return text if isinstance(value, dict) or name in _SPEAKING else f"{_name(name)} {text}"


def _name(*path: str) -> str:
    return " ".join(path).replace("_", " ")


def _word(name: str, value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(_word(name, item) for item in value)
    if name in _DURATIONS and isinstance(value, int):
        return duration(value)
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
