#!/usr/bin/env python3
"""The proof that nothing acknowledged is lost and nothing counts twice: real load on the real binary, which is killed,
whose disk fails and fills, and whose PostHog misbehaves; then everything heals, and the ledgers are compared.

    chaos.py --binary .build/release/hoglet [--seconds 300] [--seed N] [--faults kill,sink,io,full] [--clients 6]
             [--kill-every 4] [--spool-max 2GiB] [--drain-seconds 120] [--keep]

Needs the Python of scripts/test-requirements.txt (./test.sh makes one: .build/test-venv/bin/python) and cc. Loopback only.

kill   kill -9 at random moments, also while it starts
sink   PostHog answers 500, 502, 503, 429 with Retry-After, 413; hangs, resets before or after it has stored, stores half
       and answers 503, answers byte by byte; is away for seconds
io     calls that write or sync the spool fail with EIO or ENOSPC, some after they did their work, some write half
       (Tests/FailingDisk, preloaded)
full   the disk is full: on a tmpfs of its own that is filled up where mounting is allowed, otherwise by Tests/FailingDisk

After the time: everything heals, the gateway is killed once more, and drains. Then
- every acknowledged span is at PostHog ("lost" if the gateway says that it has nothing left, "pending" if it has),
- with one (key, uuid, timestamp, distinct_id, event) only, and no uuid is used twice,
- nothing is there that nobody sent.

Ends with a line of JSON and 0; 1 if the promise is broken; 3 if only some are pending after --drain-seconds; 2 if the
test itself does not work. The seed decides the schedule and the data, not how threads run: a repeat is not exact.
"""

import argparse
import json
import mmap
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
DISK = os.path.join(HERE, "..", "FailingDisk")
ERRNO = {"EIO": 5, "ENOSPC": 28}
# Small, so that outages and full disks happen within seconds; large enough that load goes on between them.
DISK_BYTES = 96 << 20
START_SECONDS = 60


def http(url, body=None, timeout=20):
    with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=timeout) as response:
        return response.read().decode()


class Disk:
    """Where the spool lives, and what is wrong with it."""

    def __init__(self, folder, wants_full):
        self.path = f"{folder}/disk"
        os.mkdir(self.path)
        self.is_mounted = wants_full and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", self.path],
            stderr=subprocess.DEVNULL).returncode == 0
        self.library = f"{folder}/failing_disk.so"
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O2", "-I", f"{DISK}/include", "-o", self.library, f"{DISK}/failing_disk.c",
             "-ldl"], check=True)
        self.orders_path = f"{folder}/orders"
        with open(self.orders_path, "wb") as file:
            file.write(bytes(64))
        self.file = open(self.orders_path, "r+b")
        self.orders = mmap.mmap(self.file.fileno(), 64)
        self.filler = f"{self.path}/filler"

    @property
    def environment(self):
        return {"LD_PRELOAD": self.library, "FAILING_DISK": self.orders_path}

    def fail(self, which, error, per_million):
        self.orders[4:12] = struct.pack("=iI", ERRNO[error], per_million)
        self.orders[0:4] = struct.pack("=I", which)

    def fill(self):
        if not self.is_mounted:
            size = os.stat(f"{self.path}/spool/data.mdb").st_size
            self.orders[16:24] = struct.pack("=Q", max(size, 1))
            return
        with open(self.filler, "wb", buffering=0) as file:
            block = bytes(1 << 20)
            while len(block) > 0:
                try:
                    file.write(block)
                except OSError:
                    block = block[:len(block) // 2]

    def heal(self):
        self.orders[0:4] = bytes(4)
        self.orders[16:24] = bytes(8)
        if os.path.exists(self.filler):
            os.unlink(self.filler)

    @property
    def is_ill(self):
        return any(self.orders[0:4]) or any(self.orders[16:24]) or os.path.exists(self.filler)

    @property
    def failed_calls(self):
        return struct.unpack("=I", self.orders[12:16])[0]

    def close(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.path], check=True)


