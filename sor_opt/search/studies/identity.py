"""What a study was made for: plain values kept with it, compared, and described in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sor_opt.backtest.version import CHANGES
from sor_opt.durations import write_duration

DATA, FEES, RESULTS = "data", "fees", "results"
OBJECTIVE, MEASURES = "objective", "measures"
SAMPLER, SAMPLER_SOURCE, SPACE = "sampler", "sampler_source", "space"
DIGEST, FILE = "digest", "file"

Identity = dict[str, Any]
"""Parts by name; a part is a plain value, or a dict of named ones."""

Path = tuple[str, ...]

_NOT_COMPARED = (FILE,)
"""Values that only tell where something came from."""

_SPEAKING = (FILE, "name")
"""Values that say what they are without their names."""

_NAMED = ("latency", "feed_latency", "impact")
"""Groups of values that do not say what they are without its name."""

_DURATIONS = (
    *("at", "everywhere", "half_life", "horizon", "lookback"),
    *("max_quote_age", "refill_memory", "slice", "stride"),
)
"""Values that are nanoseconds."""


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


def measures_of(identity: Identity) -> tuple[str, ...]:
    """What a study minimises: the names of several measures, or the one in words."""
    return tuple(identity.get(MEASURES) or [str(identity.get(OBJECTIVE))])


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
    made, now = (each.get(RESULTS, {}).get("number", 0) for each in (known, wanted))
    apart = [each for each in _apart(known, wanted) if each[0][0] != RESULTS]
    if made == 0 < now:
        apart = [each for each in apart if all(map(_is_plain, each[1:]))]
    return [
        *_since(made, now),
        *(
            f"{_name(*path)} is {_describe(path[-1], old)} in the study and "
            f"{_describe(path[-1], new)} in this run"
            for path, old, new in apart
        ),
    ]


def _since(made: int, now: int) -> list[str]:
    if made == now:
        return []
    if made > now:
        return [f"its results are of a later sor-opt (number {made}, here {now})"]
    return [f"replays have changed since it was made: {'; '.join(CHANGES[made:now])}"]


def _apart(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """What differs between two values, by its path; what one side lacks is None there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            if name not in _NOT_COMPARED:
                yield from _apart(old.get(name), new.get(name), (*path, name))
    elif old != new:
        yield path, old, new


def _is_plain(value: Any) -> bool:
    """Whether something is there, and is no dict."""
    return value is not None and not isinstance(value, dict)


def _describe(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            _describe_value(inner, item) for inner, item in value.items() if item != []
        )
    return _word(name, value)


def _describe_value(name: str, value: Any) -> str:
    text = _describe(name, value)
    speaks = name not in _NAMED if isinstance(value, dict) else name in _SPEAKING
    return text if speaks else f"{_name(name)} {text}"


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
        return write_duration(value)
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
