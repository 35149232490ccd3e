"""HTTP answers in the form of each protocol that AWS services speak."""

import json
import uuid
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from emulators.aws.errors import ServiceError

_CONTENT_TYPES = {"json": "application/x-amz-json-1.0", "rest-json": "application/json"}


def answer(protocol: str, value: dict[str, Any]) -> Response:
    """A successful answer of a JSON service; `value` is JSON already, times as epoch seconds."""
    response = Response(json.dumps(value), content_type=_CONTENT_TYPES[protocol])
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def refusal(protocol: str, service: str, error: ServiceError) -> Response:
    """An error, as clients of this protocol read it."""
    identifier = str(uuid.uuid4())
    if protocol in _CONTENT_TYPES:
        # Some services' models spell the member Message, clients read either.
        body: dict[str, str] = {"message": error.message}
        if protocol == "json":
            body = {"__type": f"com.amazonaws.{service}#{error.code}", "Message": error.message}
        response = Response(json.dumps(body), error.status, content_type=_CONTENT_TYPES[protocol])
        response.headers["x-amzn-errortype"] = error.code
        response.headers["x-amzn-RequestId"] = identifier
        return response
    detail = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if service == "s3":
        text = f"<Error>{detail}<RequestId>{identifier}</RequestId></Error>"
    else:
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type>{detail}</Error>"
            f"<RequestId>{identifier}</RequestId></ErrorResponse>"
        )
    return Response(f'<?xml version="1.0"?>\n{text}', error.status, content_type="text/xml")
