/// Why a server could not start.
package enum TransportError: Error, Equatable, CustomStringConvertible {
  /// The text is no `host:port`.
  case badAddress(String)
  /// The host has no address.
  case unknownHost(String)
  case addressInUse(String)
  case notPermitted(String)
  case addressNotAvailable(String)
  /// Any other refusal of the system.
  case cannotListen(String, reason: String)

  package var description: String {
    switch self {
    case .badAddress(let text):
      "\"\(text)\" is not an address to listen on; write host:port, as in 0.0.0.0:4318 or [::]:4318"
    case .unknownHost(let text): "the host of \"\(text)\" has no address; write an IP address of this machine"
    case .addressInUse(let text):
      "cannot listen on \(text): another program does; stop it (`ss -ltnp` shows which) or choose another port"
    case .notPermitted(let text):
      "cannot listen on \(text): not permitted; choose a port from 1024 up or grant CAP_NET_BIND_SERVICE"
    case .addressNotAvailable(let text): "cannot listen on \(text): this machine does not have that address"
    case .cannotListen(let text, let reason): "cannot listen on \(text): \(reason)"
    }
  }
}
