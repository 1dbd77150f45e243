/// A host and a port, as written in settings: `127.0.0.1:4318`, `[::1]:4318`, `localhost:0`.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  package var host: String
  /// 0 lets the system choose.
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `host:port`; an IPv6 address stands in brackets. Throws `badAddress`.
  package init(parsing text: String) throws(TransportError) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw .badAddress(text) }
    var host = text[..<colon]
    let digits = text[text.index(after: colon)...]
    if host.hasPrefix("[") && host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.utf8.contains(UInt8(ascii: ":")) {
      throw .badAddress(text)
    }
    guard !host.isEmpty, !digits.hasPrefix("+"), let port = UInt16(digits) else { throw .badAddress(text) }
    self.init(host: String(host), port: Int(port))
  }

  package var description: String {
    host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
