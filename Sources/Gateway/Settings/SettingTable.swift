extension Setting {
  /// Every setting, in the order in which people read about them.
  package static let table: [Setting] = intake + posthog + delivery + housekeeping

  private static let intake: [Setting] = [
    Setting(
      "server.listen", \.server.listen, .addresses,
      "Where applications send OTLP, one or more addresses; each speaks HTTP/1.1, HTTP/2 and gRPC."),
    Setting(
      // An arena of bytes holds at most 4 GiB, and a batch decoded is larger than its request.
      "server.body_max", \.server.bodyBytesMax, .bytes(1 << 10...1 << 30),
      "The largest request body, after decompression; larger ones are answered 413."),
    Setting(
      "server.memory", \.server.memoryBytesMax, .bytes(1 << 20...64 << 30),
      "How many bytes of requests may be in memory at once; above it clients are asked to try again."),
    Setting(
      // Beyond 64 event loops the one spool writer is what limits.
      "server.threads", \.server.threads, .integer(1...64), none: "number of cores",
      "Threads that serve connections."),
    Setting(
      "tls.certificate", \.tls.certificates, .paths,
      "Certificate with its chain (PEM): every listener for OTLP then speaks TLS. Several, with as many keys, are chosen "
        + "among by the host that a client names. Files that change are read again."),
    Setting("tls.key", \.tls.keys, .paths, "The certificate's private key (PEM, without a password)."),
    Setting(
      "tls.client_ca", \.tls.clientCA, .path, none: "none",
      "Certificate authorities (PEM): only clients with a certificate of theirs are served."),
    Setting(
      "admin.listen", \.admin.listen, .address,
      "Where Prometheus and load balancers look: /metrics, /healthz, /readyz. Other machines can reach it only with "
        + "admin.token."),
    Setting(
      "admin.token", \.admin.token, .token, none: "none",
      "What /metrics then asks for as Authorization: Bearer; without it /readyz says only yes or no. Needed when "
        + "admin.listen is no loopback address."),
    Setting(
      "access.path", \.access.path, .path, none: "every key passes",
      "A file that says who may send to which project: gateway keys, tokens, PostHog keys (docs/access.md). Changes are "
        + "taken without a restart."),
  ]

  private static let posthog: [Setting] = [
    Setting(
      "posthog.host", \.posthog.host, .serverURL, or: "POSTHOG_HOST",
      none: "\(GatewaySettings.posthogHostDefault) when a key is set",
      "PostHog's address: your region's ingestion host, or your own server. With neither host nor key the gateway "
        + "keeps everything locally."),
    Setting(
      "posthog.api_key", \.posthog.apiKey, .projectKey, or: "POSTHOG_API_KEY", none: "none",
      "The project API key (phc_…) for requests that bring none in their Authorization header."),
    Setting(
      "posthog.compression", \.posthog.compression, .choice, "How requests to PostHog are compressed."),
    Setting(
      "posthog.timeout", \.posthog.timeout, .duration(.seconds(1) ... .seconds(600)),
      "How long one request to PostHog may take before it is tried again."),
    Setting(
      // PostHog takes 20 MiB a request; an event alone may have 8 MiB.
      "posthog.batch_bytes", \.posthog.batchBytesMax, .bytes(64 << 10...20 << 20),
      "A request to PostHog is sent when it holds this many bytes of events, before compression."),
    Setting(
      "posthog.batch_events", \.posthog.batchEventsMax, .integer(1...10_000),
      "A request to PostHog is sent when it holds this many events."),
    Setting(
      "posthog.flush_interval", \.posthog.flushInterval, .duration(.milliseconds(10) ... .seconds(60)),
      "How long events wait for others to share a request with."),
    Setting(
      "posthog.max_retries", \.posthog.retriesMax, .integer(0...1_000_000), none: "without limit",
      "How often a request is tried again before its events become dead letters; by default PostHog may be away for as "
        + "long as the spool has room."),
    Setting(
      "posthog.team_id", \.posthog.teamID, .integer(1...Int(Int32.max)), none: "none",
      "Your project's number, sent to PostHog as X-PostHog-Team-Id."),
    Setting(
      "posthog.proxy", \.posthog.proxy, .proxyURL, none: "none",
      "A proxy for everything that goes to PostHog; a user and password may stand in the URL."),
    Setting(
      "posthog.ai_lane", \.posthog.aiLane, .bool,
      "Whether AI events go to PostHog's AI endpoint; switch it off for self-hosted versions that lack it."),
    Setting(
      "posthog.ca_file", \.posthog.caFile, .path, none: "the system's",
      "Certificate authorities (PEM) to trust when talking to PostHog."),
  ]

  private static let delivery: [Setting] = [
    Setting(
      "spool.path", \.spool.path, .path,
      "The folder that holds what was accepted and not yet delivered; one gateway to a folder."),
    Setting(
      "spool.max_bytes", \.spool.bytesMax, .bytes(1 << 20...16 << 40),
      "How much the spool may hold; above it clients are asked to try again, nothing accepted is dropped."),
    Setting(
      "spool.min_free", \.spool.freeBytesMin, .bytes(0...16 << 40),
      "How much space stays free on the spool's disk."),
    Setting(
      "mappings.path", \.mappings.path, .path, none: "the built-in ones",
      "A folder of mapping files that replace or extend the built-in ones; changes there are taken without a restart."),
    Setting(
      "mappings.overlays", \.mappings.overlays, .names,
      "Built-in overlays to apply, such as latency-milliseconds; those of the folder apply by themselves."),
    Setting(
      "redaction.privacy", \.redaction.privacy, .choice, none: "what redaction.yaml says",
      "no_content keeps prompts, answers, tool arguments and error texts here; numbers, names and ids go out."),
    Setting(
      "redaction.salt", \.redaction.salt, .salt, none: "none",
      "The key under which redaction.yaml's hashes are made; with another one every user is a new one."),
    Setting(
      "trace.quiet", \.trace.quiet, .duration(.milliseconds(10) ... .seconds(3_600)),
      "A trace is complete when nothing came for this long and nothing it refers to is missing."),
    Setting(
      "trace.root_grace", \.trace.rootGrace, .duration(.zero ... .seconds(3_600)),
      "How long a trace waits after its root has ended; exporters batch for five seconds."),
    Setting(
      "trace.max", \.trace.max, .duration(.milliseconds(10) ... .seconds(86_400)),
      "A trace is sent after this long, complete or not."),
    Setting(
      "policy.path", \.policy.path, .path, none: "none, everything is kept",
      "The sampling policy, YAML or JSON: which traces and log records are worth sending. Changes are taken without a restart."
    ),
    Setting(
      "policy.late_errors", \.policy.lateErrors, .duration(.zero ... .seconds(86_400)),
      "How long after a trace was left out an error may come and still bring the whole of it out."),
    Setting(
      "policy.late_errors_bytes", \.policy.lateErrorsBytesMax, .bytes(0...1 << 40),
      "How much of what was left out may stay in the spool for that, at most a quarter of it; the oldest goes first."),
    Setting(
      "logs.forward", \.logs.forward, .choice,
      "Where log records go that belong to no event: PostHog's logs endpoint (posthog), events named hoglet_log (events), nowhere (off). They go as they came: redaction is for events."
    ),
  ]

  private static let housekeeping: [Setting] = [
    Setting(
      "shutdown.grace", \.shutdown.grace, .duration(.zero ... .seconds(600)),
      "How long a stopping gateway finishes requests and deliveries; the rest stays in the spool."),
    Setting(
      "log.level", \.log.level, .choice(["warn": .warning]), or: "LOG_LEVEL", "The least level that is logged."),
    Setting("log.format", \.log.format, .choice, "How log lines on standard error look."),
    Setting(
      "local.retention", \.local.retention, .duration(.seconds(60) ... .seconds(3_650 * 86_400)),
      "How long local mode keeps events."),
    Setting(
      "local.max_bytes", \.local.bytesMax, .bytes(1 << 20...1 << 40),
      "How much local mode keeps; the oldest events leave first."),
  ]
}
