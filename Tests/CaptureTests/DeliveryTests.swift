import Testing

@testable import Capture

/// Delivery over real sockets to the strict stand-in.
@Suite struct `Delivery` {
  @Test(arguments: [CaptureSettings.Compression.none, .gzip])
  func `events arrive once, on their endpoints, as they were given`(compression: CaptureSettings.Compression) throws {
    let rig = try LiveRig {
      $0.compression = compression; $0.teamID = 42
    }
    for token in 0..<20 { rig.enqueue(token: token, properties: "\"text\":\"\u{1F600} \\ud83d\\ude00\"") }
    for token in 20..<30 { rig.enqueue(.analytics, token: token, name: "custom") }
    #expect(rig.settle())
    #expect(rig.delivered.sorted() == Array(0..<30))
    #expect(try rig.standIn.uuids().sorted() == (0..<30).map(LiveRig.uuid))
    let events = try rig.standIn.events()
    #expect(events.count { $0.contains("\"lane\": \"ai\"") && $0.contains("phc_live") } == 20)
    #expect(events.count { $0.contains("\"text\": \"\u{1F600} \u{1F600}\"") } == 20)
    let requests = try rig.standIn.requests()
    #expect(requests.count == 2)
    for request in requests {
      #expect(request.contains("\"x-posthog-team-id\": \"42\""))
      #expect(request.contains("\"content-encoding\": \"gzip\"") == (compression == .gzip))
      #expect(!request.contains("\"expect\"") && !request.contains("\"accept-encoding\""))
    }
  }

  @Test func `a large batch of large events arrives whole`() throws {
    let rig = try LiveRig { $0.compression = .none }
    let text = String(repeating: "0123456789abcdef", count: 25_000)
    for token in 0..<40 { rig.enqueue(token: token, properties: "\"text\":\"\(text)\"") }
    rig.enqueue(token: 40, properties: "\"text\":\"\(String(repeating: "x", count: 8_388_000))\"")
    #expect(rig.settle())
    #expect(rig.delivered.count == 41 && rig.dead.isEmpty)
    #expect(try rig.standIn.uuids().count == 41)
    // libcurl would ask first with bodies of this size.
    #expect(try rig.standIn.requests().allSatisfy { !$0.contains("\"expect\"") })
  }

  @Test func `a 503 with Retry-After is waited out`() throws {
    let rig = try LiveRig()
    try rig.standIn.fault("'status': 503, 'times': 1, 'retry_after': '1'")
    rig.enqueue(token: 1)
    let start = ContinuousClock.now
    #expect(rig.settle())
    #expect(ContinuousClock.now - start >= .seconds(1))
    #expect(rig.delivered == [1] && rig.sender.counters.requests5xx == 1)
    #expect(rig.outcomes.first == .lane(1, .retrying(status: 503, reason: "{\"error\": \"fault\"}")))
    #expect(rig.outcomes.contains(.lane(1, .open)))
  }

  @Test func `a server that never answers is left after the timeout and tried again`() throws {
    let rig = try LiveRig { $0.client.timeout = .milliseconds(300) }
    try rig.standIn.fault("'mode': 'hang', 'times': 2")
    rig.enqueue(token: 1)
    #expect(rig.settle())
    #expect(rig.delivered == [1] && rig.sender.counters.requestsFailed == 2)
  }

  @Test func `a connection that is reset is tried again`() throws {
    let rig = try LiveRig()
    try rig.standIn.fault("'mode': 'reset', 'times': 3")
    rig.enqueue(token: 1)
    #expect(rig.settle())
    #expect(rig.delivered == [1])
    #expect(try rig.standIn.uuids() == [LiveRig.uuid(1)])
    #expect(rig.sender.counters.retries >= 3)
  }

  @Test func `when the answer is lost the same bytes are sent again`() throws {
    let rig = try LiveRig()
    try rig.standIn.fault("'mode': 'accept_then_reset', 'times': 1")
    rig.enqueue(token: 1)
    rig.enqueue(token: 2)
    #expect(rig.settle())
    #expect(rig.delivered == [1, 2])
    #expect(try rig.standIn.uuids() == [1, 2, 1, 2].map(LiveRig.uuid))
    let hashes = try rig.standIn.requests().map { $0.range(after: "\"sha256\": ")?.prefix(66) }
    #expect(hashes.count == 2 && hashes[0] == hashes[1])
  }

  @Test func `bad events are found among good ones and keep what PostHog said`() throws {
    let rig = try LiveRig(["--bad-uuid-marker", "POISON"])
    for token in 0..<64 { rig.enqueue(token: token, properties: token % 30 == 7 ? "\"a\":\"POISON\"" : "\"a\":1") }
    rig.enqueue(token: 64, name: "not allowed")
    #expect(rig.settle())
    #expect(Set(rig.dead.map(\.token)) == [7, 37, 64])
    #expect(rig.delivered.count == 62)
    #expect(try Set(rig.standIn.uuids()).count == 62)
    #expect(rig.dead.allSatisfy { $0.status == 400 })
    #expect(rig.dead.first { $0.token == 7 }?.reason.contains(LiveRig.uuid(7)) == true)
    #expect(rig.dead.first { $0.token == 64 }?.reason.contains("not allowed on the AI endpoint") == true)
  }

  @Test func `an unknown key blocks without telling the key`() throws {
    let rig = try LiveRig(["--refused-key", "phc_live"])
    rig.enqueue(token: 1)
    #expect(!rig.sender.drain(until: rig.time.now + .seconds(2)) { _ in })
    #expect(
      rig.sender.state(lane: 1)
        == .blocked(status: 401, reason: "{\"error\": \"the key [key] is not known\"}"))
  }

  @Test func `without an AI endpoint its events arrive at the other`() throws {
    let rig = try LiveRig(["--no-ai-endpoint"])
    rig.enqueue(token: 1)
    rig.enqueue(token: 2, properties: "\"x\":\"\(String(repeating: "y", count: CaptureLimits.fallbackEventBytesMax))\"")
    #expect(rig.settle())
    #expect(Set(rig.delivered) == [1, 2] && rig.dead.isEmpty)
    #expect(rig.outcomes.contains(.notice(.aiEndpointMissing)) && rig.outcomes.contains(.notice(.shortened(lane: 1))))
    #expect(try rig.standIn.events().allSatisfy { $0.contains("\"lane\": \"analytics\"") })
  }

  @Test func `a stand-in over quota is told`() throws {
    let rig = try LiveRig()
    try rig.standIn.fault("'status': 200, 'body': '{\\'quota_limited\\': [\\'ai\\']}'")
    rig.enqueue(token: 1)
    #expect(rig.settle())
    #expect(rig.outcomes.contains(.notice(.quotaLimited(lane: 1))) && rig.delivered == [1])
  }
}
