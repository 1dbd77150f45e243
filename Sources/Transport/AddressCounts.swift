import NIOCore
import Synchronization

/// Connections open from each client network, so that one client cannot take all of them.
final class AddressCounts: Sendable {
  /// An IPv4 address, or the first 64 bits of an IPv6 one: a host can choose the rest freely.
  struct Key: Hashable, Sendable {
    let bits: UInt64
  }

  private let perAddressMax: Int
  // Taken once when a connection opens and once when it closes, so hardly ever contended.
  private let counts = Mutex<[Key: Int]>([:])

  init(perAddressMax: Int) {
    self.perAddressMax = perAddressMax
  }

  /// Counts one connection more; false when its address has as many as it may.
  func enter(_ key: Key) -> Bool {
    counts.withLock { counts in
      let count = counts[key, default: 0]
      guard count < perAddressMax else { return false }
      counts[key] = count + 1
      return true
    }
  }

  func leave(_ key: Key) {
    counts.withLock { counts in
      guard let count = counts[key] else { return }
      counts[key] = count > 1 ? count - 1 : nil
    }
  }
}

extension AddressCounts.Key {
  init(_ address: SocketAddress?) {
    switch address {
    case .v4(let address):
      bits = UInt64(UInt32(bigEndian: address.address.sin_addr.s_addr))
    case .v6(let address):
      var bytes = address.address.sin6_addr
      let (high, low) = unsafe withUnsafeBytes(of: &bytes) { raw in
        unsafe (raw.load(as: UInt64.self).bigEndian, raw.load(fromByteOffset: 8, as: UInt64.self).bigEndian)
      }
      // ::ffff:a.b.c.d is an IPv4 client of a socket that takes both.
      bits = high == 0 && low >> 32 == 0xffff ? low & 0xffff_ffff : high
    case .unixDomainSocket, nil:
      bits = 0
    }
  }
}
