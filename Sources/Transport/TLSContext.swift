import COpenSSL

/// One certificate with its key as OpenSSL holds it, ready for connections. Never changed once it is made, as OpenSSL
/// demands of a context that several threads use.
@safe final class TLSContext: Sendable {
  /// The `SSL_CTX`'s address.
  private let address: UInt

  /// TLS 1.2 suites with forward secrecy and authenticated encryption; those of TLS 1.3 are all like that.
  private static let suites = "ECDHE+AESGCM:ECDHE+CHACHA20"
  /// What every client has; P-521 for client certificates on that curve. OpenSSL would also do finite-field groups of up to 8,192 bits, with which one client keeps a
  /// core busy (CVE-2002-20001).
  private static let groups = "X25519:P-256:P-384:P-521"

  init(_ identity: TLSSettings.Identity, clientAuthorities: String?) throws(TLSError) {
    guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { throw Self.failure("cannot start OpenSSL") }
    address = UInt(bitPattern: context)
    unsafe SSL_CTX_set_options(context, hoglet_ssl_options())
    unsafe hoglet_ssl_ctx_release_buffers(context)
    guard unsafe hoglet_ssl_ctx_set_min_version(context, TLS1_2_VERSION) == 1,
      unsafe SSL_CTX_set_cipher_list(context, Self.suites) == 1
    else { throw Self.failure("OpenSSL does not know the suites \(Self.suites)") }
    guard unsafe hoglet_ssl_ctx_set_groups(context, Self.groups) == 1 else {
      throw Self.failure("OpenSSL does not know the groups \(Self.groups)")
    }
    // A key with a password would make OpenSSL ask for it on the terminal.
    unsafe SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
    guard unsafe SSL_CTX_use_certificate_chain_file(context, identity.certificate) == 1 else {
      throw Self.failure("\(identity.certificate): no certificate in PEM can be read")
    }
    guard unsafe SSL_CTX_use_PrivateKey_file(context, identity.key, SSL_FILETYPE_PEM) == 1 else {
      throw Self.failure("\(identity.key): no key in PEM without a password that fits \(identity.certificate)")
    }
    unsafe SSL_CTX_set_alpn_select_cb(
      context,
      { _, chosen, count, offered, offeredCount, _ in
        unsafe TLSContext.choose(chosen, count, UnsafeBufferPointer(start: offered, count: Int(offeredCount)))
      }, nil)
    if let clientAuthorities { unsafe try demand(clientAuthorities, context) }
  }

  deinit { unsafe SSL_CTX_free(pointer) }

  private var pointer: OpaquePointer { unsafe OpaquePointer(bitPattern: address).unsafelyUnwrapped }

  private func demand(_ authorities: String, _ context: OpaquePointer) throws(TLSError) {
    guard unsafe SSL_CTX_load_verify_locations(context, authorities, nil) == 1,
      let names = unsafe SSL_load_client_CA_file(authorities)
    else { throw Self.failure("\(authorities): no certificates of authorities in PEM can be read") }
    unsafe SSL_CTX_set_client_CA_list(context, names)
    unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    // Without it a resumed session is refused when certificates are asked for.
    let name = Array("hoglet".utf8)
    unsafe SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
  }

  /// Tells which certificate serves which host: `names` must live as long as this context.
  func ask(_ names: Unmanaged<TLSContexts>) {
    unsafe hoglet_ssl_ctx_set_server_name(
      pointer,
      { session, _, names in
        guard let session = unsafe session, let names = unsafe names,
          let name = unsafe SSL_get_servername(session, TLSEXT_NAMETYPE_host_name)
        else { return SSL_TLSEXT_ERR_OK }
        let contexts = unsafe Unmanaged<TLSContexts>.fromOpaque(names).takeUnretainedValue()
        unsafe contexts.context(for: String(cString: name)).use(for: session)
        return SSL_TLSEXT_ERR_OK
      }, names.toOpaque())
  }

  private func use(for session: OpaquePointer) { unsafe SSL_set_SSL_CTX(session, pointer) }

  /// Whether the certificate is for `host`.
  func serves(_ host: String) -> Bool {
    guard let certificate = unsafe SSL_CTX_get0_certificate(pointer) else { return false }
    return unsafe X509_check_host(certificate, host, host.utf8.count, 0, nil) == 1
  }

  /// A connection's own state; nil if there is no memory.
  func session() -> OpaquePointer? { unsafe SSL_new(pointer) }

  // MARK: ALPN

  /// What we speak, best first, as ALPN writes it (RFC 7301).
  private static let protocols: [[UInt8]] = [Array("h2".utf8), Array("http/1.1".utf8)]

  /// Clients that offer none of them are left to what their first bytes say.
  private static func choose(
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ count: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafeBufferPointer<UInt8>
  ) -> Int32 {
    for name in protocols {
      var start = 0
      while start < offered.count {
        let length = Int(unsafe offered[start])
        guard start + 1 + length <= offered.count else { break }
        if unsafe offered[start + 1..<start + 1 + length].elementsEqual(name) {
          unsafe chosen?.pointee = offered.baseAddress.map { unsafe $0 + start + 1 }
          unsafe count?.pointee = UInt8(length)
          return SSL_TLSEXT_ERR_OK
        }
        start += 1 + length
      }
    }
    return SSL_TLSEXT_ERR_NOACK
  }

  // MARK: Errors

  /// `what`, and OpenSSL's own reason for it. Clears what OpenSSL has noted for this thread.
  static func failure(_ what: String) -> TLSError {
    let code = ERR_peek_last_error()
    ERR_clear_error()
    guard code != 0, let reason = unsafe ERR_reason_error_string(code) else { return TLSError(description: what) }
    return TLSError(description: unsafe "\(what) (\(String(cString: reason)))")
  }
}

/// The contexts of a listener.
final class TLSContexts: Sendable {
  private let all: [TLSContext]

  init(_ settings: TLSSettings) throws(TLSError) {
    var all: [TLSContext] = []
    for identity in settings.identities {
      all.append(try TLSContext(identity, clientAuthorities: settings.clientAuthorities))
    }
    guard !all.isEmpty else { throw TLSError(description: "no certificate is set") }
    self.all = all
    if all.count > 1 { unsafe all[0].ask(Unmanaged.passUnretained(self)) }
  }

  /// What a connection begins with.
  var first: TLSContext { all[0] }

  func context(for host: String) -> TLSContext { all.first { $0.serves(host) } ?? all[0] }
}
