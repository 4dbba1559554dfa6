"""What generated requests cannot know: codes and ids that exist.

Half of the well-formed requests get a code that was really issued, or the id of something that was really recorded, so that
the replies of success are reached and checked too. Each reply is noted in a file for the test that runs this.
"""

import base64
import hashlib
import itertools
import json
import os
import secrets
import time
import urllib.error
import urllib.request

import schemathesis

ORIGIN = os.environ["WARIFU_ORIGIN"]
PHONE = os.environ["WARIFU_PHONE"]
IS_MEMBER = os.environ["WARIFU_CALLER"] == "member"
KNOWN = json.loads(os.environ["WARIFU_KNOWN"])
SEEN = os.environ["WARIFU_SEEN"]

# Every second request of an operation, and no chance: a run can be repeated.
turns = {}
numbers = itertools.count()


# P-256 (SEC 2, 2.4.2), for signing a few requests; not made to keep a secret.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def add(one, other):
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    if one == other:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(factor):
    product, power = None, G
    while factor:
        if factor & 1:
            product = add(product, power)
        power, factor = add(power, power), factor >> 1
    return product


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(method, path, body):
    """The headers of a member's phone."""
    token, key = PHONE.split(".")
    pkcs8 = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    start = pkcs8.index(b"\x02\x01\x01\x04\x20") + 5
    private = int.from_bytes(pkcs8[start : start + 32], "big")
    now, nonce = int(time.time()), secrets.token_urlsafe(16)
    text = f"WARIFU-DEVICE\n{method}\n{path}\n{now}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    k = secrets.randbelow(N - 1) + 1
    r = multiply(k)[0] % N
    s = pow(k, -1, N) * (digest + r * private) % N
    signature = base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return {
        "Cookie": f"__Host-warifu={token}",
        "Warifu-Device": f"time={now}, nonce={nonce}, signature={signature}",
    }


def sign(request):
    """Signs a request as it goes over the wire."""
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    request.headers.pop("Cookie", None)
    request.headers.update(signed(request.method, request.path_url, body))
    return request


def issue_code():
    request = urllib.request.Request(
        f"{ORIGIN}/v1/codes",
        data=b"{}",
        headers={**signed("POST", "/v1/codes", b"{}"), "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)["code"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"no code is issued: {error.read().decode()}") from error


@schemathesis.hook
def before_call(context, case, kwargs):
    if IS_MEMBER:
        kwargs["auth"] = sign
    # What is wrong on purpose stays as wrong as it is.
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    operation = f"{case.method} {case.operation.path}"
    turn = turns[operation] = turns.get(operation, -1) + 1
    if turn % 2:
        return
    known = KNOWN.get(case.operation.path, {})
    if isinstance(case.body, dict):
        if "request_id" in case.body:
            case.body = {**case.body, "request_id": f"known-{os.getpid()}-{next(numbers)}"}
        if "code" in case.body and isinstance(case.body.get("amount"), int):
            case.body = {**case.body, "code": issue_code(), "amount": case.body["amount"] % 1000 + 1}
        case.body = {**case.body, **known.get("body", {})}
    for parameter, value in known.get("path", {}).items():
        # A cancel of what has not arrived succeeds once an id.
        value = f"new-{os.getpid()}-{next(numbers)}" if value == "a_new_one" else value
        case.path_parameters = {**case.path_parameters, parameter: value}


@schemathesis.hook
def after_call(context, case, response):
    with open(SEEN, "a", encoding="utf-8") as seen:
        seen.write(f"{case.method} {case.operation.path} {response.status_code}\n")
