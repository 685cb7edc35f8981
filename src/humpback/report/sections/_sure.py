"""How sure a difference is, in words."""

from humpback.report.measured import Measured

# So many standard errors are told apart; so small a p is significant.
APART, SIGNIFICANT = 2.0, 0.05


def sure(row: Measured | None) -> str:
    """By how many standard errors the value of `row` differs from nought."""
    if row is None or row.value is None or row.se is None:
        return "too few cases for an error"
    if not row.se:
        return "no difference" if not row.value else "without any error"
    ratio = abs(row.value) / row.se
    return f"{ratio:.1f} standard errors" + ("" if ratio > APART else ", not told apart from none")
