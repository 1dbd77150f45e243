import Logging
import Sampling
import Store
import Transport

/// What the policy API does: policies served, stored, activated and rolled back, patterns counted. One at a time, so that a
/// condition on what is there holds until it is changed.
actor PolicyService {
  /// The gateway's own policy, which it samples by; and what services have that have none of their own.
  static let gateway = "*"

  let store: PolicyStore
  nonisolated let anomalies = RecentAnomalies()
  private let adopt: @Sendable (SamplingPolicy) -> Void
  let now: @Sendable () -> Int64
  let log: Logger
  /// The policy file, which goes before the store's policy of the gateway.
  private var file: (path: String, policy: ServedPolicy)?

  init(
    store: PolicyStore, adopt: @escaping @Sendable (SamplingPolicy) -> Void, now: @escaping @Sendable () -> Int64,
    log: Logger
  ) {
    self.store = store
    self.adopt = adopt
    self.now = now
    self.log = log
  }

  /// The policy file as it is in force.
  func use(file path: String, _ read: PolicyFile) {
    guard let policy = read.policy else { return }
    let rates = ServedRates(policy, read.document, [])
    let version = policy.version
    file = (
      path,
      ServedPolicy(
        id: 0, etag: "\"f\(version)\"", service: Self.gateway, version: version, parent: nil, author: "file",
        reasoning: "as \(path) says", created: now(), expires: nil, rates: rates, document: read.document)
    )
  }

  // MARK: Reading

  func active(_ name: String, ifNoneMatch: String?) throws(PolicyRefusal) -> Response {
    let policy = try applying(to: name)
    if let ifNoneMatch, Precondition.matches(ifNoneMatch, policy.etag, isWeak: true) {
      return Response(status: 304, headers: [("etag", policy.etag)])
    }
    return .json(200, policy.json, etag: policy.etag)
  }

  /// The policy that a service samples by.
  func applying(to name: String) throws(PolicyRefusal) -> ServedPolicy {
    if name != Self.gateway, let own = try reading({ () throws(StoreError) in try store.active(of: name) }) {
      return ServedPolicy(own)
    }
    if let file { return file.policy }
    let stored = try reading { () throws(StoreError) in try store.active(of: Self.gateway) }
    return stored.map { ServedPolicy($0) } ?? .everything
  }

  func history(_ name: String, limit: Int) throws(PolicyRefusal) -> Response {
    let found = try reading { () throws(StoreError) in try store.history(of: name, limit: limit) }
    return .json(200, .array(found.map { ServedPolicy($0).historyItem(isActive: $0.isActive) }))
  }

  // MARK: Changing

  func put(_ name: String, _ body: [UInt8], ifMatch: String?) throws(PolicyRefusal) -> Response {
    // What would be refused anyway is refused before conditions are looked at (RFC 9110, section 13.2.1).
    let document = try PolicyBody.document(body)
    let policy = try PolicyBody.policy(document, of: name)
    try refuseFile(name)
    let before = try applying(to: name)
    guard let ifMatch else {
      throw PolicyRefusal(428, "say which policy you change: If-Match with the ETag that GET gave, here \(before.etag)")
    }
    guard Precondition.matches(ifMatch, before.etag, isWeak: false) else {
      throw PolicyRefusal(412, "another policy is active now; its ETag is \(before.etag)")
    }
    let rates = ServedRates(policy, document, try statistics(name).patterns)
    let new = NewPolicy(
      service: name, author: "user", reasoning: document["about"]?.text, created: now(), expires: nil,
      document: document.bytes, rates: JSONValue.object(rates.members).bytes)
    _ = try known(name)
    let stored = try reading { () throws(StoreError) in try store.add(new, activates: true) }
    try adopt(stored)
    return .json(200, ServedPolicy(stored).json, etag: ServedPolicy(stored).etag)
  }

  func activate(_ id: Int64, ifMatch: String?) throws(PolicyRefusal) -> Response {
    let policy = try stored(id)
    try refuseFile(policy.service)
    let before = try applying(to: policy.service)
    if let ifMatch, !Precondition.matches(ifMatch, before.etag, isWeak: false) {
      throw PolicyRefusal(412, "another policy is active now; its ETag is \(before.etag)")
    }
    if let expires = policy.expires, expires <= now() {
      throw PolicyRefusal(409, "this policy has expired; generate anew")
    }
    try judge(policy)
    let active = try reading { () throws(StoreError) in try store.activate(policy) }
    try adopt(active)
    return .json(200, ServedPolicy(active).json, etag: ServedPolicy(active).etag)
  }

  func rollBack(_ id: Int64) throws(PolicyRefusal) -> Response {
    let policy = try stored(id)
    try refuseFile(policy.service)
    guard policy.isActive else { throw PolicyRefusal(409, "this policy is not active; activate another one instead") }
    _ = try reading { () throws(StoreError) in try store.rollBack(policy) }
    try adoptActive(of: policy.service)
    let active = try applying(to: policy.service)
    return .json(200, active.json, etag: active.etag)
  }

  /// Hands the gateway's stored policy, if there is one, to the sampler; at the start, unless a file says more.
  func start() {
    guard file == nil else { return }
    do throws(PolicyRefusal) { try adoptActive(of: Self.gateway, atStart: true) } catch {
      log.error("\(error.detail); everything is kept until it can be read")
    }
  }

  /// A policy that has expired loses its rules and what they came to; its target stays. Looked at once a minute.
  func expire() {
    do throws(PolicyRefusal) {
      for policy in try reading({ () throws(StoreError) in try store.active() }) {
        guard let expires = policy.expires, expires <= now() else { continue }
        let document = PolicyBody.withoutRules(policy.document)
        let rates = ServedRates(try PolicyBody.policy(document, of: policy.service), document, [])
        let new = NewPolicy(
          service: policy.service, author: "expiry", reasoning: "the rules of version \(policy.version) have expired",
          created: now(), expires: nil, document: document.bytes, rates: JSONValue.object(rates.members).bytes)
        let stored = try reading { () throws(StoreError) in try store.add(new, activates: true) }
        try adopt(stored)
        log.notice("version \(policy.version) of the policy of \(policy.service) has expired; its target stays")
      }
    } catch {
      log.error("policies that expire: \(error.detail)")
    }
  }

  private func adopt(_ policy: StoredPolicy) throws(PolicyRefusal) {
    guard policy.service == Self.gateway, file == nil else { return }
    var sampling = try PolicyBody.policy(PolicyBody.value(policy.document), of: policy.service)
    sampling.version = policy.version
    adopt(sampling)
    log.notice("the policy is version \(policy.version) now, for traces from now on: \(sampling.summary)")
  }

  private func adoptActive(of name: String, atStart: Bool = false) throws(PolicyRefusal) {
    let active = try reading { () throws(StoreError) in try store.active(of: name) }
    if let active {
      try adopt(active)
    } else if name == Self.gateway, file == nil, !atStart {
      adopt(SamplingPolicy())
    }
  }

  /// The file's word is the last: nothing is stored that would not be heeded.
  func refuseFile(_ name: String) throws(PolicyRefusal) {
    guard name == Self.gateway, let file else { return }
    throw PolicyRefusal(
      409, "the gateway samples as its file \(file.path) says (policy.path); change that, or unset it")
  }

  // MARK: What all need

  func stored(_ id: Int64) throws(PolicyRefusal) -> StoredPolicy {
    guard let policy = try reading({ () throws(StoreError) in try store.policy(id) }) else {
      throw PolicyRefusal(404, "no policy \(id); \(PolicyStore.versionsMax) versions of each service are kept")
    }
    return policy
  }

  /// A service that is known from now on.
  @discardableResult
  func known(_ name: String, team: Int64? = nil) throws(PolicyRefusal) -> StoredService? {
    if name == Self.gateway { return nil }
    let time = now()
    guard let service = try reading({ () throws(StoreError) in try store.addService(name, team: team, now: time) })
    else { throw PolicyRefusal(409, "there are \(PolicyStore.servicesMax) services already") }
    return service
  }

  func reading<Value>(_ work: () throws(StoreError) -> Value) throws(PolicyRefusal) -> Value {
    do throws(StoreError) { return try work() } catch { throw .store(error) }
  }
}
