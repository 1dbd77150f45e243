public import Bytes

/// An OTLP `AnyValue`. Text and nested values stay where they are in the arena; nested ones are read on demand with
/// `ArrayReader` and `MapReader` (opentelemetry/proto/common/v1/common.proto).
@frozen @usableFromInline
package enum Value: Sendable, Equatable {
  /// An `AnyValue` with nothing in it: OTLP's null.
  case empty
  case string(Slice)
  case int(Int64)
  case double(Double)
  case bool(Bool)
  case bytes(Slice)
  /// The encoded `ArrayValue` message.
  case array(Slice)
  /// The encoded `KeyValueList` message.
  case map(Slice)

  /// Reads one encoded `AnyValue`. Of several values in one message the last counts, as protobuf has it for a oneof.
  /// (Two arrays or two maps would be merged; intake rewrites such a message, so none reaches this.)
  @inlinable package init(_ bytes: ByteSpan, anyValue slice: Slice) throws(ProtobufError) {
    var cursor = ProtobufCursor(slice)
    self = .empty
    while let field = try cursor.next(in: bytes) {
      switch (field.number, field.wire) {
      case (1, .bytes): self = .string(field.slice)
      case (2, .varint): self = .bool(field.scalar != 0)
      case (3, .varint): self = .int(Int64(bitPattern: field.scalar))
      case (4, .fixed64): self = .double(Double(bitPattern: field.scalar))
      case (5, .bytes): self = .array(field.slice)
      case (6, .bytes): self = .map(field.slice)
      case (7, .bytes): self = .bytes(field.slice)
      // An index into a string table that only profiles have.
      case (8, .varint): self = .empty
      default: continue
      }
    }
  }

  /// Whether a field of an `AnyValue` is a value that is no message.
  package static func isScalar(_ field: ProtobufField) -> Bool {
    switch (field.number, field.wire) {
    case (1, .bytes), (2, .varint), (3, .varint), (4, .fixed64), (7, .bytes), (8, .varint): true
    default: false
    }
  }
}

/// A key and its value.
@frozen @usableFromInline
package struct Attribute: Sendable, Equatable {
  @usableFromInline package var key: Slice
  @usableFromInline package var value: Value

  @inlinable package init(key: Slice, value: Value) {
    self.key = key
    self.value = value
  }

  /// Reads one encoded `KeyValue`.
  @inlinable package init(_ bytes: ByteSpan, keyValue slice: Slice) throws(ProtobufError) {
    if let plain = Attribute(bytes, plainKeyValue: slice) {
      self = plain
      return
    }
    var cursor = ProtobufCursor(slice)
    var key = Slice.empty
    var value = Value.empty
    while let field = try cursor.next(in: bytes) {
      if field.wire != .bytes { continue }
      if field.number == 1 { key = field.slice }
      if field.number == 2 { value = try Value(bytes, anyValue: field.slice) }
    }
    self.init(key: key, value: value)
  }
}

/// Walks the elements of `Value.array`.
package struct ArrayReader {
  private var cursor: ProtobufCursor

  package init(_ array: Slice) {
    cursor = ProtobufCursor(array)
  }

  package mutating func next(in bytes: ByteSpan) throws(ProtobufError) -> Value? {
    while let field = try cursor.next(in: bytes) {
      if field.number == 1, field.wire == .bytes { return try Value(bytes, anyValue: field.slice) }
    }
    return nil
  }
}

/// Walks the members of `Value.map`.
package struct MapReader {
  private var cursor: ProtobufCursor

  package init(_ map: Slice) {
    cursor = ProtobufCursor(map)
  }

  package mutating func next(in bytes: ByteSpan) throws(ProtobufError) -> Attribute? {
    while let field = try cursor.next(in: bytes) {
      if field.number == 1, field.wire == .bytes { return try Attribute(bytes, keyValue: field.slice) }
    }
    return nil
  }
}
