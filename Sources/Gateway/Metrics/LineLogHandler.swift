internal import Bytes
package import Logging

/// Writes each log event as one line, for people or as JSON. Whatever a message or value holds, it stays one line, is
/// cut at `valueBytesMax`, and shows no PostHog key.
package struct LineLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let format: LogFormat
  private let now: @Sendable () -> LogTime
  private let write: @Sendable ([UInt8]) -> Void

  /// What a message or a single value may fill: a stack trace or an answer of PostHog, not a prompt.
  static let valueBytesMax = 4_096

  package init(
    label: String, settings: GatewaySettings.Log, now: @escaping @Sendable () -> LogTime,
    write: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.label = label
    self.format = settings.format
    self.logLevel = settings.level
    self.now = now
    self.write = write
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let given = event.metadata { all.merge(given) { $1 } }
    if let error = event.error { all["error"] = .string("\(error)") }
    let values = all.sorted { $0.key < $1.key }
    var line = ByteBuffer()
    switch format {
    case .text: appendText(event, values, to: &line)
    case .json: appendJSON(event, values, to: &line)
    }
    line.append(UInt8(ascii: "\n"))
    write(line.array())
  }

  private func appendText(
    _ event: LogEvent, _ values: [(key: String, value: Logger.MetadataValue)], to line: inout ByteBuffer
  ) {
    line.append(now().text)
    line.append(" \(event.level.rawValue.uppercased()) ")
    line.append(Self.printable(event.message.description))
    for (key, value) in values {
      line.append(" \(Self.printable(key))=")
      let text = Self.printable(value.description)
      // Values with blanks are quoted, so that a line can be taken apart again.
      if text.isEmpty || text.contains(where: { " =\"".contains($0) }) {
        line.appendJSONString(text)
      } else {
        line.append(text)
      }
    }
  }

  private func appendJSON(
    _ event: LogEvent, _ values: [(key: String, value: Logger.MetadataValue)], to line: inout ByteBuffer
  ) {
    line.append("{\"time\":\"\(now().text)\",\"level\":\"\(event.level.rawValue)\",\"logger\":")
    line.appendJSONString(label)
    line.append(",\"message\":")
    line.appendJSONString(Self.bounded(event.message.description))
    if !values.isEmpty {
      line.append(",\"metadata\":")
      Self.appendJSON(.dictionary(Dictionary(uniqueKeysWithValues: values.map { ($0.key, $0.value) })), to: &line)
    }
    line.append(UInt8(ascii: "}"))
  }

  private static func appendJSON(_ value: Logger.MetadataValue, to line: inout ByteBuffer) {
    switch value {
    case .string(let text): line.appendJSONString(bounded(text))
    case .stringConvertible(let value): line.appendJSONString(bounded(value.description))
    case .array(let values):
      line.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        appendJSON(value, to: &line)
      }
      line.append(UInt8(ascii: "]"))
    case .dictionary(let values):
      line.append(UInt8(ascii: "{"))
      for (index, (key, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        line.appendJSONString(bounded(key))
        line.append(UInt8(ascii: ":"))
        appendJSON(value, to: &line)
      }
      line.append(UInt8(ascii: "}"))
    }
  }

  private static func bounded(_ text: String) -> String {
    let scrubbed = Redaction.scrub(text)
    guard scrubbed.utf8.count > valueBytesMax else { return scrubbed }
    return String(decoding: scrubbed.utf8.prefix(valueBytesMax), as: UTF8.self) + "…"
  }

  /// The text on one line: control characters (and the line separators of Unicode) become escapes.
  private static func printable(_ text: String) -> String {
    var output = ""
    for scalar in bounded(text).unicodeScalars {
      switch scalar.value {
      case 0x0a: output += "\\n"
      case 0x0d: output += "\\r"
      case 0x09: output += "\\t"
      case ..<0x20, 0x7f..<0xa0, 0x2028, 0x2029: output += "\\u{\(String(scalar.value, radix: 16))}"
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output
  }
}