class Gateway:
    """The process under test: started, killed, started again."""

    def __init__(self, options, folder, disk, posthog):
        self.options, self.folder, self.disk = options, folder, disk
        self.lock = threading.Lock()
        self.process, self.admin = None, None
        self.kills, self.starts, self.unstarted, self.troubles = 0, 0, 0, []
        self.slowest = 0.0
        self.ready = threading.Event()
        self.endpoint_path = f"{folder}/endpoint"
        self.write_endpoint("")
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOGLET_SERVER_LISTEN": "127.0.0.1:0", "HOGLET_ADMIN_LISTEN": "127.0.0.1:0",
            "HOGLET_POSTHOG_HOST": posthog, "HOGLET_POSTHOG_TIMEOUT": "2s", "HOGLET_POSTHOG_FLUSH_INTERVAL": "200ms",
            "HOGLET_SPOOL_PATH": f"{disk.path}/spool", "HOGLET_SPOOL_MIN_FREE": "0",
            "HOGLET_SPOOL_MAX_BYTES": options.spool_max,
            "HOGLET_TRACE_QUIET": "500ms", "HOGLET_TRACE_ROOT_GRACE": "200ms", "HOGLET_TRACE_MAX": "20s",
            "SWIFT_BACKTRACE": "enable=no", **disk.environment,
        }

    def write_endpoint(self, text):
        with open(self.endpoint_path + ".new", "w") as file:
            file.write(text)
        os.replace(self.endpoint_path + ".new", self.endpoint_path)

    def spawn(self):
        self.starts += 1
        self.ready.clear()
        self.admin = None
        self.output = f"{self.folder}/gateway-{self.starts}.out"
        with open(self.output, "wb") as out, open(f"{self.folder}/gateway.err", "ab") as err:
            self.process = subprocess.Popen(
                [self.options.binary, "serve"], env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.spawned_at = time.monotonic()

    def wait_until_listening(self):
        """Whether it got there; if not, its end is judged."""
        while time.monotonic() < self.spawned_at + START_SECONDS:
            with open(self.output) as file:
                text = file.read()
            found = re.search(r"^listening on http://(\S+)\n", text, re.M)
            if found:
                admin = re.search(r"^admin on http://(\S+)\n", text, re.M)
                if admin is None:
                    continue
                self.admin = f"http://{admin[1]}"
                self.slowest = max(self.slowest, time.monotonic() - self.spawned_at)
                self.write_endpoint(f"http://{found[1]}")
                self.ready.set()
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.01)
        raise RuntimeError("the gateway does not start to listen")

    def start(self):
        """Starts it, again and again while the disk keeps it from starting."""
        while True:
            self.spawn()
            if self.wait_until_listening():
                return
            self.judge_end()
            self.unstarted += 1
            time.sleep(0.2)

    def judge_end(self):
        """It ended by itself: with an exit code on a disk that fails, it may; otherwise it is a trouble."""
        status = self.process.returncode
        if status < 0 or not self.disk.is_ill and self.process_began_well:
            self.troubles.append(f"start {self.starts} ended by itself with {status}")
            if len(self.troubles) > 20:
                raise RuntimeError("the gateway ends again and again")

    @property
    def process_began_well(self):
        return time.monotonic() > self.disk_healed_at + 1

    disk_healed_at = 0.0

    def kill(self, numbers):
        with self.lock:
            if self.process.poll() is not None:
                self.judge_end()
            self.stop()
            # Some die before they are up.
            while numbers.random() < 0.2:
                self.spawn()
                time.sleep(numbers.uniform(0, 0.4))
                if self.process.poll() is not None:
                    self.judge_end()
                self.stop()
            self.start()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def restart_if_dead(self):
        with self.lock:
            if self.process.poll() is not None:
                self.judge_end()
                self.start()

    def metric(self, name):
        """The sum of a metric over its labels."""
        text = http(f"{self.admin}/metrics")
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(name + r"[{ ]", line))


