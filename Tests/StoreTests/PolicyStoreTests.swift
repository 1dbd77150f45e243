import Store
import Testing

@Suite struct PolicyStoreTests {
  let folder = TemporaryFolder()
  var path: String { "\(folder.path)/policies.sqlite" }
  /// 2026-11-20, half past ten.
  private let now: Int64 = 1_795_170_600

  private func policy(_ service: String = "*", rate: Int = 1) -> NewPolicy {
    NewPolicy(
      service: service, author: "user", reasoning: nil, created: now, expires: nil,
      document: Array("{\"global_rate\":\(rate)}".utf8), rates: Array("{}".utf8))
  }

  private func report(_ signature: String, count: Int64 = 1, at time: Int64? = nil) -> PatternReport {
    var counts = SeverityCounts()
    counts.info = count
    return PatternReport(
      signature: signature, template: "", model: "", counts: counts, kept: [0, 0, Double(count) / 2, 0, 0, 0],
      firstSeen: time ?? now, lastSeen: time ?? now)
  }

  @Test func `versions count up for each service, and one of them is active`() throws {
    let store = try PolicyStore.open(path: path)
    #expect(try store.active(of: "*") == nil)
    let first = try store.add(policy(), activates: true)
    let other = try store.add(policy("a"), activates: false)
    let second = try store.add(policy(rate: 0), activates: true)
    #expect((first.version, other.version, second.version) == (1, 1, 2))
    #expect(second.replaced == first.id && second.isActive && !other.isActive)
    #expect(try store.active() == [second])
    #expect(try store.activate(second).replaced == first.id, "what is active already replaces nothing")
    #expect(try store.rollBack(second)?.id == first.id)
    #expect(try store.rollBack(first) == nil)
    try store.close()
    let again = try PolicyStore.open(path: path)
    #expect(try again.history(of: "*", limit: 10).map(\.version) == [2, 1])
    #expect(try again.policy(second.id)?.document == second.document)
  }

  @Test func `the fifty newest versions are kept, and the active one however old`() throws {
    let store = try PolicyStore.open(path: path)
    let active = try store.add(policy(), activates: true)
    for _ in 0..<PolicyStore.versionsMax { _ = try store.add(policy(), activates: false) }
    #expect(try store.policy(active.id)?.isActive == true)
    #expect(try store.policy(active.id + 1) != nil)
    _ = try store.add(policy(), activates: false)
    #expect(try store.policy(active.id + 1) == nil)
    #expect(try store.active(of: "*")?.id == active.id)
    #expect(try store.history(of: "*", limit: 1_000).count == PolicyStore.versionsMax)
  }

  @Test func `services are known by name, as many as there may be`() throws {
    let store = try PolicyStore.open(path: path)
    for number in 1...PolicyStore.servicesMax {
      #expect(try store.addService("s\(number)", team: nil, now: now) != nil)
    }
    #expect(try store.addService("one more", team: nil, now: now) == nil)
    #expect(try store.addService("s1", team: 7, now: now + 1)?.team == 7)
    #expect(try store.addService("s1", team: nil, now: now)?.team == 7)
    #expect(try store.service("s1")?.created == now)
    #expect(try store.services().count == PolicyStore.servicesMax)
  }

  @Test func `counts add up within the hours asked for, and leave after a day`() throws {
    let store = try PolicyStore.open(path: path)
    let hour = now / 3_600
    try store.report([report("a", count: 3), report("b")], of: "s", now: now)
    try store.report([report("a", count: 4, at: now - 60)], of: "s", now: now + 3_600)
    let both = try store.patterns(of: "s", hours: hour...hour + 1)
    #expect(both.map(\.signature) == ["a", "b"] && both[0].counts.info == 7 && both[0].since == now - 60)
    #expect(try store.patterns(of: "s", hours: hour + 1...hour + 1).map(\.counts.info) == [4, 0])
    #expect(try store.days(of: "s", from: 0).map(\.total) == [8])
    #expect(try store.days(of: "s", from: 0).map(\.kept) == [4])
    #expect(try store.patterns(of: "other", hours: 0...hour).isEmpty)
    // Every service's, but only those that the gateway can know.
    try store.report([report("00000000000000ab")], of: "t", now: now)
    #expect(try store.patterns(of: nil, hours: hour...hour).map(\.signature) == ["00000000000000ab"])
    try store.report([report("c")], of: "s", now: now + PolicyStore.hoursMax * 3_600)
    #expect(try store.patterns(of: "s", hours: hour...hour).allSatisfy { $0.counts.total == 0 })
    #expect(try store.patterns(of: "s", hours: hour + 1...hour + 1).map(\.counts.info).max() == 4)
  }

  @Test func `the patterns of longest ago make room`() throws {
    let store = try PolicyStore.open(path: path)
    let most = PolicyStore.patternsMax
    try store.report((0..<most).map { report("p\($0)", at: now + Int64($0)) }, of: "s", now: now)
    #expect(try store.patternCount(of: "s") == most)
    try store.report([report("new", at: now + Int64(most))], of: "s", now: now)
    #expect(try store.patternCount(of: "s") == most)
    let left = try Set(store.patterns(of: "s", hours: 0...now).map(\.signature))
    #expect(!left.contains("p0") && left.contains("p1") && left.contains("new"))
  }
}
