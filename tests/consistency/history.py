"""One history of the world: what happens in it, and what must hold after each call and in the end."""

from collections.abc import Callable
from enum import Enum
from typing import Any

from readset_sync.model.record import SYNC_STATE

from tests.consistency.world import LAG, Fate, Work, World, answer, apply, backfill, backfill_since, reconcile


class Ending(Enum):
    """What makes everything right in the end."""

    BACKFILL = "backfill"
    RESUMED_BACKFILL = "a backfill that dies, and another that leaves what it has done"
    RECONCILIATION = "a backfill that dies, and a reconciliation"


class History:
    """A world, and the rows that it has shown so far."""

    def __init__(self) -> None:
        self.world = World()
        self._shown: dict[str, tuple[int, str, int, bool, int]] = {}
        self._writes = 0

    def step(self, work: Work, fate: Fate = Fate.PASSES) -> None:
        """Let a process make one call, and check the rows."""
        work.step(fate)
        self.check_rows()

    def advance(self, work: Work, calls: int) -> None:
        """Let a process make so many calls, or as many as it makes."""
        for _ in range(calls):
            if not work.finished:
                self.step(work)

    def finish(self, work: Work) -> None:
        """Let a process come to its end."""
        while not work.finished:
            self.step(work)

    def run(self, job: Callable[[Work], None], memory: int = 0) -> None:
        """Let a process begin and come to its end."""
        self.finish(Work(self.world, job, memory))

    def apply_latest(self, memory: int = 0) -> None:
        """Apply the latest event."""
        self.run(apply(self.world.events[-1]), memory)

    def check_rows(self) -> None:
        """Check that rows are whole, tell no status that was not so, do not go back in time, and do not get lost.

        A row that is deleted, because its read set is gone, may come back for a while by a backfill that has read the
        read set before. That is a ghost, and no step back.
        """
        if self._writes == self.world.writes:
            return
        self._writes = self.world.writes
        rows = self._rows()
        lost = self._shown.keys() & self.world.read_sets.keys() - rows.keys()
        assert not lost, f"rows of read sets that exist got lost: {lost}"
        for gone in self._shown.keys() - rows.keys():
            del self._shown[gone]
        for read_set_id, row in rows.items():
            self.world.check_status(read_set_id, row["set_status"], row["status_at"])
            version = int(row["set_name"].removeprefix("v"))
            store = int(row["store"]["store_name"].removeprefix("s"))
            tags = int((row.get("tags") and row["tags"][0]["version"].removeprefix("v")) or 0)
            before = self._shown.get(read_set_id, (0, "", 0, False, 0))
            assert version >= before[0], f"read set {read_set_id} went back from version {before[0]} to {version}"
            assert row["status_at"] >= before[1], f"read set {read_set_id} went back from {before[1]}"
            assert store >= before[2], f"read set {read_set_id} went back to store s{store} from s{before[2]}"
            whole = SYNC_STATE not in row
            assert whole or not before[3], f"the whole row of read set {read_set_id} is {row[SYNC_STATE]} now"
            assert tags >= before[4], f"the tags of read set {read_set_id} went back from v{before[4]} to v{tags}"
            self._shown[read_set_id] = (version, row["status_at"], store, whole, tags)

    def end(self, ending: Ending, *, calls_until_death: int = 0, refused_listing: int = 0) -> None:
        """Make everything right in peace, and replay all events and messages: the table must be equal to the source.

        By then the API that tells tags in bulk has caught up.

        Args:
            ending: What makes everything right.
            calls_until_death: Calls of the backfill that dies.
            refused_listing: Which page of the reconciliation's listing is refused once; 0 for none.
        """
        self.world.now += 2 + LAG
        began = self.world.moment()
        if ending is not Ending.BACKFILL:
            dying = Work(self.world, backfill, self._new_memory())
            self.advance(dying, calls_until_death)
            dying.end(Fate.CRASHES)
            self.world.now += 1
        match ending:
            case Ending.BACKFILL:
                self.run(backfill, self._new_memory())
            case Ending.RESUMED_BACKFILL:
                self.run(backfill_since(began), self._new_memory())
            case Ending.RECONCILIATION:
                self._reconcile(refused_listing)
        self.expect_source()
        for event in self.world.events:
            self.run(apply(event))
        for message in list(self.world.messages):
            self.run(answer(message))
        self.expect_source()

    def _new_memory(self) -> int:
        """The memory of a process that has just begun."""
        self.world.memories.append({})
        return len(self.world.memories) - 1

    def _reconcile(self, refused_listing: int) -> None:
        """Run a reconciliation to its end, by processes that have been there before."""
        done = len(self.world.messages)
        if refused_listing:
            self.world.refuse_listing(refused_listing)
        self.run(reconcile)
        while done < len(self.world.messages):
            self.run(answer(self.world.messages[done]), done % 2)
            done += 1

    def expect_source(self) -> None:
        """Check that the table is equal to the source."""
        store = self.world.store_name
        rows = self._rows()
        incomplete = [row for row in rows.values() if SYNC_STATE in row]
        assert not incomplete, f"rows that are not complete: {incomplete}"
        assert {
            each: (row["set_name"], row["set_status"], row["tags"], row["store"]["store_name"])
            for each, row in rows.items()
        } == {
            each: (read_set.name, read_set.status, [{name: tag} for name, tag in read_set.tags.items()], store)
            for each, read_set in self.world.read_sets.items()
        }

    def _rows(self) -> dict[str, dict[str, Any]]:
        """All rows by the read set's id, each of them whole."""
        rows = self.world.rows().values()
        for row in rows:
            known = {"set_id", "set_name", "set_status", "store"} | ({"tags"} if SYNC_STATE not in row else set[str]())
            assert known <= set(row), f"a partial row: {row}"
        return {row["set_id"]: row for row in rows}
