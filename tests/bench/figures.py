"""Numbers from samples: percentiles of one round, medians over rounds. Knows nothing of what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

Figures = dict[str, object]


def percentile(samples: Sequence[float], share: float) -> float:
    """By nearest rank: a value that was measured."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(seconds: Sequence[float]) -> Figures:
    """Of latencies, in milliseconds."""
    return {
        "p50_ms": round(percentile(seconds, 0.50) * 1e3, 1),
        "p99_ms": round(percentile(seconds, 0.99) * 1e3, 1),
        "max_ms": round(max(seconds) * 1e3, 1),
    }


def medians(rounds: Sequence[Figures]) -> Figures:
    """The same tree with each number's median; what is no number is taken from the first round."""
    return {name: _median([one.get(name) for one in rounds]) for name in rounds[0]}


def _median(values: Sequence[object]) -> object:
    trees = [value for value in values if isinstance(value, dict)]
    if trees:
        return medians(trees)
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return round(median(numbers), 4) if numbers else values[0]
