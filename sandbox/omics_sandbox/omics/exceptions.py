"""The errors of the HealthOmics API.

HTTP status codes as in the service's API model (`botocore/data/omics/2022-11-28`).
"""

from typing import ClassVar


class OmicsError(Exception):
    """An error that the API answers with. `code` is the exception's name in the API."""

    code: str = "InternalServerException"
    status: int = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationException(OmicsError):  # noqa: N818 - named as in the API
    """The input does not satisfy the constraints of the operation."""

    code = "ValidationException"
    status = 400


class ResourceNotFoundException(OmicsError):  # noqa: N818 - named as in the API
    """There is no such store, read set or job."""

    code = "ResourceNotFoundException"
    status = 404


class ConflictException(OmicsError):  # noqa: N818 - named as in the API
    """The request cannot be applied to the target resource in its current state."""

    code = "ConflictException"
    status = 409


class ThrottlingException(OmicsError):  # noqa: N818 - named as in the API
    """The request was denied because of its rate."""

    code = "ThrottlingException"
    status = 429


class InjectedError(OmicsError):
    """An error switched on with `Faults.add`, named by its code."""

    _STATUS: ClassVar[dict[str, int]] = {
        "AccessDeniedException": 403,
        "ConflictException": 409,
        "ExpiredTokenException": 403,
        "InternalServerException": 500,
        "InvalidSignatureException": 403,
        "RequestTimeoutException": 408,
        "ResourceNotFoundException": 404,
        "ServiceQuotaExceededException": 402,
        "ServiceUnavailableException": 503,
        "ThrottlingException": 429,
        "UnrecognizedClientException": 403,
        "ValidationException": 400,
    }

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = self._STATUS.get(code, 400)
