/// How a request body is packed: the values of `Content-Encoding` we read (RFC 9110, section 8.4.1; zstd: RFC 8878).
package enum ContentEncoding: String, Sendable, CaseIterable {
  case identity, gzip, deflate, zstd

  /// Reads the header's value; nil and empty mean identity. Letter case and the old name `x-gzip` are accepted.
  /// Throws `unsupported` for anything else, also for a list: nobody packs twice but to hide a bomb.
  package init(header: String?) throws(CodecError) {
    guard let header else {
      self = .identity
      return
    }
    let name = header.trimming { $0 == 0x20 || $0 == 0x09 }.lowercased()
    switch name {
    case "", "identity": self = .identity
    case "gzip", "x-gzip": self = .gzip
    case "deflate": self = .deflate
    case "zstd": self = .zstd
    default: throw .unsupported(encoding: Self.printable(name))
    }
  }

  /// A client chose this text and it goes into an answer: short, and letters a header may hold only.
  private static func printable(_ name: String) -> String {
    String(
      decoding: name.utf8.prefix(32).map { byte in (0x21...0x7e).contains(byte) || byte == 0x20 ? byte : 0x3f },
      as: UTF8.self)
  }
}

extension String {
  /// The text without the bytes at either end for which `isBlank` says so.
  fileprivate func trimming(_ isBlank: (UInt8) -> Bool) -> String {
    let bytes = Array(utf8)
    guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }
}
