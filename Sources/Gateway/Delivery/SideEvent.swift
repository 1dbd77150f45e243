import Bytes
import Codec
import Mapping
import Sampling
import Spool

/// An event that Hoglet itself sends, beside those of traces: it goes to `/batch/`, since the AI endpoint takes only names
/// that it knows.
struct SideEvent: Equatable {
  var name: String
  var uuid: String
  /// Nanoseconds since 1970.
  var time: UInt64
  /// The complete JSON object.
  var json: [UInt8]

  /// Whose events these are: nobody's, so they make no person.
  static let distinctID = "hoglet"
  /// For UUIDv5: made once at random, never to change.
  private static let namespace: (UInt64, UInt64) = (0x2b7d_51c4_9e06_4f3a, 0x8d15_6ac2_70f3_9be4)

  /// `identity` is what the uuid is made from: the same bytes for the same event, on every attempt. `properties` writes
  /// members, each with a comma behind it.
  init(name: String, identity: [UInt8], time: UInt64, properties: (inout ByteBuffer) -> Void) {
    let id = UUID5.make(namespace: Self.namespace, name: identity.span)
    var out = ByteBuffer(capacity: 512)
    out.appendUUID(id)
    uuid = out.string
    out.truncate(to: 0)
    out.append("{\"event\":")
    out.appendJSONString(name)
    out.append(",\"distinct_id\":")
    out.appendJSONString(Self.distinctID)
    out.append(",\"uuid\":\"")
    out.append(Array(uuid.utf8))
    out.append("\",\"timestamp\":\"")
    out.appendTimestamp(time)
    out.append("\",\"properties\":{")
    properties(&out)
    out.append("\"$process_person_profile\":false,\"$geoip_disable\":true,\"$lib\":\"hoglet\",\"$lib_version\":\"")
    out.append(Mapper.version)
    out.append("\"}}")
    self.name = name
    self.time = time
    json = out.array()
  }

  /// As it was stored.
  init(name: String, uuid: String, time: UInt64, json: [UInt8]) {
    self.name = name
    self.uuid = uuid
    self.time = time
    self.json = json
  }
}

extension SideEvent {
  /// Something unusual. `name` shows the pattern, or is that of the service.
  init(_ anomaly: Anomaly, name: String, instance: [UInt8]) {
    let time = anomaly.minute &* 60_000_000_000
    let subject =
      switch anomaly.subject {
      case .pattern(let pattern): "pattern \(PatternID(pattern))"
      case .service(let label): "service \(label.text)"
      }
    let identity = instance + Array("\(anomaly.kind.rawValue) \(anomaly.minute) \(subject)".utf8)
    self.init(name: "hoglet_anomaly", identity: identity, time: time) { out in
      out.append("\"kind\":\"\(anomaly.kind.rawValue)\",")
      if case .pattern(let pattern) = anomaly.subject {
        out.append("\"pattern\":\"\(PatternID(pattern))\",\"template\":")
      } else {
        out.append("\"service\":")
      }
      out.appendJSONString(name)
      out.append(",\"count\":\(anomaly.count),\"expected\":")
      out.appendJSONNumber(anomaly.expected)
      out.append(",")
    }
  }

  /// The sum of what was not sent of one cell (docs/sampling.md). `instance` tells gateways apart that serve one project.
  init(_ rollUp: RollUp, instance: [UInt8]) {
    let cell = rollUp.cell
    let amounts = rollUp.amounts
    let start = UInt64(cell.startMinute) &* 60_000_000_000
    self.init(name: "hoglet_rollup", identity: rollUp.identity(spool: instance, key: []), time: start) { out in
      func number(_ name: StaticString, _ value: Int64) {
        out.append("\"")
        out.append(name)
        out.append("\":")
        out.append(Array(String(value).utf8))
        out.append(",")
      }
      func text(_ name: StaticString, _ value: String) {
        out.append("\"")
        out.append(name)
        out.append("\":")
        out.appendJSONString(value)
        out.append(",")
      }
      if let severity = LeftOutAmounts.severity(of: cell.model) {
        text("signal", "logs")
        text("severity", severity)
      } else {
        text("signal", "traces")
        text("model", cell.model.text)
      }
      text("service", cell.service.text)
      text("status", cell.status == .error ? "error" : "ok")
      number("interval_minutes", Int64(cell.minutes))
      number("part", Int64(clamping: rollUp.part))
      number("units", amounts.units)
      number("events", amounts.events)
      number("input_tokens", amounts.inputTokens)
      number("output_tokens", amounts.outputTokens)
      number("errors", amounts.errors)
      out.append("\"cost_usd\":")
      out.appendDollars(amounts.cost.value)
      out.append(",\"latency_ms\":{")
      var isFirst = true
      for bucket in 0..<LatencyHistogram.bucketCount where amounts.latency[bucket] != 0 {
        if !isFirst { out.append(",") }
        isFirst = false
        let bound = LatencyHistogram.upperMilliseconds(bucket).map(String.init) ?? "more"
        out.append(Array("\"\(bound)\":\(amounts.latency[bucket])".utf8))
      }
      out.append("},")
    }
  }
}

extension ByteBuffer {
  /// Billionths of a dollar as a decimal fraction, exactly.
  fileprivate mutating func appendDollars(_ nano: Int64) {
    if nano < 0 { append("-") }
    let digits = String(nano.magnitude)
    let padded = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
    append(Array(padded.dropLast(9).utf8))
    append(".")
    append(Array(padded.suffix(9).utf8))
  }
}
