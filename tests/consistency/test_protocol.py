"""The write protocol under every interleaving that Hypothesis thinks of, and proof that the test has teeth."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from moto import mock_aws

from tests.consistency.machine import Machine
from tests.consistency.mutations import MUTATIONS, Mutation
from tests.consistency.scenarios import SCENARIOS, Scenario
from tests.consistency.world import PAGE, create_world_table


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setattr("readset_sync.aws.table._SCAN_PAGE", PAGE)
        patch.setattr("readset_sync.stores.backfill.PAGE_SIZE", PAGE)
        Machine.dynamodb = create_world_table()
        yield


def run(examples: int, *phases: Phase, derandomize: bool = False) -> None:
    """Play this many random histories."""
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            phases=phases or tuple(Phase),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
            database=None,
            derandomize=derandomize,
        ),
    )


def test_no_interleaving_makes_a_row_worse_and_a_backfill_or_reconciliation_makes_all_right() -> None:
    run(int(os.environ.get("HISTORIES", "200")))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_race_at_any_call_ends_well(scenario: Scenario) -> None:
    scenario.play()


def play_everything() -> None:
    for scenario in SCENARIOS:
        scenario.play()
    run(1000, Phase.generate, derandomize=True)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_fault_in_the_protocol_is_found(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.bring_in(monkeypatch)

    # Whatever check it is that notices. There is no need to shrink what was found.
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        play_everything()
