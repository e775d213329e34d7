"""Random histories by the thousand: `python -m tests.consistency.soak HISTORIES [SEED]`.

First the protocol as it is, in which no history may break a rule. Then each mutation, with as many histories at most,
to see how soon chance finds it: the scripted scenarios find every one, so one that chance misses is no failure.
"""

import random
import sys

import pytest
from hypothesis import Phase

from tests.consistency.machine import play_random_histories
from tests.consistency.mutations import MUTATIONS
from tests.consistency.world import small_numbers


def main(histories: int, seed: int) -> None:
    """Play them; the exception of a history that broke a rule ends it.

    Raises:
        AssertionError: A history broke a rule.
    """
    print(f"{histories} random histories with the seed {seed}: to play them again, add it to the command", flush=True)
    play_random_histories(histories, seed)
    print("no history broke a rule", flush=True)
    for mutation in MUTATIONS:
        with pytest.MonkeyPatch.context() as patch:
            mutation.bring_in(patch)
            try:
                # There is no need to shrink what was found.
                play_random_histories(histories, seed, Phase.generate)
                print(f"missed: {mutation.name}", flush=True)
            except (AssertionError, ExceptionGroup):
                print(f"found: {mutation.name}", flush=True)


if __name__ == "__main__":
    with small_numbers():
        main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.getrandbits(32))
