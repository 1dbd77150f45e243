import Bytes

/// Writes metrics in Prometheus' text format, version 0.0.4.
package enum PrometheusText {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// All families, in the order given.
  package static func write(_ families: [MetricFamily]) -> [UInt8] {
    var text = ByteBuffer(capacity: 4_096)
    assert(Set(families.map(\.name)).count == families.count, "a family stands in the text once, with all its series")
    for family in families {
      text.append("# HELP \(family.name) \(escape(family.help, quotes: false))\n")
      text.append("# TYPE \(family.name) \(family.kind.rawValue)\n")
      for sample in family.samples { write(sample, of: family.name, to: &text) }
    }
    return text.array()
  }

  private static func write(_ sample: MetricFamily.Sample, of name: String, to text: inout ByteBuffer) {
    switch sample.reading {
    case .number(let value): line(name, sample.labels, value, to: &text)
    case .distribution(let bounds, let counts, let sum):
      precondition(counts.count == bounds.count + 1, "a histogram counts what is above its last bound too")
      var total: UInt64 = 0
      for (index, count) in counts.enumerated() {
        total += count
        let bound = index < bounds.count ? number(bounds[index]) : "+Inf"
        line(name + "_bucket", sample.labels + [.init(name: "le", value: bound)], Double(total), to: &text)
      }
      line(name + "_sum", sample.labels, sum, to: &text)
      line(name + "_count", sample.labels, Double(total), to: &text)
    }
  }

  private static func line(
    _ name: String, _ labels: [MetricFamily.Label], _ value: Double, to text: inout ByteBuffer
  ) {
    text.append(name)
    if !labels.isEmpty {
      let pairs = labels.map { "\($0.name)=\"\(escape($0.value, quotes: true))\"" }
      text.append("{\(pairs.joined(separator: ","))}")
    }
    text.append(" \(number(value))\n")
  }

  /// Whole numbers without a fraction, as people read counters; the rest as short as it is exact.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map { String($0) } ?? String(value)
  }

  /// Backslash and line feed; in label values the quote as well.
  private static func escape(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
