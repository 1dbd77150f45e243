"""Drives capture-adapter as PostHog's compliance harness for senders does, with the stand-in as PostHog.

  compliance.py --adapter URL --standin URL [CASE…]      prints a line a case, exits 1 if one failed

Written from the harness' published contract (adapter endpoints, retry rules, batch format); each case is one promise.
"""

import argparse
import datetime
import email.utils
import json
import re
import sys
import time
import urllib.request

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CASES = []


def case(function):
    CASES.append(function)
    return function


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=40) as response:
        text = response.read()
    return json.loads(text) if text.startswith((b"{", b"[")) and b"\n{" not in text else text


class Driver:
    def __init__(self, adapter, standin):
        self.adapter, self.standin = adapter, standin

    def init(self, **settings):
        # Nothing goes out by itself before it is flushed, however slow the machine is.
        settings = {"api_key": "phc_test_key", "host": self.standin, "flush_interval_ms": 60_000, **settings}
        assert call(self.adapter + "/init", settings) == {"success": True}

    def capture(self, path="/capture", **event):
        answer = call(self.adapter + path, {"distinct_id": "test_user", "event": "test_event", **event})
        assert answer["success"] is True and UUID.fullmatch(answer["uuid"])
        return answer["uuid"]

    def flush(self):
        answer = call(self.adapter + "/flush", {})
        assert answer["success"] is True
        return answer["events_flushed"]

    def answers(self, *statuses, **more):
        """The next answers of the stand-in; after them it takes everything."""
        for status in statuses:
            call(self.standin + "/_fault", {"status": status, "body": "told to", **more})

    def requests(self):
        return call(self.standin + "/_requests")

    def events(self):
        with urllib.request.urlopen(self.standin + "/_events", timeout=10) as response:
            return [json.loads(line)["event"] for line in response.read().splitlines()]

    def state(self):
        return call(self.adapter + "/state")

    def reset(self):
        assert call(self.adapter + "/reset", {}) == {"success": True}
        call(self.standin + "/_reset", {})


@case
def health_names_what_it_can(driver):
    health = call(driver.adapter + "/health")
    assert health["sdk_name"] == "hoglet" and health["sdk_version"] and health["adapter_version"]
    assert health["capabilities"] == ["capture_v0", "capture_ai_v0", "encoding_gzip"]


@case
def an_event_arrives_as_it_was_captured(driver):
    driver.init()
    uuid = driver.capture(properties={"text": "a \"b\" \u20ac", "number": 42, "yes": True, "deep": {"x": [1]}})
    assert driver.flush() == 1
    request, = driver.requests()
    assert request["path"] == "/batch/" and request["api_key"] == "phc_test_key"
    event, = driver.events()
    assert (event["uuid"], event["event"], event["distinct_id"]) == (uuid, "test_event", "test_user")
    properties = event["properties"]
    assert properties["text"] == "a \"b\" \u20ac" and properties["number"] == 42 and properties["yes"] is True
    assert properties["deep"] == {"x": [1]} and properties["$lib"] == "hoglet" and properties["$lib_version"]
    moment = datetime.datetime.fromisoformat(event["timestamp"][:26] + "+00:00")
    assert abs(time.time() - moment.timestamp()) < 60


@case
def times_are_sent_in_utc(driver):
    for path in ("/capture", "/capture_ai"):
        driver.init(flush_at=1)
        given = "2025-01-02T08:34:05+05:30"
        driver.capture(path, event="$ai_generation", timestamp=given, properties={"like": given})
        driver.flush()
        event = driver.events()[-1]
        assert event["timestamp"] == "2025-01-02T03:04:05Z" and event["properties"]["like"] == given


@case
def ai_events_have_their_own_way_and_others_do_not(driver):
    driver.init(flush_at=1)
    own = "0198c0de-0000-7000-8000-000000000abc"
    assert driver.capture("/capture_ai", event="$ai_generation", uuid=own) == own
    driver.flush()
    driver.capture("/capture", event="$ai_generation")
    driver.flush()
    assert [request["path"] for request in driver.requests()] == ["/i/v0/ai/batch/", "/batch/"]
    assert driver.events()[0]["uuid"] == own


