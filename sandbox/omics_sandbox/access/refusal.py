"""How services answer a caller who may not do what was asked."""

from html import escape

from omics_sandbox.access.request import protocol
from omics_sandbox.http import Request, Response


def refusal(request: Request, message: str) -> Response:
    """The error AccessDeniedException (AccessDenied in the older services) in the protocol of a request."""
    match protocol(request):
        case "json":
            # SQS is called in JSON now, and its errors still have the names of the query protocol.
            headers = {"x-amzn-query-error": "AccessDenied;Sender"} if request.service == "sqs" else {}
            return Response.of_json({"__type": "AccessDeniedException", "message": message}, 400, headers)
        case "query":
            error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
            body = f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>".encode()
            return Response(403, body, {"Content-Type": "text/xml"})
        case "rest-json":
            return Response.of_json({"message": message}, 403, {"x-amzn-ErrorType": "AccessDeniedException"})
