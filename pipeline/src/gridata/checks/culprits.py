"""Which files of a batch a failed rule is to be blamed on, when the rule itself names none. Pure."""

from collections.abc import Callable, Sequence

# More than these, and it is not files that are at fault: all that are left are blamed.
MOST = 20


def culprits(deliveries: Sequence[str], holds: Callable[[Sequence[str]], bool]) -> list[str]:
    """Files without which the rule holds. They come in the order of arrival: of two that don't go together the later is to blame.

    `holds(some)`: whether the rule holds for the rows of these files alone; asked log2(n) times for each culprit.
    """
    good: list[str] = []
    rest = list(deliveries)
    guilty: list[str] = []
    while rest and not holds([*good, *rest]):
        if len(guilty) == MOST:
            return [*guilty, *rest]
        low, high = 1, len(rest)
        while low < high:
            middle = (low + high) // 2
            if holds([*good, *rest[:middle]]):
                low = middle + 1
            else:
                high = middle
        guilty.append(rest[low - 1])
        good, rest = [*good, *rest[: low - 1]], rest[low:]
    return guilty
