"""Uploads in several requests that S3 keeps until somebody ends them: listed and ended by signed requests of our own.

obstore does neither. Signing needs the keys themselves, so this works with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY;
with the credentials of a role the list is empty, and a rule of the bucket has to end them (docs/how-to/operate.md).
"""

import hashlib
import hmac
import os
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from extranet.vault.objects import StoreAway

TRIES: Final = 3
TIMEOUT: Final = 10  # seconds
UNKNOWN_HERE: Final = (400, 403, 404, 405, 501)  # not served, or not allowed: then there is nothing we can say
_NOTHING: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Unfinished:
    key: str
    upload: str
    since: datetime


class _NoOtherPlace(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other that we did not ask for: our signature goes to the store alone."""

    def redirect_request(self, *_asked: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoOtherPlace)


class UnfinishedUploads:
    """Those of one bucket, addressed by ``endpoint`` (without a trailing slash)."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self._region = region

    def under(self, prefix: str) -> Iterator[Unfinished]:
        """All whose key begins so. Raises StoreAway."""
        asked = {"uploads": "", "prefix": prefix}
        more = True
        while more:
            answer = self._ask("GET", "", asked)
            if answer is None:
                return
            page = _without_namespaces(answer)
            for found in page.iter("Upload"):
                since = datetime.fromisoformat(found.findtext("Initiated", ""))
                yield Unfinished(found.findtext("Key", ""), found.findtext("UploadId", ""), since)
            more = page.findtext("IsTruncated") == "true"
            asked["key-marker"] = page.findtext("NextKeyMarker", "")
            asked["upload-id-marker"] = page.findtext("NextUploadIdMarker", "")

    def end(self, key: str, upload: str) -> None:
        """Give its parts up; ended already is fine. Raises StoreAway."""
        self._ask("DELETE", key, {"uploadId": upload})

    def _ask(self, method: str, key: str, query: Mapping[str, str]) -> bytes | None:
        """The body of the answer; None where the store does not serve this, or we may not ask."""
        for number in range(1, TRIES + 1):
            signed = self._signed(method, key, query)
            if signed is None:
                return None
            try:
                with _OPENER.open(signed, timeout=TIMEOUT) as answer:
                    body: bytes = answer.read()
                    return body
            except urllib.error.HTTPError as error:
                if error.code in UNKNOWN_HERE:
                    return None
                reason = f"it answers {error.code}"
            except OSError as error:
                reason = type(error).__name__
            time.sleep(0.1 * 4**number if number < TRIES else 0)
        raise StoreAway(f"the store does not answer ({reason}): try again")

    def _signed(self, method: str, key: str, query: Mapping[str, str]) -> urllib.request.Request | None:
        """AWS Signature Version 4, by the moment: a signature is good for some minutes only."""
        who, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        if not who or not secret:
            return None
        parts = urlsplit(self._endpoint)
        path = f"{parts.path}/{quote(key, safe='/-_.~')}" if key else parts.path or "/"
        asked = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
        headers = {"host": parts.netloc, "x-amz-content-sha256": _NOTHING, "x-amz-date": f"{_moment():%Y%m%dT%H%M%SZ}"}
        if token := os.environ.get("AWS_SESSION_TOKEN"):
            headers["x-amz-security-token"] = token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        request = "\n".join([method, path, asked, lines, names, _NOTHING])
        day = headers["x-amz-date"][:8]
        scope = f"{day}/{self._region}/s3/aws4_request"
        text = "\n".join(
            ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()]
        )
        signature = hmac.new(_signing_key(secret, day, self._region), text.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={who}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        address = f"{parts.scheme}://{parts.netloc}{path}?{asked}"
        return urllib.request.Request(address, method=method, headers=headers)  # noqa: S310  # the endpoint is http(s)


def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for step in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return key


def _moment() -> datetime:
    return datetime.now(UTC)


def _without_namespaces(answer: bytes) -> ET.Element:
    page = ET.fromstring(answer)  # noqa: S314  # from the store that keeps our packs; expat bounds entities
    for element in page.iter():
        element.tag = element.tag.rpartition("}")[2]
    return page
