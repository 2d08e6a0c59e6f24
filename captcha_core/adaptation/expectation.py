"""What few labels tell of all texts of a captcha: which characters, and how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from captcha_core.alphabet import NAMED_ALPHABETS, Alphabet
from captcha_core.constraint import Constraint

# Of fewer labels of one length one cannot tell that there are no others.
_ENOUGH = 20
# The chance that the next character is a new one, above which characters are missing from what was seen.
_SURELY_SEEN = 0.005


def expected_texts(labels: Sequence[str], alphabet: Alphabet) -> Constraint:
    """Guess from a captcha's labels what its texts can be.

    The characters are those seen, if hardly any was seen only once: by Good and Turing's estimate (Good 1953) the share
    of what was seen once is the chance that the next is new. Else they are those of the smallest named alphabet that
    has them all, or the model's own. The lengths are those from the shortest to the longest label, and one more on
    either side where few labels were seen or lengths differ.

    Args:
        labels: Texts that the model can write, at least one.
        alphabet: The model's.
    """
    times = Counter("".join(labels))
    seen, once = set(times), sum(count == 1 for count in times.values())
    if once > _SURELY_SEEN * sum(times.values()):
        wider = [set(named) for named in NAMED_ALPHABETS.values() if seen <= set(named)]
        seen = min(wider, key=len, default=set(alphabet.symbols))
    allowed = "".join(c for c in alphabet.symbols if c in seen)
    shortest, longest = min(map(len, labels)), max(map(len, labels))
    slack = 0 if shortest == longest and len(labels) >= _ENOUGH else 1
    return Constraint(allowed, max(1, shortest - slack), longest + slack)
