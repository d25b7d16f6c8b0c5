"""What the envelope must be like, which no schema says; loaded by schemathesis.toml.

Every answer of a command has the HTTP status 200: what the checks of schemathesis ask of the status is asked of
the envelope here. TOKEN is the user's own; without it the run is a stranger's.
"""

import json
import os

import schemathesis
from schemathesis.generation.meta import CoverageScenario, coverage_scenario

TOKEN = os.environ.get("TOKEN", "")
UNAUTHENTICATED = 16
NEGATIVE = schemathesis.checks.CHECKS.get_one("negative_data_rejection")


def is_wrong_method(case):
    return coverage_scenario(case) is CoverageScenario.UNSPECIFIED_HTTP_METHOD


def has_no_body(response):
    return response.request.method == "HEAD"


@schemathesis.check
def envelope_is_one_line(ctx, response, case):
    """The envelope alone, in its order, on one line."""
    if has_no_body(response):
        return
    text = response.content.decode()
    assert text.endswith("\n") and "\n" not in text[:-1], f"not one line: {text!r}"
    envelope = json.loads(text)
    assert list(envelope) in (
        ["status", "code", "message"],
        ["status", "code", "message", "data"],
    ), f"not the envelope: {text!r}"
    assert (envelope["status"] == "success") == (envelope["code"] == 0), text
    types = response.headers["content-type"]
    assert types == ["application/json; charset=utf-8"], types


@schemathesis.check
def wrong_methods_are_unknown(ctx, response, case):
    """An undeclared method is no command, whatever else is sent."""
    if not is_wrong_method(case) or has_no_body(response):
        return
    assert response.status_code == 404, response.status_code
    assert json.loads(response.content)["message"] == "invalid API command or version"


@schemathesis.check
def only_the_token_opens(ctx, response, case):
    """Where a token is asked for, nothing else is an answer."""
    if is_wrong_method(case) or response.status_code != 200:
        return
    if not case.operation.definition.raw.get("security"):
        return
    given = response.request.headers.get("Authorization", "")
    if isinstance(given, bytes):
        given = given.decode("latin-1")
    code = json.loads(response.content)["code"]
    if TOKEN and given == f"Bearer {TOKEN}":
        assert code != UNAUTHENTICATED, "the user's own token is refused"
    else:
        assert code == UNAUTHENTICATED, f"answered without a token: {response.content!r}"


@schemathesis.check
def nonsense_is_refused(ctx, response, case):
    """A success for what the schema forbids is a finding."""
    if is_wrong_method(case) or has_no_body(response):
        return
    if json.loads(response.content)["status"] == "success":
        NEGATIVE(ctx, response, case)
