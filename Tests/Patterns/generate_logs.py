#!/usr/bin/env python3
"""Writes log lines of many kinds, each with the number of the template it was made from.

    generate_logs.py LINES [--seed N] [--labels] [--formats N]

Twenty formats with some two hundred templates, as frequent as Zipf's law has it. With --labels each line stands behind
the name of its template and a tab. The same arguments give the same bytes.
"""

import argparse
import itertools
import random
import sys

NAMES = "alice bob carol dave erin frank grace heidi ivan judy mallory nina oscar peggy rupert sybil trent victor wendy".split()
HOSTS = "web-{} db-{} cache-{} worker-{} gpu-{}".split()
MODELS = "gpt-4o gpt-4o-mini claude-sonnet-4 gemini-2.5-pro mistral-large llama-3.3-70b".split()
FILES = "report.pdf index.html main.css data.parquet config.yaml photo.jpg".split()


class Values:
    """What stands in the braces of a template."""

    def __init__(self, random):
        self.random = random
        self.clock = 1_760_000_000.0

    def __getitem__(self, name):
        return getattr(self, name)()

    def int(self): return str(self.random.randrange(10 ** self.random.randrange(1, 7)))
    def small(self): return str(self.random.randrange(1, 20))
    def float(self): return f"{self.random.random() * 100:.3f}"
    def ms(self): return self.random.choice([f"{self.int()}ms", f"{self.int()} ms", f"{self.float()}s"])
    def size(self): return f"{self.float()} {self.random.choice(['KB', 'MB', 'GB'])}"
    def hex(self): return f"{self.random.getrandbits(64):016x}"
    def short(self): return f"{self.random.getrandbits(32):08x}"
    def pointer(self): return f"0x{self.random.getrandbits(40):x}"
    def ip(self): return ".".join(str(self.random.randrange(1, 255)) for _ in range(4))
    def ip6(self): return ":".join(f"{self.random.getrandbits(16):x}" for _ in range(8))
    def mac(self): return ":".join(f"{self.random.getrandbits(8):02x}" for _ in range(6))
    def port(self): return str(self.random.randrange(1024, 65535))
    def host(self): return self.random.choice(HOSTS).format(self.random.randrange(1, 40))
    def domain(self): return f"{self.host()}.eu.example.com"
    def user(self): return self.random.choice(NAMES)
    def email(self): return f"{self.user()}@{self.random.choice(['example.com', 'mail.example.org'])}"
    def path(self): return f"/var/lib/{self.random.choice(NAMES)}/{self.int()}/{self.random.choice(FILES)}"
    def url(self): return f"https://{self.domain()}/v1/{self.random.choice(NAMES)}?page={self.small()}"
    def route(self): return f"/api/{self.random.choice(NAMES)}/{self.int()}"
    def model(self): return self.random.choice(MODELS)
    def block(self): return f"blk_{self.random.choice(['', '-'])}{self.random.getrandbits(60)}"
    def thread(self): return f"pool-{self.small()}-thread-{self.small()}"

    def uuid(self):
        text = f"{self.random.getrandbits(128):032x}"
        return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])

    def iso(self):
        self.clock += self.random.random()
        seconds = int(self.clock) % 86_400
        return f"2026-01-{int(self.clock) // 86_400 % 28 + 1:02d}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{int(self.clock * 1000) % 1000:03d}Z"

    def syslog(self):
        iso = self.iso()
        return f"Jan {int(iso[8:10]):2d} {iso[11:19]}"

    def comma(self): return self.iso()[:-5].replace("T", " ") + ",123"


