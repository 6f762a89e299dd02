"""The order of arrival as a text that sorts: milliseconds in 15 digits, then the delivery id."""


def arrival(milliseconds: int, delivery: str) -> str:
    return f"{milliseconds:015d}/{delivery}"