@case
def passing_failures_are_tried_again_with_the_same_bytes(driver):
    for status in (408, 429, 500, 502, 503, 504):
        driver.reset()
        driver.answers(status, status)
        driver.init()
        uuid = driver.capture()
        assert driver.flush() == 1
        requests = driver.requests()
        assert [request["status"] for request in requests] == [status, status, 200]
        assert len({request["sha256"] for request in requests}) == 1
        state = driver.state()
        assert state["total_retries"] == 2 and str(status) in state["last_error"]
        assert [made["retry_attempt"] for made in state["requests_made"]] == [0, 1, 2]
        assert [made["status_code"] for made in state["requests_made"]] == [status, status, 200]
        assert all(made["uuid_list"] == [uuid] for made in state["requests_made"])
        waited = state["requests_made"][1]["timestamp_ms"] - state["requests_made"][0]["timestamp_ms"]
        assert waited >= 100, f"the first wait was {waited} ms"


@case
def refusals_are_not_tried_again(driver):
    for status in (400, 401, 403, 413):
        driver.reset()
        driver.answers(status)
        driver.init()
        driver.capture()
        assert driver.flush() == 0
        time.sleep(1)
        assert len(driver.requests()) == 1, status
        assert str(status) in driver.state()["last_error"]


@case
def retry_after_is_respected_in_both_forms(driver):
    for later in ("2", None):
        driver.reset()
        driver.answers(429, retry_after=later or email.utils.formatdate(time.time() + 4, usegmt=True))
        driver.init()
        driver.capture()
        assert driver.flush() == 1
        made = driver.state()["requests_made"]
        assert len(made) == 2 and made[1]["timestamp_ms"] - made[0]["timestamp_ms"] >= 2000


@case
def attempts_have_a_limit(driver):
    driver.answers(*[503] * 9)
    driver.init(max_retries=3)
    driver.capture()
    assert driver.flush() == 0
    time.sleep(1)
    assert len(driver.requests()) == 4
    state = driver.state()
    assert state["pending_events"] == 0 and state["total_events_sent"] == 0 and state["total_retries"] == 3


@case
def many_events_share_a_request_and_keep_their_identity(driver):
    driver.answers(503)
    driver.init(flush_at=10)
    uuids = [driver.capture(event=f"test_event_{index}") for index in range(5)]
    assert len(set(uuids)) == 5
    assert driver.flush() == 5
    first, second = driver.requests()
    assert first["sha256"] == second["sha256"] and second["events"] == 5
    assert [event["uuid"] for event in driver.events()] == uuids
    state = driver.state()
    assert state["total_events_captured"] == state["total_events_sent"] == 5 and state["pending_events"] == 0
    assert state["requests_made"][1]["event_count"] == 5 and state["requests_made"][1]["uuid_list"] == uuids


@case
def a_full_batch_or_an_interval_sends_by_itself(driver):
    driver.init(flush_at=2, flush_interval_ms=60_000)
    driver.capture()
    driver.capture()
    wait_for(lambda: driver.state()["total_events_sent"] == 2)
    driver.init(flush_at=100, flush_interval_ms=200)
    driver.capture()
    wait_for(lambda: driver.state()["total_events_sent"] == 1)


@case
def gzip_is_used_when_asked_for(driver):
    for enabled in (True, False):
        driver.reset()
        driver.init(enable_compression=enabled)
        uuid = driver.capture()
        driver.flush()
        assert driver.requests()[0]["headers"].get("content-encoding") == ("gzip" if enabled else None)
        assert driver.state()["requests_made"][0]["uuid_list"] == [uuid]


@case
def nothing_is_sent_when_there_is_nothing(driver):
    driver.init()
    assert driver.flush() == 0
    assert driver.requests() == []


@case
def reset_forgets(driver):
    driver.init()
    driver.capture()
    driver.reset()
    time.sleep(1)
    assert driver.requests() == []
    state = driver.state()
    assert state["total_events_captured"] == 0 and state["requests_made"] == [] and state["last_error"] is None


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--standin", required=True)
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    driver = Driver(options.adapter.rstrip("/"), options.standin.rstrip("/"))
    failed = False
    for function in CASES:
        name = function.__name__
        if options.case and name not in options.case:
            continue
        driver.reset()
        try:
            function(driver)
            sys.stdout.write(f"ok     {name}\n")
        except Exception as error:  # whatever goes wrong is this case's failure, and the next one runs
            failed = True
            place = error.__traceback__
            while place.tb_next:
                place = place.tb_next
            sys.stdout.write(f"FAILED {name}, line {place.tb_lineno}: {type(error).__name__} {error}\n")
            sys.stdout.write(f"       requests: {json.dumps(driver.requests())[:2000]}\n")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
