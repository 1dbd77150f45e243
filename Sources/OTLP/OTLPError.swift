internal import Bytes

/// Why a whole request is refused. Nothing in it quotes the request: names are the specification's, places are offsets.
package enum OTLPError: Error, Equatable, Sendable {
  /// Not the message it should be. `path` is the field, where it is known (`resourceSpans.scopeSpans.spans`).
  case malformed(offset: Int, path: String, reason: String)
  /// More spans or log records than `Limits.recordsMax`.
  case tooManyRecords
  /// More messages and values than `Limits.nodesMax`.
  case tooManyValues
  /// A resource or scope with more attributes than `Limits.attributesMax`.
  case tooManyAttributes(offset: Int)
  /// Values nested deeper than `Limits.depthMax`.
  case tooDeep(offset: Int)

  /// Whether a limit was exceeded (413 or RESOURCE_EXHAUSTED) rather than the bytes being wrong (400).
  package var isOverLimit: Bool {
    if case .malformed = self { false } else { true }
  }

  init(_ error: ProtobufError) {
    let offset =
      switch error {
      case .truncated(let offset), .varintTooLong(let offset), .badTag(let offset), .tooDeep(let offset): offset
      }
    self = .malformed(offset: offset, path: "", reason: error.reason)
  }

  init(_ error: JSONError) {
    self =
      error.reason == .tooDeep
      ? .tooDeep(offset: error.offset) : .malformed(offset: error.offset, path: "", reason: error.reason.rawValue)
  }

  /// The same error, told from one message further out.
  func below(_ field: String) -> OTLPError {
    guard case .malformed(let offset, let path, let reason) = self else { return self }
    return .malformed(offset: offset, path: path.isEmpty ? field : field + "." + path, reason: reason)
  }
}

extension OTLPError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let offset, let path, let reason):
      "the request is not valid OTLP: \(reason) (byte \(offset)\(path.isEmpty ? "" : ", in \(path)"))"
    case .tooManyRecords:
      "the request holds more than \(Limits.recordsMax) spans or log records; send smaller batches"
    case .tooManyValues:
      "the request holds more than \(Limits.nodesMax) values; send smaller batches"
    case .tooManyAttributes(let offset):
      "a resource or scope has more than \(Limits.attributesMax) attributes (byte \(offset))"
    case .tooDeep(let offset):
      "a value is nested more than \(Limits.depthMax) levels deep (byte \(offset)); send it as JSON text"
    }
  }
}

extension ProtobufError {
  fileprivate var reason: String {
    switch self {
    case .truncated: "the message ends inside a field"
    case .varintTooLong: "a varint is longer than ten bytes"
    case .badTag: "a field tag is not valid"
    case .tooDeep: "groups are nested too deeply"
    }
  }
}

extension ProtobufCursor {
  /// `next(in:)` with this target's error.
  @inline(__always) mutating func field(in bytes: ByteSpan) throws(OTLPError) -> ProtobufField? {
    do throws(ProtobufError) { return try next(in: bytes) } catch { throw OTLPError(error) }
  }
}
