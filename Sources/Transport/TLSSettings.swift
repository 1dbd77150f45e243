/// What a listener needs to speak TLS: files in PEM.
package struct TLSSettings: Sendable, Equatable {
  /// A certificate with the chain below it, and its key.
  package struct Identity: Sendable, Equatable {
    package var certificate: String
    package var key: String

    package init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  /// The first serves clients that name no host, or one that no certificate is for (SNI, RFC 6066).
  package var identities: [Identity]
  /// Clients must show a certificate that one of these authorities signed; nil: none is asked for.
  package var clientAuthorities: String?

  package init(identities: [Identity], clientAuthorities: String? = nil) {
    self.identities = identities
    self.clientAuthorities = clientAuthorities
  }

  /// Every file that is read.
  package var files: [String] {
    identities.flatMap { [$0.certificate, $0.key] } + (clientAuthorities.map { [$0] } ?? [])
  }
}

/// Why TLS cannot be served with these files.
package struct TLSError: Error, Equatable, CustomStringConvertible {
  package var description: String
}