class PostHog:
    def __init__(self, folder):
        self.identities = f"{folder}/identities"
        self.faults = {}
        self.process = subprocess.Popen(
            [sys.executable, f"{HERE}/../StandIn/posthog_standin.py", "--until-stdin-closes",
             "--identities", self.identities],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[1]}"

    def misbehave(self, numbers):
        """One fault, or seconds of being away."""
        kind, fault = numbers.choice([
            ("5xx", {"status": numbers.choice([500, 502, 503, 504, 520]), "times": numbers.randrange(1, 6)}),
            ("429", {"status": 429, "times": numbers.randrange(1, 4), "retry_after": numbers.choice(["0", "1", "2"])}),
            # Never for an event alone: that one would be a dead letter, and rightly so.
            ("413", {"status": 413, "times": numbers.randrange(1, 3), "events_min": 2}),
            ("hang", {"mode": "hang", "seconds": 4, "times": numbers.randrange(1, 4)}),
            ("reset", {"mode": "reset", "times": numbers.randrange(1, 6)}),
            ("accept_then_reset", {"mode": "accept_then_reset", "times": numbers.randrange(1, 4)}),
            ("partial", {"mode": "partial", "status": 503, "times": numbers.randrange(1, 3)}),
            ("drip", {"mode": "drip", "seconds": numbers.uniform(0.2, 4), "times": numbers.randrange(1, 3)}),
            ("slow", {"mode": "slow", "seconds": numbers.uniform(0.2, 4), "times": numbers.randrange(1, 3)}),
            ("away", {"mode": numbers.choice(["reset", "hang"]), "seconds": 4, "times": 1_000_000}),
        ])
        self.faults[kind] = self.faults.get(kind, 0) + 1
        http(f"{self.url}/_fault", json.dumps(fault).encode())
        if kind == "away":
            time.sleep(numbers.uniform(0.5, 4))
            self.heal()

    def heal(self):
        http(f"{self.url}/_reset", b"")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Ledger:
    """What was sent and acknowledged, and what arrived; read on from where the last look ended."""

    def __init__(self, path, identities):
        self.sent, self.acknowledged = {}, set()
        self.arrived, self.uuids, self.rows = {}, {}, 0
        self.problems, self.counts = [], {}
        self.ledger = open(path, "a+")
        self.ledger.seek(0)
        self.identities = open(identities, "a+", encoding="utf-8")
        self.identities.seek(0)
        self.rest = {self.ledger: "", self.identities: ""}

    def lines(self, file):
        lines = (self.rest[file] + file.read()).split("\n")
        self.rest[file] = lines.pop()
        return lines

    def read(self):
        # What has arrived first: whatever is there was sent before.
        arrived = self.lines(self.identities)
        for line in self.lines(self.ledger):
            words = line.split()
            if words[0] == "sent":
                self.sent[int(words[2], 16)] = words[1]
            elif words[0] == "acknowledged":
                self.acknowledged.add(int(words[2], 16))
            else:
                self.counts = dict(zip(words[::2], map(int, words[1::2])))
        for line in arrived:
            self.rows += 1
            key, uuid, timestamp, distinct_id, event, span = line.split("\t")
            identity = (key, uuid, timestamp, distinct_id, event)
            number = int(span, 16) if re.fullmatch("[0-9a-f]{16}", span) else None
            if self.sent.get(number) != key:
                self.problem(f"invented: {line!r}")
            first = self.arrived.setdefault(number, hash(identity))
            if first != hash(identity):
                self.problem(f"counts twice: span {span} with {identity}")
            if self.uuids.setdefault(uuid, number) != number:
                self.problem(f"one uuid for two spans: {uuid}")

    def problem(self, text):
        self.problems.append(text)

    @property
    def missing(self):
        return self.acknowledged - self.arrived.keys()


