"""A client of the policy API, as published SDKs are: asks for a service's policy, samples by it, reports patterns.

    policies.py client URL TOKEN          exits with 0 if all of it works
    policies.py schema URL TOKEN ROOT     tests the API by its description
"""

import datetime
import json
import os
import sys
import urllib.request


def call(url, token, path, body=None, method=None):
    request = urllib.request.Request(
        url + path, data=None if body is None else json.dumps(body).encode(), method=method,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer), answer.headers


def client(url, token):
    policy, headers = call(url, token, "/api/v1/policies/checkout?team_id=7")
    assert policy["global_rate"] == 1 and headers["ETag"] == '"p0"', policy
    now = datetime.datetime.now()
    pattern = {
        "signature": "5d41402abc4b2a76b9719d911017c592", "message_sample": "User 123 logged in", "count": 60000,
        "severity_distribution": {"INFO": 59000, "WARNING": 900, "ERROR": 100},
        # Without a zone, as Python's isoformat writes it.
        "first_seen": (now - datetime.timedelta(minutes=10)).isoformat(), "last_seen": now.isoformat(),
    }
    other = {"signature": "7d793037a0760186574b0282f2f435e7", "count": 6000, "sampling_rate": 0.5,
             "last_seen": now.timestamp()}
    answer, _ = call(url, token, "/api/v1/patterns/stats", {"service_name": "checkout", "patterns": [pattern, other]})
    assert answer == {"status": "success", "patterns_processed": 2}, answer
    made, _ = call(url, token, "/api/v1/policies/generate",
                   {"service_name": "checkout", "cost_target": 0.1, "llm_provider": "rules"})
    assert made["what_if"]["errors_kept"] == 1 and 0.89 < made["cost_reduction"] < 0.91, made
    call(url, token, f"/api/v1/policies/{made['policy_id']}/activate", method="POST")
    policy, _ = call(url, token, "/api/v1/policies/checkout")
    assert isinstance(policy["version"], int) and 0 < policy["global_rate"] < 1, policy
    assert policy["severity_rates"]["ERROR"] == 1 == policy["severity_rates"]["CRITICAL"], policy
    assert all(0 <= rate <= 1 for rate in policy["pattern_rates"].values()) and policy["anomaly_boost"] >= 1, policy
    datetime.datetime.fromisoformat(policy["created_at"])
    history, _ = call(url, token, "/api/v1/policies/checkout/history?limit=5")
    assert [version["is_active"] for version in history] == [True], history


def schema(url, token, root):
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    os.execv(program, [
        program, "--config-file", f"{root}/Tests/EndToEnd/schemathesis.toml", "run", f"{root}/docs/openapi.yaml",
        "--url", url, "--header", f"Authorization: Bearer {token}"])


{"client": client, "schema": schema}[sys.argv[1]](*sys.argv[2:])
