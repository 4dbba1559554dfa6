"""What generated requests cannot know: codes and ids that exist.

Half of the well-formed requests get a code that was really issued, or the id of something that was really recorded, so that
the replies of success are reached and checked too. Each reply is noted in a file for the test that runs this.
"""

import itertools
import json
import os
import urllib.request

import schemathesis

ORIGIN = os.environ["WARIFU_ORIGIN"]
MEMBER_TOKEN = os.environ["WARIFU_MEMBER_TOKEN"]
KNOWN = json.loads(os.environ["WARIFU_KNOWN"])
SEEN = os.environ["WARIFU_SEEN"]

# Every second request of an operation, and no chance: a run can be repeated.
turns = {}
numbers = itertools.count()


def issue_code():
    request = urllib.request.Request(
        f"{ORIGIN}/v1/codes",
        data=b"{}",
        headers={"Authorization": f"Bearer {MEMBER_TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)["code"]


@schemathesis.hook
def before_call(context, case, kwargs):
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
