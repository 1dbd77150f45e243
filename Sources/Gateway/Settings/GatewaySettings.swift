package import Logging
package import Mapping
package import Transport

/// Everything a person can set. The fields hold the defaults; `Setting.table` says how each is named, read and explained.
package struct GatewaySettings: Sendable, Equatable {
  package var server = Server()
  package var tls = TLS()
  package var admin = Admin()
  package var access = Access()
  package var posthog = PostHog()
  package var spool = Spool()
  package var mappings = Mappings()
  package var redaction = EventRedaction()
  package var trace = Trace()
  package var policy = Policy()
  package var logs = Logs()
  package var shutdown = Shutdown()
  package var log = Log()
  package var local = Local()

  package init() {}

  package struct Server: Sendable, Equatable {
    /// OTLP's ports: for HTTP and for gRPC by custom; every listener speaks both.
    package var listen = [ListenAddress(host: "127.0.0.1", port: 4318), ListenAddress(host: "127.0.0.1", port: 4317)]
    /// The largest request body, decompressed.
    package var bodyBytesMax = 64 << 20
    /// Bytes of requests that may be in memory at once, over all connections.
    package var memoryBytesMax = 96 << 20
    /// Nil for one a core.
    package var threads: Int?
  }

  package struct TLS: Sendable, Equatable {
    /// Empty for cleartext; a key for each.
    package var certificates: [String] = []
    package var keys: [String] = []
    package var clientCA: String?

    /// As the listeners take it; nil for cleartext.
    package var settings: TLSSettings? {
      guard !certificates.isEmpty else { return nil }
      return TLSSettings(
        identities: zip(certificates, keys).map { TLSSettings.Identity(certificate: $0, key: $1) },
        clientAuthorities: clientCA)
    }
  }

  package struct Admin: Sendable, Equatable {
    package var listen = ListenAddress(host: "127.0.0.1", port: 4319)
    /// What clients must show for everything but a sign of life; needed where others can reach the listener.
    package var token: Secret?
  }

  package struct Access: Sendable, Equatable {
    /// The file that says who may send to which project; nil to let every key pass.
    package var path: String?
  }

  package struct PostHog: Sendable, Equatable {
    /// Scheme, host and port, without a trailing slash; nil when not set (`GatewaySettings.mode` decides).
    package var host: String?
    /// The project key for requests that bring none.
    package var apiKey: Secret?
    package var compression = Compression.gzip
    package var timeout = Duration.seconds(30)
    package var batchBytesMax = 4 << 20
    package var batchEventsMax = 1_000
    package var flushInterval = Duration.seconds(1)
    /// Nil for as often as it takes.
    package var retriesMax: Int?
    package var teamID: Int?
    /// A URL; secret, because it may hold a password.
    package var proxy: Secret?
    /// Whether `$ai_*` events go to PostHog's AI endpoint instead of `/batch/`.
    package var aiLane = true
    package var caFile: String?
  }

  package enum Compression: String, Sendable, CaseIterable {
    case gzip, none
  }

  package struct Spool: Sendable, Equatable {
    package var path = "hoglet-data"
    package var bytesMax = 8 << 30
    package var freeBytesMin = 1 << 30
  }

  package struct Mappings: Sendable, Equatable {
    /// A folder of YAML files; nil for the ones built in.
    package var path: String?
    /// Names of built-in overlays to apply.
    package var overlays: [String] = []
  }

  package struct EventRedaction: Sendable, Equatable {
    /// Nil for what redaction.yaml says.
    package var privacy: Privacy?
    /// The key of hashes.
    package var salt: Secret?

    /// As the mappings take it.
    package var settings: RedactionSettings {
      RedactionSettings(privacy: privacy, salt: salt.map { Array($0.reveal().utf8) })
    }
  }

  package struct Trace: Sendable, Equatable {
    package var quiet = Duration.seconds(10)
    package var rootGrace = Duration.seconds(6)
    package var max = Duration.seconds(600)
  }

  package struct Policy: Sendable, Equatable {
    /// A file; nil to keep everything.
    package var path: String?
    /// How long an error may come late and still bring its trace out.
    package var lateErrors = Duration.seconds(600)
    /// What may stay on disk for that, of all projects.
    package var lateErrorsBytesMax = 256 << 20
  }

  package struct Logs: Sendable, Equatable {
    package var forward = LogForwarding.off
  }

  /// Where log records go of which no event was made.
  package enum LogForwarding: String, Sendable, CaseIterable {
    /// PostHog's logs endpoint, as they came.
    case posthog
    /// Events `hoglet_log`.
    case events
    /// Nowhere.
    case off
  }

  /// Where log records go with these settings: the local store holds events.
  package var logForwarding: LogForwarding { mode == .local && logs.forward == .posthog ? .off : logs.forward }

  package struct Shutdown: Sendable, Equatable {
    package var grace = Duration.seconds(10)
  }

  package struct Log: Sendable, Equatable {
    package var level = Logger.Level.info
    package var format = LogFormat.text
  }

  package struct Local: Sendable, Equatable {
    package var retention = Duration.seconds(7 * 86_400)
    package var bytesMax = 1 << 30
  }

  /// Where PostHog's cloud in the United States takes events: the default for forwarding.
  package static let posthogHostDefault = "https://us.i.posthog.com"

  package enum Mode: Sendable, Equatable {
    /// Keep everything here, for `hoglet events`.
    case local
    /// Send to PostHog; requests without a key of their own use `key`, and are refused when there is none.
    case forward(host: String, key: Secret?)
  }

  /// Local as long as neither PostHog's host nor a key is set.
  package var mode: Mode {
    if posthog.host == nil, posthog.apiKey == nil { return .local }
    return .forward(host: posthog.host ?? Self.posthogHostDefault, key: posthog.apiKey)
  }
}
