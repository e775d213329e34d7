"""When failures of single read sets are taken for the failure of everything."""

from itertools import chain, cycle, islice, repeat

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    SSLError,
    UnauthorizedSSOTokenError,
)
from readset_sync.model.errors import ContendedRowError
from readset_sync.stores.breaker import MOST_ALIKE, CircuitBreaker

from tests.readset_sync.function import refusal

DENIED = refusal("AccessDeniedException")


def attempts_before_it_breaks(*outcomes: Exception | None) -> int:
    """How many attempts of these outcomes, over and over, were made when the error of one ended them all."""
    breaker = CircuitBreaker()
    for number, outcome in enumerate(islice(cycle(outcomes), 10 * MOST_ALIKE), start=1):

        def work(outcome: Exception | None = outcome) -> Exception | None:
            if outcome:
                raise outcome
            return None

        try:
            assert breaker.attempt(work, failed=lambda error: error) is outcome
        except (ClientError, BotoCoreError):
            return number
    return 0


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (DENIED, MOST_ALIKE),
        (refusal("ValidationException", operation="PutItem"), MOST_ALIKE),
        (SSLError(endpoint_url="https://a", error=OSError("b")), MOST_ALIKE),
        (refusal("ExpiredTokenException"), 1),
        (UnauthorizedSSOTokenError(), 1),
        (CredentialRetrievalError(provider="custom-process", error_msg="log in"), 1),
        # Every one of these may pass, or concerns a single read set.
        (refusal("ThrottlingException"), 0),
        (refusal("InternalServerException", status=500), 0),
        (ContendedRowError("busy"), 0),
    ],
)
def test_what_fails_alike_is_tried_so_often(error: Exception, attempts: int) -> None:
    assert attempts_before_it_breaks(error) == attempts


def test_successes_in_between_and_failures_that_differ_break_nothing() -> None:
    assert attempts_before_it_breaks(*repeat(DENIED, MOST_ALIKE - 1), None) == 0
    kinds = [refusal(f"Refusal{number}Exception") for number in range(MOST_ALIKE)]
    assert attempts_before_it_breaks(*kinds) == 0


def test_failures_that_pass_do_not_count_in_between() -> None:
    outage = refusal("InternalServerException", status=500)

    assert attempts_before_it_breaks(*chain.from_iterable(repeat((DENIED, outage), MOST_ALIKE))) == 2 * MOST_ALIKE - 1


def test_two_causes_in_turn_break_as_one_does() -> None:
    denied = refusal("AccessDeniedException", operation="ListTagsForResource")

    assert attempts_before_it_breaks(*chain.from_iterable(repeat((DENIED, denied), MOST_ALIKE))) == 2 * MOST_ALIKE - 1


def test_the_error_says_how_often_it_was_met() -> None:
    error = refusal("AccessDeniedException")

    assert attempts_before_it_breaks(error) == MOST_ALIKE
    assert error.__notes__ == ["30 failed like this, and none succeeded meanwhile"]
