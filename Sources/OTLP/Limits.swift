/// How much one request may hold. A small body can name millions of things (`12 00` is an empty message in two bytes),
/// so elements are counted while the body is walked, before anything is allocated for them.
package enum Limits {
  /// Spans or log records a request: a Collector in front sends 8,192, so this leaves an order of magnitude.
  package static let recordsMax = 100_000
  /// Messages a request, attribute values included: 40 a record at the most records; more is an element bomb.
  package static let nodesMax = 4_000_000
  /// Attributes in one list. SDKs stop at 128 unless told otherwise; a flattened LLM conversation has hundreds.
  package static let attributesMax = 1_000
  /// How deep `AnyValue`s may nest: deeper than any real value, shallow enough for a small thread's stack.
  package static let depthMax = 64
  /// The reason given to clients in a partial success stays below this (OTLP 1.11 wants answers trimmed).
  package static let messageBytesMax = 4_096
}
