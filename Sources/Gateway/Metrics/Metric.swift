package import Console

/// Everything the gateway counts about itself. `definition` is the one table from which the registry, the Prometheus
/// text and docs/metrics.md come.
package enum Metric: Int, Sendable, CaseIterable {
  case buildInfo, startTime, residentMemory
  case records, recordsPending, oldestPendingAge
  case requests, requestBytes, rejects
  case spoolBytes, spoolBytesMax, spoolRequests, spoolRefusals, spoolCommits, spoolDeadLetters, spoolQuarantined
  case tracesOpen, traces
  case mappingsReloads, mappingsErrors
  case accessReloads
  case policyReloads
  case redactions
  case anomalies
  case captureRequests, captureRetries, captureInFlight, captureBytes, captureEvents, captureShortened
  case laneState, laneOldestAge, laneBytes

  package struct Definition: Sendable {
    /// As Prometheus knows it.
    package let name: String
    package let kind: MetricFamily.Kind
    package let labels: [String]
    package let help: String
    /// What a stored whole number is divided by to give the unit in the name: times are kept in milliseconds.
    package let scale: Int
    /// How many label sets there may be; further ones share one whose labels all say `other`.
    package let seriesMax: Int
  }

  /// Label sets of a metric without keys: a few words times the status codes of HTTP.
  static let seriesMaxDefault = 256

  /// Prometheus suffers from label sets without bound; a gateway has at most this many lanes (architecture.md, 7).
  static let lanesMax = 1_000

  package var definition: Definition {
    switch self {
    case .buildInfo: gauge("hoglet_build_info", ["version"], "Always 1; the label says which version runs.")
    case .startTime:
      gauge("process_start_time_seconds", [], "When the process started, in seconds since 1970.", scale: 1_000)
    case .residentMemory: gauge("process_resident_memory_bytes", [], "Memory the process holds.")
    case .records:
      counter(
        "hoglet_records_total", ["state", "signal", "key"],
        "Spans and log records by what became of them: accepted + recovered + retried + restored = the other states + hoglet_records_pending.",
        seriesMax: lanesSeriesMax(RecordState.allCases.count))
    case .recordsPending:
      gauge(
        "hoglet_records_pending", ["signal", "key"], "Spans and log records that are accepted and not yet done.",
        seriesMax: lanesSeriesMax(1))
    case .oldestPendingAge:
      gauge("hoglet_oldest_pending_age_seconds", [], "How long the oldest request in the spool waits.", scale: 1_000)
    case .requests:
      counter(
        "hoglet_requests_total", ["signal", "protocol", "code"],
        "Requests answered, by HTTP status; those of gRPC by the status that stands for theirs.")
    case .requestBytes: counter("hoglet_request_bytes_total", ["signal"], "Bytes of accepted requests, decompressed.")
    case .rejects: counter("hoglet_rejects_total", ["reason"], "Requests that were refused.")
    case .spoolBytes: gauge("hoglet_spool_bytes", [], "Bytes of the spool in use.")
    case .spoolBytesMax: gauge("hoglet_spool_max_bytes", [], "Bytes the spool may use (spool.max_bytes).")
    case .spoolRequests: gauge("hoglet_spool_requests", [], "Requests in the spool.")
    case .spoolRefusals: counter("hoglet_spool_refusals_total", ["reason"], "Requests the spool did not take.")
    case .spoolCommits: counter("hoglet_spool_commits_total", [], "Transactions synced to disk.")
    case .spoolDeadLetters: gauge("hoglet_spool_dead_letters", [], "Events that PostHog refused for good.")
    case .spoolQuarantined: counter("hoglet_spool_quarantined_total", [], "Damaged records that were set aside.")
    case .tracesOpen: gauge("hoglet_traces_open", [], "Traces that wait to become complete.")
    case .traces: counter("hoglet_traces_total", ["outcome"], "Traces that are done, by outcome.")
    case .redactions:
      counter(
        "hoglet_redactions_total", ["action", "match"],
        "Values that redaction dropped, masked or hashed in events, by what was found: a preset, a pattern's name, `property` (the whole value), `privacy` or `size`."
      )
    case .anomalies:
      counter("hoglet_anomalies_total", ["kind"], "Patterns and services that behaved unusually, by what was seen.")
    case .mappingsReloads:
      counter("hoglet_mappings_reload_total", ["outcome"], "Times the mappings were loaded anew, by outcome.")
    case .mappingsErrors:
      gauge(
        "hoglet_mappings_errors", [],
        "Errors in the mappings as their folder has them; above 0 the set before is in use.")
    case .accessReloads:
      counter("hoglet_access_reload_total", ["outcome"], "Times the access file was loaded anew, by outcome.")
    case .policyReloads:
      counter("hoglet_policy_reload_total", ["outcome"], "Times the policy file was loaded anew, by outcome.")
    case .captureRequests:
      counter("hoglet_capture_requests_total", ["lane", "code"], "Requests to PostHog, by status.")
    case .captureRetries:
      counter("hoglet_capture_retries_total", ["lane"], "Requests to PostHog that were tried again.")
    case .captureInFlight: gauge("hoglet_capture_in_flight", [], "Requests to PostHog that wait for an answer.")
    case .captureBytes: counter("hoglet_capture_bytes_total", ["lane"], "Bytes sent to PostHog, compressed.")
    case .captureEvents: counter("hoglet_capture_events_total", ["lane"], "Events and log records PostHog has taken.")
    case .captureShortened:
      counter("hoglet_capture_events_shortened_total", [], "Events that were cut because their endpoint takes less.")
    case .laneState:
      gauge(
        "hoglet_lane_state", ["key"],
        "How PostHog takes a key's events: 0 it does, 1 not for now (tried again by itself), 2 the key or host is refused.",
        seriesMax: Self.lanesMax + 1)
    case .laneOldestAge:
      gauge(
        "hoglet_lane_oldest_pending_age_seconds", ["key"], "How long the oldest unfinished request of a key waits.",
        scale: 1_000, seriesMax: Self.lanesMax + 1)
    case .laneBytes:
      gauge(
        "hoglet_lane_outstanding_bytes", ["key"], "Bytes of a key's events that are on their way to PostHog.",
        seriesMax: Self.lanesMax + 1)
    }
  }

  private func counter(
    _ name: String, _ labels: [String], _ help: String, seriesMax: Int = seriesMaxDefault
  ) -> Definition {
    Definition(name: name, kind: .counter, labels: labels, help: help, scale: 1, seriesMax: seriesMax)
  }

  private func gauge(
    _ name: String, _ labels: [String], _ help: String, scale: Int = 1, seriesMax: Int = seriesMaxDefault
  ) -> Definition {
    Definition(name: name, kind: .gauge, labels: labels, help: help, scale: scale, seriesMax: seriesMax)
  }

  /// Two signals a lane, and one lane more for those beyond the limit.
  private func lanesSeriesMax(_ states: Int) -> Int { (Self.lanesMax + 1) * 2 * states }
}

/// What can become of a span or log record (architecture.md, section 7, accounting).
package enum RecordState: String, Sendable, CaseIterable {
  /// Durable in the spool, by this process.
  case accepted
  /// Found in the spool at start, accepted by an earlier process.
  case recovered
  /// A dead letter that is tried again.
  case retried
  /// Left out by sampling, and now sent because an error came.
  case restored
  case delivered
  case sampledOut = "sampled_out"
  /// Of a trace without AI spans.
  case noEvent = "no_event"
  /// A log record that was joined into an event.
  case consumed
  case duplicate
  case deadLettered = "dead_lettered"

  /// Whether the record has just come, as opposed to being done.
  package var isArrival: Bool {
    switch self {
    case .accepted, .recovered, .retried, .restored: true
    default: false
    }
  }
}