class Chaos:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.faults = set(options.faults.split(",")) if options.faults else set()
        self.disk = Disk(folder, "full" in self.faults)
        self.posthog = PostHog(folder)
        self.gateway = Gateway(options, folder, self.disk, self.posthog.url)
        self.ledger = Ledger(f"{folder}/ledger", self.posthog.identities)
        self.is_over = threading.Event()
        self.failure = None
        self.disk_faults = {}

    def track(self, name, every, action):
        """Does something at random moments until the time is over."""
        numbers = random.Random(f"{self.options.seed} {name}")

        def run():
            try:
                while not self.is_over.wait(numbers.uniform(0.1, 2 * every)):
                    action(numbers)
            except Exception as error:
                self.failure = self.failure or error
                self.is_over.set()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def hurt_disk(self, numbers):
        kind = numbers.choice(sorted(self.faults & {"io", "full"}))
        self.disk_faults[kind] = self.disk_faults.get(kind, 0) + 1
        if kind == "full":
            self.disk.fill()
        else:
            # Writes, syncs or both; some with the work done, some by halves.
            which = numbers.choice([1, 2, 3, 1 | 4, 2 | 4, 3 | 4, 1 | 8, 3 | 8])
            self.disk.fail(which, numbers.choice(["EIO", "ENOSPC"]), numbers.choice([20_000, 200_000, 1_000_000]))
        self.is_over.wait(numbers.uniform(0.2, 2))
        self.disk.heal()
        self.gateway.disk_healed_at = time.monotonic()
        self.gateway.restart_if_dead()

    def run(self):
        options = self.options
        self.gateway.start()
        load = subprocess.Popen(
            [sys.executable, f"{HERE}/load.py", "--endpoint-file", self.gateway.endpoint_path,
             "--ledger", f"{self.folder}/ledger", "--seconds", str(options.seconds), "--seed", str(options.seed),
             "--clients", str(options.clients)])
        try:
            tracks = []
            if "kill" in self.faults:
                tracks.append(self.track("kill", options.kill_every, self.gateway.kill))
            if "sink" in self.faults:
                tracks.append(self.track("sink", 0.7, self.posthog.misbehave))
            if self.faults & {"io", "full"}:
                tracks.append(self.track("disk", 2, self.hurt_disk))
            end = time.monotonic() + options.seconds
            while not self.is_over.wait(min(10, max(0, end - time.monotonic()))) and time.monotonic() < end:
                self.ledger.read()
                self.say(f"{len(self.ledger.acknowledged)} acknowledged, {len(self.ledger.missing)} of them not there "
                         f"yet, {self.gateway.kills} kills, {self.disk.failed_calls} calls of the disk failed")
            self.is_over.set()
            for thread in tracks:
                thread.join()
            self.posthog.heal()
            self.disk.heal()
            if self.failure:
                raise self.failure
            self.gateway.kill(random.Random(0))
            return self.judge(load)
        finally:
            self.is_over.set()
            load.kill()
            load.wait()
            self.gateway.process.kill()
            self.gateway.process.wait()
            self.posthog.close()
            self.disk.close()

    def judge(self, load):
        healed = time.monotonic()
        if load.wait(timeout=120) != 0:
            raise RuntimeError("the load was refused for good, see above")
        deadline = time.monotonic() + self.options.drain_seconds
        # A gateway that has only just started has not yet told what it has.
        calm = 0
        while calm < 5:
            self.gateway.restart_if_dead()
            pending = self.gateway.metric("hoglet_records_pending") + self.gateway.metric("hoglet_spool_requests")
            self.ledger.read()
            calm = calm + 1 if pending == 0 else 0
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
        drained = time.monotonic() - healed
        dead = int(self.gateway.metric("hoglet_spool_dead_letters"))
        quarantined = int(self.gateway.metric("hoglet_spool_quarantined_total"))
        missing, problems = self.ledger.missing, self.ledger.problems + self.gateway.troubles
        if dead or quarantined:
            problems.append(f"{dead} dead letters and {quarantined} quarantined, where nothing was refused or damaged")
        lost = missing if pending == 0 else set()
        problems += [f"lost: span {span:016x}" for span in sorted(lost)[:20]]
        if not self.ledger.acknowledged:
            problems.append("nothing was acknowledged: this run shows nothing")
        distinct = len(self.ledger.arrived)
        result = {
            "seed": self.options.seed, "seconds": self.options.seconds, "acknowledged": len(self.ledger.acknowledged),
            "in_doubt": len(self.ledger.sent) - len(self.ledger.acknowledged), "arrived": distinct,
            "lost": len(lost), "pending": len(missing) - len(lost), "problems": len(problems),
            "redelivered": self.ledger.rows - distinct,
            "redelivered_percent": round(100 * (self.ledger.rows - distinct) / max(1, distinct), 2),
            "kills": self.gateway.kills, "starts_refused": self.gateway.unstarted,
            "slowest_start": round(self.gateway.slowest, 2), "sink_faults": self.posthog.faults,
            "disk_faults": self.disk_faults, "failed_calls": self.disk.failed_calls,
            "disk": "tmpfs" if self.disk.is_mounted else "preloaded", "drain_seconds": round(drained, 1),
            **self.ledger.counts,
        }
        for problem in problems[:50]:
            self.say(problem)
        print(json.dumps(result), flush=True)
        return 1 if problems else 3 if missing else 0

    def say(self, text):
        print(f"seed {self.options.seed}: {text}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 31))
    parser.add_argument("--faults", default="kill,sink,io,full")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--kill-every", type=float, default=4)
    parser.add_argument("--spool-max", default="2GiB")
    parser.add_argument("--drain-seconds", type=float, default=120)
    parser.add_argument("--keep", action="store_true", help="keep the folder with spool, ledgers and logs")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="hoglet-chaos-")
    print(f"seed {options.seed}: {options.faults} for {options.seconds:g} s in {folder}", file=sys.stderr, flush=True)
    code = 2
    try:
        code = Chaos(options, folder).run()
    except Exception as error:
        print(f"seed {options.seed}: the test itself failed: {error!r}", file=sys.stderr)
    finally:
        if options.keep or code != 0:
            print(f"seed {options.seed}: everything is kept in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
