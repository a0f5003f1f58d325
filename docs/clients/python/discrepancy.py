"""What the server says and what was computed here differ."""


class Discrepancy(Exception):
    """The books, a signature or a proof are not as they should be."""


def must(is_so: bool, otherwise: str) -> None:
    """Goes on only if it is so. (`assert` would vanish under `python -O`.)"""
    if not is_so:
        raise Discrepancy(otherwise)
