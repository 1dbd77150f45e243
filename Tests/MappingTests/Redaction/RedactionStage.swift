import Bytes
import Testing

@testable import Mapping

/// A redactor made from the text of a redaction.yaml, and events to try it on.
enum RedactionStage {
  static let salt = Array("a salt of enough length".utf8)

  static func redactor(
    _ yaml: String, salt: [UInt8]? = salt, privacy: Privacy? = nil
  ) throws -> Redactor {
    let files = try MappingFixtures.examples(with: "redaction.yaml", yaml)
    let (set, diagnostics) = MappingReader.read(
      files: files, redaction: RedactionSettings(privacy: privacy, salt: salt))
    let errors = diagnostics.filter { $0.severity == .error }
    #expect(errors.isEmpty, "\(Diagnostic.render(errors))")
    return Redactor(
      try #require(RedactionProgram(set.redaction, salt: salt, dialects: set.order.map(\.value))))
  }

  static func mask(_ presets: Preset...) throws -> Redactor {
    try redactor("rules: [{action: mask, match: [\(presets.map(\.rawValue).joined(separator: ", "))]}]")
  }

  static let head =
    #"{"event":"$ai_span","distinct_id":"u","uuid":"0","timestamp":"t","properties":{"$ai_trace_id":"t","#
  static let tail = #""$lib":"hoglet","$lib_version":"0"}}"#

  /// Redacts an event with these members, each followed by a comma; returns the members.
  static func members(
    _ members: String, _ redactor: Redactor, dialect: Int = 0, service: String = "", before: Int = 0,
    countsBefore: Bool = false
  ) -> String {
    var out = ByteBuffer()
    out.append(String(repeating: "x", count: before))
    out.append(head)
    let body = out.count
    out.append(members)
    out.append(tail)
    redactor.redact(&out, event: countsBefore ? 0 : before, body: body, dialect: dialect, service: Array(service.utf8))
    let text = String(decoding: out.array(from: before), as: UTF8.self)
    #expect(text.hasPrefix(head) && text.hasSuffix(tail), "\(text)")
    return String(text.dropFirst(head.count).dropLast(tail.count))
  }
}

extension Redactor {
  func redact(_ text: String) -> String { String(decoding: redact(Array(text.utf8)), as: UTF8.self) }
}
