internal import Bytes
internal import Telemetry

/// Checks attributes and values down to the last byte, counting them, without decoding any.
struct ValueWalk {
  /// Messages seen so far.
  var nodes = 0
  /// A message that may stand once stands twice somewhere: protobuf merges them, see `Normaliser`.
  var repeatsSingular = false
  /// The key of the attribute walked last.
  var lastKey = Slice.empty

  @inline(__always) mutating func countNode() throws(OTLPError) {
    nodes &+= 1
    if nodes > Limits.nodesMax { throw .tooManyValues }
  }

  /// A `KeyValue` that stands in `depth` values.
  @inline(__always) mutating func keyValue(_ bytes: ByteSpan, _ slice: Slice, depth: Int = 0) throws(OTLPError) {
    if let plain = Attribute(bytes, plainKeyValue: slice) {
      lastKey = plain.key
      nodes &+= 2
      if nodes > Limits.nodesMax { throw .tooManyValues }
    } else {
      try anyKeyValue(bytes, slice, depth: depth)
    }
  }

  private mutating func anyKeyValue(_ bytes: ByteSpan, _ slice: Slice, depth: Int) throws(OTLPError) {
    try countNode()
    var cursor = ProtobufCursor(slice)
    var values = 0
    lastKey = .empty
    var key = Slice.empty
    while let field = try cursor.field(in: bytes) {
      guard field.wire == .bytes else { continue }
      if field.number == 1 {
        key = field.slice
      } else if field.number == 2 {
        values &+= 1
        try anyValue(bytes, field.slice, depth: depth &+ 1)
      }
    }
    lastKey = key
    if values > 1 { repeatsSingular = true }
  }

  /// An `AnyValue`; `depth` is 1 for one that stands in no other.
  mutating func anyValue(_ bytes: ByteSpan, _ slice: Slice, depth: Int) throws(OTLPError) {
    guard depth <= Limits.depthMax else { throw .tooDeep(offset: slice.start) }
    try countNode()
    var cursor = ProtobufCursor(slice)
    var nested = 0
    while let field = try cursor.field(in: bytes) {
      guard field.wire == .bytes, field.number == 5 || field.number == 6 else { continue }
      nested &+= 1
      try countNode()
      var elements = ProtobufCursor(field.slice)
      while let element = try elements.field(in: bytes) {
        guard element.number == 1, element.wire == .bytes else { continue }
        if field.number == 5 {
          try anyValue(bytes, element.slice, depth: depth &+ 1)
        } else {
          try keyValue(bytes, element.slice, depth: depth)
        }
      }
    }
    if nested > 1 { repeatsSingular = true }
  }

  /// A message of scalars only (`Status`).
  mutating func flat(_ bytes: ByteSpan, _ slice: Slice) throws(OTLPError) {
    try countNode()
    var cursor = ProtobufCursor(slice)
    while try cursor.field(in: bytes) != nil {}
  }

  /// A message that matters only for its attributes, in field `number`. Returns how many there are.
  mutating func attributed(_ bytes: ByteSpan, _ slice: Slice, number: UInt32) throws(OTLPError) -> Int {
    try countNode()
    var cursor = ProtobufCursor(slice)
    var count = 0
    while let field = try cursor.field(in: bytes) {
      guard field.number == number, field.wire == .bytes else { continue }
      count &+= 1
      try keyValue(bytes, field.slice)
    }
    return count
  }
}
