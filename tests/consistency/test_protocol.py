"""The write protocol in races that are played at every call, and in a few random histories."""

import pytest

from tests.consistency.machine import play_random_histories
from tests.consistency.mutations import MUTATIONS, Mutation
from tests.consistency.scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_race_at_any_call_ends_well(scenario: Scenario) -> None:
    scenario.play()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_fault_in_the_protocol_is_found(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = SCENARIOS[mutation.scenario]
    scenario.play()
    mutation.bring_in(monkeypatch)

    with pytest.raises(AssertionError):
        scenario.play()


def test_what_must_hold_holds_in_random_histories() -> None:
    # The same ones every time; `make soak` plays new ones.
    play_random_histories(20, random_seed=1)
