"""What the senders of the end-to-end tests share: OTLP/JSON, and a connection that follows a gateway which is restarted."""

import base64
import http.client
import json
import urllib.parse

from google.protobuf.json_format import MessageToDict


def as_json(request):
    """OTLP/JSON of an `ExportTraceServiceRequest`: as protobuf's own, but for ids, which are hexadecimal, and enums,
    which are numbers."""
    value = MessageToDict(request, use_integers_for_enums=True)
    for resource in value["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for part in [span, *span.get("links", [])]:
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in part:
                            part[name] = base64.b64decode(part[name]).hex()
    return json.dumps(value).encode()


class Connection:
    """A connection to wherever the gateway listens: the file is read anew before every attempt, since a restarted gateway
    listens on another port. An empty file means that there is none."""

    def __init__(self, endpoint_file, timeout):
        self.endpoint_file, self.timeout = endpoint_file, timeout
        self.connection, self.connected_to = None, None

    def attempt(self, body, headers):
        """The status of the answer; None when there was none."""
        try:
            with open(self.endpoint_file, encoding="ascii") as file:
                endpoint = file.read().strip()
            if not endpoint:
                return None
            address = urllib.parse.urlsplit(endpoint)
            if self.connection is None or self.connected_to != endpoint:
                self.close()
                self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=self.timeout)
                self.connected_to = endpoint
            self.connection.request("POST", address.path.rstrip("/") + "/v1/traces", body, headers)
            response = self.connection.getresponse()
            response.read()
            return response.status
        except (OSError, ValueError, http.client.HTTPException):
            self.close()
            return None

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None