# What stands before each line of a format, and its templates.
FORMATS = {
    "sshd": ("{syslog} {host} sshd[{int}]: ", """
Accepted publickey for {user} from {ip} port {port} ssh2
Accepted password for {user} from {ip} port {port} ssh2
Failed password for {user} from {ip} port {port} ssh2
Failed password for invalid user {user} from {ip} port {port} ssh2
Connection closed by {ip} port {port} [preauth]
pam_unix(sshd:session): session opened for user {user} by (uid=0)
pam_unix(sshd:session): session closed for user {user}
Received disconnect from {ip}: 11: Bye Bye [preauth]
Server listening on 0.0.0.0 port {port}.
error: maximum authentication attempts exceeded for root from {ip} port {port} ssh2 [preauth]"""),
    "access": ("", """
{ip} - - [{iso}] "GET {route} HTTP/1.1" 200 {int} "-" "curl/8.5.0"
{ip} - {user} [{iso}] "POST {route} HTTP/1.1" 201 {int} "-" "okhttp/4.12.0" """),
    "kernel": ("[{int}.{int}] ", """
usb 1-{small}: new high-speed USB device number {small} using xhci_hcd
eth{small}: link up, {int} Mbps, full-duplex
eth{small}: link down
Out of memory: Killed process {int} (python3) total-vm:{int}kB, anon-rss:{int}kB
EXT4-fs (sda{small}): mounted filesystem {uuid} r/w with ordered data mode
CPU{small}: Core temperature above threshold, cpu clock throttled (total events = {int})
audit: type=1400 audit({int}.{int}:{int}): apparmor="DENIED" operation="open" pid={int}
br0: port {small}(veth{short}) entered forwarding state
nvme nvme0: I/O {int} QID {small} timeout, aborting"""),
    "systemd": ("{syslog} {host} systemd[1]: ", """
Started Session {int} of User {user}.
Starting Daily apt upgrade and clean activities...
Finished Daily apt upgrade and clean activities.
nginx.service: Main process exited, code=exited, status={small}/FAILURE
nginx.service: Scheduled restart job, restart counter is at {small}.
Reached target Network is Online.
Created slice User Slice of UID {int}.
Mounted Huge Pages File System."""),
    "postgres": ("{iso} UTC [{int}] ", """
LOG:  checkpoint starting: time
LOG:  checkpoint complete: wrote {int} buffers ({float}%); write={float} s, sync={float} s, total={float} s
LOG:  duration: {float} ms  statement: SELECT * FROM orders WHERE id = {int}
LOG:  connection received: host={ip} port={port}
LOG:  connection authorized: user={user} database=shop
FATAL:  password authentication failed for user "{user}"
ERROR:  duplicate key value violates unique constraint "orders_pkey"
DETAIL:  Key (id)=({int}) already exists.
LOG:  automatic vacuum of table "shop.public.orders": index scans: {small}
ERROR:  deadlock detected
HINT:  See server log for query details."""),
    "redis": ("{int}:M {comma} * ", """
{int} changes in {int} seconds. Saving...
Background saving started by pid {int}
DB saved on disk
Background saving terminated with success
RDB: {int} MB of memory used by copy-on-write
Replica {ip}:{port} asks for synchronization
Full resync requested by replica {ip}:{port}
Synchronization with replica {ip}:{port} succeeded"""),
    "broker": ("[{comma}] INFO ", """
[GroupCoordinator {small}]: Preparing to rebalance group orders in state PreparingRebalance with old generation {int} (reason: Adding new member consumer-{uuid})
[GroupCoordinator {small}]: Stabilized group orders generation {int} with {small} members
[Log partition=events-{small}, dir=/var/lib/broker] Rolled new log segment at offset {int} in {int} ms.
[Log partition=events-{small}, dir=/var/lib/broker] Deleting segment files
[ReplicaFetcher replicaId={small}, leaderId={small}, fetcherId=0] Shutting down
[Controller id={small}] Processing automatic preferred replica leader election
[Partition events-{small} broker={small}] Shrinking ISR from {small},{small},{small} to {small},{small}. Leader: (highWatermark: {int}, endOffset: {int}).
Creating new log file: {path}"""),
    "storage": ("{comma} INFO ", """
dfs.DataNode$PacketResponder: PacketResponder {small} for block {block} terminating
dfs.DataNode$PacketResponder: Received block {block} of size {int} from {ip}
dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: {ip}:{port} is added to {block} size {int}
dfs.FSNamesystem: BLOCK* NameSystem.allocateBlock: {path}. {block}
dfs.DataNode$DataXceiver: Receiving block {block} src: /{ip}:{port} dest: /{ip}:{port}
dfs.DataNode$DataXceiver: {ip}:{port} Served block {block} to {ip}
dfs.FSDataset: Deleting block {block} file {path}
dfs.DataBlockScanner: Verification succeeded for {block}"""),
    "python": ("{comma} [{thread}] ", """
INFO shop.orders: order {uuid} created for {email} with {small} items, total {float} EUR
INFO shop.orders: order {uuid} shipped
WARNING shop.payments: retrying charge {hex} in {ms} (attempt {small} of 5)
ERROR shop.payments: charge {hex} declined: insufficient funds
INFO shop.mail: sent receipt to {email}
DEBUG shop.cache: hit for key user:{int}
DEBUG shop.cache: miss for key user:{int}
INFO shop.jobs: job {uuid} started
INFO shop.jobs: job {uuid} finished in {ms}
ERROR shop.jobs: job {uuid} failed: connection to {host} refused
WARNING shop.db: slow query took {ms}: 3 rows"""),
    "asgi": ("INFO:     ", """
{ip}:{port} - "GET {route} HTTP/1.1" 200 OK
{ip}:{port} - "POST {route} HTTP/1.1" 422 Unprocessable Entity
Started server process [{int}]
Waiting for application startup.
Application startup complete.
Uvicorn running on {url} (Press CTRL+C to quit)
Shutting down"""),
    "cluster": ("I0115 10:12:13.{int}       1 ", """
scheduler.go:{int}] "Successfully bound pod to node" pod="shop/web-{short}" node="{host}" evaluatedNodes={small} feasibleNodes={small}
kubelet.go:{int}] "SyncLoop ADD" source="api" pods=["shop/web-{short}"]
kubelet.go:{int}] "SyncLoop DELETE" source="api" pods=["shop/web-{short}"]
event.go:{int}] Scaled up replica set web-{short} to {small}
event.go:{int}] Scaled down replica set web-{short} to {small}
reconciler.go:{int}] Volume mount succeeded for pod {uuid} volume data-{small}
eviction_manager.go:{int}] Attempting to reclaim memory, usage {size}
node_lifecycle_controller.go:{int}] Node {host} is unresponsive as of {iso}. Adding taint"""),
    "llm": ("{iso} ", """
INFO llm.gateway request {uuid} model={model} prompt_tokens={int} completion_tokens={int} latency={ms}
INFO llm.gateway streaming started request={uuid}
WARN llm.gateway rate limited by provider, retry after {ms} request={uuid}
ERROR llm.gateway provider returned 500 for request {uuid}
ERROR llm.gateway context window exceeded: {int} tokens, limit {int}
INFO llm.tools calling tool search_documents call_id=call_{hex}
INFO llm.tools tool search_documents returned {int} results in {ms}
WARN llm.tools tool run_query timed out after {ms}
INFO llm.cache semantic cache hit similarity={float}
INFO llm.guard prompt blocked by policy score={float} user={email}
INFO llm.embed embedded {int} chunks of {path} in {ms}"""),
    "mail": ("{syslog} {host} postfix/smtpd[{int}]: ", """
connect from {domain}[{ip}]
disconnect from {domain}[{ip}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
lost connection after AUTH from unknown[{ip}]
NOQUEUE: reject: RCPT from unknown[{ip}]: 554 5.7.1 <{email}>: Relay access denied; from=<{email}> to=<{email}> proto=ESMTP helo=<{domain}>
warning: hostname {domain} does not resolve to address {ip}
{short}: client={domain}[{ip}], sasl_method=PLAIN, sasl_username={email}"""),
    "dns": ("{syslog} {host} named[{int}]: ", """
client @{pointer} {ip}#{port} ({domain}): query: {domain} IN A + ({ip})
zone example.com/IN: loaded serial {int}
zone example.com/IN: transferred serial {int}
resolver priming query complete
REFUSED unexpected RCODE resolving '{domain}/A/IN': {ip}#53
managed-keys-zone: Key {int} for zone . is now trusted (acceptance timer complete)"""),
    "collector": ("[{float}s][info][gc] ", """
GC({int}) Pause Young (Normal) (G1 Evacuation Pause) {int}M->{int}M({int}M) {float}ms
GC({int}) Pause Remark {int}M->{int}M({int}M) {float}ms
GC({int}) Concurrent Mark Cycle {float}ms
GC({int}) To-space exhausted
Using G1
GC({int}) Concurrent Undo Cycle {float}ms"""),
    "phone": ("01-15 {int}:12:13.456  {int}  {int} D ", """
PowerManagerService: acquire lock=PowerLock{{{short}}}, flags=0x{small}, tag="audio", uid={int}, pid={int}
PowerManagerService: release lock=PowerLock{{{short}}}, flags=0x{small}
WindowManager: finishDrawingWindow: Window{{{short} u0 NavigationBar}} mDrawState=DRAW_PENDING
ActivityManager: Displayed com.example.shop/.MainActivity: +{int}ms
ConnectivityService: notifyType CAP_CHANGED for NetworkAgentInfo [WIFI () - {int}]
TextView: visible is system.time.showampm
BatteryStats: battery level {small} temperature {int} voltage {int}
WifiStateMachine: rssi=-{small} linkspeed={int} freq={int}"""),
    "windows": ("{comma}, Info                  CBS    ", """
Loaded Servicing Stack v6.1.{int}.{int} with Core: C:\\\\Windows\\\\winsxs\\\\amd64_{hex}\\\\cbscore.dll
SQM: Initializing online with Windows opt-in: False
SQM: Cleaning up report files older than {small} days.
Session: {int}_{int} initialized by client WindowsUpdateAgent.
Warning: Unrecognized packageExtended attribute.
Expecting attribute name [HRESULT = {pointer} - CBS_E_MANIFEST_INVALID_ITEM]
Failed to get next element [HRESULT = {pointer} - CBS_E_MANIFEST_INVALID_ITEM]
Startup processing thread terminated normally
TrustedInstaller service starts successfully.
NonStart: Checking to ensure startup processing was not required."""),
    "network": ("{syslog} {host} ", """
NetworkManager[{int}]: <info>  [{int}.{int}] dhcp4 (eth{small}): address {ip}
NetworkManager[{int}]: <info>  [{int}.{int}] device (eth{small}): state change: ip-config -> ip-check (reason 'none')
dhclient[{int}]: DHCPREQUEST for {ip} on eth{small} to {ip} port 67
dhclient[{int}]: bound to {ip} -- renewal in {int} seconds.
wpa_supplicant[{int}]: wlan{small}: CTRL-EVENT-CONNECTED - Connection to {mac} completed
avahi-daemon[{int}]: Registering new address record for {ip6} on eth{small}.
chronyd[{int}]: Selected source {ip}
chronyd[{int}]: System clock wrong by {float} seconds"""),
    "proxy": ("[{iso}] ", """
upstream connect error or disconnect/reset before headers. reset reason: connection failure, cluster={domain}
cm add/update cluster {domain} starting warming
cm init: all clusters initialized
lds: add/update listener '{ip}_{port}'
gRPC config stream closed: 14, upstream reset after {ms}
TLS error: 268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED peer {ip}:{port}
health check for {ip}:{port} failed, {small} of {small}
draining listener {ip}:{port}"""),
    "json": ("", """
{{"level":"info","time":"{iso}","msg":"request completed","method":"GET","path":"{route}","status":200,"duration_ms":{int}}}
{{"level":"warn","time":"{iso}","msg":"token bucket empty","tenant":"{uuid}"}}
{{"level":"error","time":"{iso}","msg":"upstream timed out","upstream":"{ip}:{port}","attempt":{small}}}
{{"level":"info","time":"{iso}","msg":"user signed in","user":"{email}","ip":"{ip}"}}
{{"level":"debug","time":"{iso}","msg":"span exported","trace_id":"{hex}{hex}","span_id":"{hex}"}}"""),
}


def templates(formats):
    for name, (prefix, lines) in list(FORMATS.items())[:formats]:
        for number, line in enumerate(lines.strip("\n").split("\n")):
            yield f"{name}-{number}", prefix + line.rstrip(" ")


def generate(count, seed, formats):
    chance = random.Random(seed)
    values = Values(chance)
    kinds = list(templates(formats))
    chance.shuffle(kinds)
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(kinds))))
    for _ in range(count):
        label, template = chance.choices(kinds, cum_weights=weights)[0]
        yield label, template.format_map(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--labels", action="store_true")
    parser.add_argument("--formats", type=int, default=len(FORMATS))
    options = parser.parse_args()
    for label, line in generate(options.lines, options.seed, options.formats):
        sys.stdout.write(f"{label}\t{line}\n" if options.labels else f"{line}\n")


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()
