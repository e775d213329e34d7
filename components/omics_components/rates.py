"""How many HealthOmics calls each execution of the function may make."""

from readset_sync.constants import DOCUMENTED_TPS, read_rates


def share(max_tps: str, executions: int) -> str:
    """The rates of one of so many executions, which do not know of each other; in the format of `max_tps`."""
    rates = {"": DOCUMENTED_TPS} | read_rates(max_tps)
    return ",".join(f"{name and name + '='}{rate / executions:g}" for name, rate in rates.items())
