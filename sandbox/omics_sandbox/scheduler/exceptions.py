"""Errors of the EventBridge Scheduler API."""


class SchedulerError(Exception):
    """An error that the API answers with. `code` is the exception's name in the API."""

    code = "InternalServerException"
    status = 500


class ValidationException(SchedulerError):  # noqa: N818 - named as in the API
    """The input does not satisfy the constraints of the operation."""

    code = "ValidationException"
    status = 400


class ResourceNotFoundException(SchedulerError):  # noqa: N818 - named as in the API
    """There is no such schedule or schedule group."""

    code = "ResourceNotFoundException"
    status = 404


class ConflictException(SchedulerError):  # noqa: N818 - named as in the API
    """The schedule's state does not let it be done."""

    code = "ConflictException"
    status = 409
