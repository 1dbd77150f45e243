/// placeholder
struct Pattern: Sendable {
  init(_ text: String) throws {}
  func firstGroup(in bytes: Swift.Span<UInt8>) -> Range<Int>? { nil }
}
