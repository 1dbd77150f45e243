import Bytes
import Mapping
import Sampling
import Telemetry

/// What a loaded trace says of sampling done before it came here (W3C tracestate).
struct UpstreamSampling {
  var threshold = SamplingThreshold.keepAll
  var randomness: UInt64

  /// Spans of one trace were sampled alike; the strictest counts if not.
  init(_ batch: Batch, trace: TraceID) {
    randomness = trace.randomness
    for span in batch.spans where !span.traceState.isEmpty {
      let state = TraceState(batch.arena.span, span.traceState)
      if let threshold = state.threshold { self.threshold = max(self.threshold, threshold) }
      if let randomness = state.randomness { self.randomness = randomness }
    }
  }
}

extension SamplingUnit {
  /// A trace as the sampler sees it, with the pattern of each event and log record of it; `facts` must not be empty.
  init(_ facts: [EventFacts], _ seen: [SeenPattern], upstream: UpstreamSampling) {
    let root = facts.first { $0.isEssential && !$0.isError } ?? facts[0]
    let service = Label(root.service)
    let model = facts.max { $0.tokens < $1.tokens }.map(\.model) ?? ""
    let modelOfAny = model.isEmpty ? facts.first { !$0.model.isEmpty }?.model ?? "" : model
    self.init(
      randomness: upstream.randomness, service: service, stratum: modelOfAny.isEmpty ? service : Label(modelOfAny),
      items: facts.count)
    self.upstream = upstream.threshold
    essentials = Essentials(items: 0, tokens: 0, cost: .zero)
    for fact in facts {
      tokens += Int(fact.tokens)
      cost += NanoDollars(fact.nanoDollars)
      if fact.isError { hasError = true }
      if fact.isKeepAsked { forced = .attribute }
      if fact.isEssential {
        essentials.items += 1
        essentials.tokens += Int(fact.tokens)
        essentials.cost += NanoDollars(fact.nanoDollars)
      }
    }
    for pattern in seen where patterns.count < Self.patternsMax && !patterns.contains(pattern) {
      patterns.append(pattern)
    }
  }
}

extension SamplingUnit {
  /// Kinds of events and records of one trace that a decision looks at: more are told apart by nobody.
  private static let patternsMax = 64

  /// A log record that is judged by itself. Without a trace its randomness is a hash of what it says.
  init(
    _ log: LogRecord, _ pattern: UInt64, _ severity: Severity, _ bytes: ByteSpan, service: Label, trace: TraceID?
  ) {
    self.init(
      randomness: trace?.randomness ?? log.randomness(bytes, pattern, service), service: service, stratum: service,
      items: 1)
    hasError = severity >= .error
    patterns = [SeenPattern(id: pattern, severity: severity)]
  }
}

extension LogRecord {
  /// Its severity; by its text where it has no number.
  func band(_ batch: Batch) -> Severity {
    if severity > 0 || severityText.isEmpty || severityText.count > 12 { return Severity(number: severity) }
    return Severity(name: batch.arena.span.string(severityText)) ?? .unspecified
  }

  /// 56 bits.
  func randomness(_ bytes: ByteSpan, _ pattern: UInt64, _ service: Label) -> UInt64 {
    var text = Array(service.text.utf8)
    for word in [pattern, time > 0 ? time : observedTime, Hash.bytes(bytes, encoded)] {
      for shift in 0..<8 { text.append(UInt8(truncatingIfNeeded: word &>> UInt64(8 * shift))) }
    }
    return Hash.bytes(text.span, Slice(0, text.count)) & (SamplingThreshold.end - 1)
  }
}

extension EventFacts {
  var tokens: Int64 { inputTokens &+ outputTokens }
}

extension Decision {
  init(_ verdict: Verdict, policyVersion: UInt32) {
    self.init(
      isKept: verdict.isKept, probability: verdict.probability, weight: verdict.weight, reason: verdict.reason,
      policyVersion: policyVersion)
    isEssential = verdict.isEssentialsOnly
  }

  /// What every event of a trace says of it, as `WritingContext.members`; nothing where nothing was sampled.
  /// `upstream` is the sampling before it came here.
  func members(upstream: SamplingThreshold) -> [UInt8] {
    if self == .keepAll { return [] }
    var out = ByteBuffer(capacity: 160)
    out.append("\"$sample_weight\":")
    out.appendJSONNumber(isEssential ? 1 : weight)
    out.append(",\"$sample_rate\":")
    out.appendJSONNumber(probability)
    out.append(",\"$sample_reason\":\"")
    out.append(reason.text)
    out.append("\",\"$sample_policy\":\"")
    out.append(Array(String(policyVersion).utf8))
    out.append("\",")
    let total = reason == .unsampled ? upstream.probability : probability * upstream.probability
    let threshold = SamplingThreshold(probability: total)
    if threshold != .keepAll {
      out.append("\"$sample_threshold\":\"ot=th:")
      out.append(Array(threshold.th.utf8))
      out.append("\",")
    }
    return out.array()
  }
}
