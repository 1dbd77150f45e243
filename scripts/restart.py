#!/usr/bin/env python3
"""How long a start takes with a full spool: fills one, kills the gateway, and measures until the first 200.

    swift build -c release --product hoglet
    scripts/restart.py --gigabytes 1 --request-kilobytes 100

Only the standard library. With --cold the system's cache of the file is emptied before each start.
"""

import argparse
import http.client
import json
import os
import re
import secrets
import signal
import subprocess
import tempfile
import threading
import time


def request(size):
    """An OTLP/JSON request of one trace with a prompt of about `size` bytes that does not repeat."""
    text = {"key": "gen_ai.prompt", "value": {"stringValue": secrets.token_hex(size // 2)}}
    name = {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}
    span = {
        "traceId": secrets.token_hex(16), "spanId": secrets.token_hex(8), "name": "chat",
        "startTimeUnixNano": str(time.time_ns()), "endTimeUnixNano": str(time.time_ns()), "attributes": [name, text],
    }
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def post(connection, body):
    connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


class Gateway:
    def __init__(self, hoglet, spool):
        self.begun = time.monotonic()
        # Nobody answers there, so that everything stays in the spool.
        environment = dict(
            os.environ, HOGLET_SPOOL_PATH=spool, HOGLET_SPOOL_MAX_BYTES="64GiB", HOGLET_POSTHOG_HOST="http://127.0.0.1:9",
            HOGLET_POSTHOG_API_KEY="phc_restart", HOGLET_SERVER_LISTEN="127.0.0.1:0", HOGLET_ADMIN_LISTEN="127.0.0.1:0",
            HOGLET_LOG_LEVEL="error")
        self.process = subprocess.Popen([hoglet, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)$", self.process.stdout.readline().strip()).group(1))
        self.listening = time.monotonic() - self.begun

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def fill(gateway, bytes_wanted, size):
    left = [bytes_wanted // size]
    lock = threading.Lock()

    def run():
        connection = gateway.connect()
        while True:
            with lock:
                if left[0] <= 0:
                    return
                left[0] -= 1
            while post(connection, request(size)) != 200:
                time.sleep(0.1)

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def forget(path):
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hoglet", default=".build/release/hoglet")
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--request-kilobytes", type=float, default=100)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spool = folder + "/spool"
        gateway = Gateway(options.hoglet, spool)
        fill(gateway, int(options.gigabytes * 2**30), int(options.request_kilobytes * 1000))
        gateway.kill()
        for _ in range(options.starts):
            status = json.loads(subprocess.check_output([options.hoglet, "spool", "status", "--json", "--spool", spool]))
            if options.cold:
                forget(spool + "/data.mdb")
            gateway = Gateway(options.hoglet, spool)
            assert post(gateway.connect(), request(1000)) == 200
            first = time.monotonic() - gateway.begun
            used = status["bytes_used"] / 2**30
            print(
                f"{used:.2f} GiB in {status['requests']} requests: listening after {gateway.listening:.2f} s, "
                f"first 200 after {first:.2f} s, {first / used:.2f} s a GiB")
            gateway.kill()


if __name__ == "__main__":
    main()
