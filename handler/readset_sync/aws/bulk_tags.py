"""Tags of read sets in bulk: a hundred in a call of the AWS Resource Groups Tagging API, which has a quota of its own.

How far its answers lag behind HealthOmics is not documented, nor whether they hold every read set. So they are compared
with single ones (`Trust`), absence from an answer proves nothing, and what cannot be had is done without.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from readset_sync.model.errors import (
    EXPECTED_ERRORS,
    LeftBehindError,
    ReadSetNotFoundError,
    SyncError,
    describe_error,
    has_bad_credentials,
    is_denied,
    is_passing,
    is_throttle,
)
from readset_sync.model.trust import MOST_UNDECIDED, Trust

if TYPE_CHECKING:
    from types_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient

    from readset_sync.aws.healthomics import HealthOmics
    from readset_sync.model.arn import ReadSetArn

Tags = Mapping[str, str]

_AGAIN_SECONDS: Final = 5.0
"""After which both sides are asked again that did not say the same: tags may have been changed in between."""

_LONGEST_REASON: Final = 300
"""Characters of an error that are kept: each step of a reconciliation has them, and it may repeat a hundred ARNs."""


class BulkTags:
    """The tags that are told in bulk in one run, and whether to take them. Safe to share among threads.

    Args:
        client: Of the API.
        source: Asked singly, so as to compare.
        trust: What the run knows so far.
        tell: Given a line, once, when tags in bulk cannot be had, or are refused.
        needs: Who lacks a permission, as a line says it: `you need`.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        client: "ResourceGroupsTaggingAPIClient",
        source: "HealthOmics",
        *,
        trust: Trust | None = None,
        tell: Callable[[str], object] = lambda _: None,
        needs: str = "you need",
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client = client
        self._source = source
        self.trust = trust or Trust()
        self._tell = tell
        self._needs = needs
        self._sleep = sleep
        self._lock = threading.Lock()

    def of(self, arns: Iterable[str]) -> dict[str, Tags] | None:
        """Return the tags of those of a hundred read sets of which any are told; none where they cannot be had.

        None where the call failed for a reason that may pass: the next one may be answered.

        Raises:
            ClientError, BotoCoreError: The caller's credentials are refused.
            LeftBehindError: Nobody waits for the answer any more.
        """
        wanted = list(arns)
        told = self._told(wanted)
        with self._lock:
            self.trust.listed += len(wanted)
            self.trust.told += len(told or ())
        return told

    def _told(self, wanted: list[str]) -> dict[str, Tags] | None:
        if not wanted or self.trust.is_over:
            return {}
        try:
            told = self._ask(wanted)
        except EXPECTED_ERRORS as error:
            if has_bad_credentials(error) or isinstance(error, LeftBehindError):
                raise
            if is_passing(error):
                with self._lock:
                    self.trust.failed += 1
                if not self.trust.has_failed:
                    return None
            remedy = f": {self._needs} tag:GetResources on *" if is_denied(error) else ""
            self._end(unavailable=f"{describe_error(error)[:_LONGEST_REASON]}{remedy}")
            return {}
        with self._lock:
            self.trust.failed = 0
        return told

    def takes(self, arn: "ReadSetArn", tags: Tags, *, may_be_behind: bool = False) -> bool | None:
        """Whether tags that were told in bulk may be taken for those of a read set. A sample is compared first.

        None where nothing says whether the read set has them; False where it does not, which may be no contradiction
        (`agrees`).
        """
        with self._lock:
            if self.trust.is_over and not self.trust.is_earned:
                return None
            compares = self.trust.wants_comparison()
        return self.agrees(arn, tags, may_be_behind=may_be_behind) if compares else True

    def agrees(self, arn: "ReadSetArn", tags: Tags, *, may_be_behind: bool = False) -> bool | None:
        """Ask singly whether a read set has the tags that were told in bulk. A contradiction that lasts ends trust.

        Of tags that `may_be_behind` a change, and yet right until then, the first few in a run are none. None where
        HealthOmics does not tell its tags.
        """
        try:
            asked = self._source.tags(arn)
            if asked == tags:
                with self._lock:
                    self.trust.agreed += 1
                return True
            if may_be_behind and self.trust.undecided < MOST_UNDECIDED:
                with self._lock:
                    self.trust.undecided += 1
                return False
            self._sleep(_AGAIN_SECONDS)
            told = self._told([str(arn)])
            asked_again = self._source.tags(arn)
        except ReadSetNotFoundError:
            return False
        except ClientError as error:
            if has_bad_credentials(error) or is_throttle(error):
                raise
            # Whoever reads this one read set meets the error, and no other has to wait for that.
            self._not_decided(describe_error(error))
            return None
        if told is None or told.get(str(arn)) in (asked, asked_again) or self.trust.unavailable:
            self._not_decided("tags kept changing while they were compared, or were not told again")
        else:
            self._end(contradiction=f"of {arn}, GetResources and ListTagsForResource do not tell the same tags")
        return False

    def _not_decided(self, reason: str) -> None:
        with self._lock:
            self.trust.undecided += 1
            is_enough = self.trust.undecided >= MOST_UNDECIDED
        if is_enough:
            last = reason[:_LONGEST_REASON]
            self._end(unavailable=f"{MOST_UNDECIDED} could not be compared, the last because: {last}")

    def _ask(self, arns: list[str]) -> dict[str, Tags]:
        answer = self._client.get_resources(ResourceARNList=arns)
        told: dict[str, Tags] = {}
        for arn, tags in _read(answer):
            read = dict(tags)
            if arn not in arns or arn in told or len(read) < len(tags):
                raise _ContradictionError(f"an answer of GetResources contradicts itself, or the question, about {arn}")
            told[arn] = read
        return told

    def _end(self, *, unavailable: str = "", contradiction: str = "") -> None:
        with self._lock:
            is_first = not self.trust.is_over
            self.trust.unavailable = self.trust.unavailable or unavailable
            self.trust.contradiction = self.trust.contradiction or contradiction
        if is_first:
            self._tell(f"tags in bulk are {self.trust}; this run goes on without them")


def _read(answer: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    try:
        return [
            (resource["ResourceARN"], [(tag["Key"], tag["Value"]) for tag in resource.get("Tags", [])])
            for resource in answer["ResourceTagMappingList"]
        ]
    except (AttributeError, KeyError, TypeError) as error:
        raise _ContradictionError(f"an answer of GetResources is not of its documented form: {error!r}") from error


class _ContradictionError(SyncError):
    """An answer that cannot be right."""
