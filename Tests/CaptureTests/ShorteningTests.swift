import Bytes
import Testing

@testable import Capture

@Suite struct `Events that are too large` {
  private static func event(_ sizes: [(String, Int)], rest: String = "") -> [UInt8] {
    let properties = sizes.map { "\"\($0.0)\":\"" + String(repeating: "y", count: $0.1) + "\"" } + [rest]
    return Array(
      ("{\"event\":\"$ai_generation\",\"uuid\":\"u\",\"properties\":{"
        + properties.filter { !$0.isEmpty }.joined(separator: ",")
        + "},\"timestamp\":\"t\"}").utf8)
  }

  @Test func `the largest property is cut first, with a note and its name, and the rest stays`() throws {
    let event = Self.event([("$ai_input", 5_000), ("a", 3_000), ("b", 10)])
    let short = try #require(EventShortening.fit(event, 4_000))
    let text = String(decoding: short, as: UTF8.self)
    #expect(short.count <= 4_000)
    #expect(
      text.hasPrefix(
        "{\"event\":\"$ai_generation\",\"uuid\":\"u\",\"properties\":{\"$ai_input\":\"…[truncated 5000 bytes]\","))
    #expect(text.hasSuffix(",\"b\":\"yyyyyyyyyy\",\"$ai_truncated\":[\"$ai_input\"]},\"timestamp\":\"t\"}"))
    #expect(EventShortening.fit(event, 4_000) == short, "the same on every attempt")
  }

  @Test func `names that mapping listed are kept, objects and arrays are cut whole`() throws {
    let list = "\"$ai_input\":[" + Array(repeating: "{\"role\":\"user\"}", count: 200).joined(separator: ",") + "]"
    let event = Self.event([("a", 2_000)], rest: "\"$ai_truncated\":[\"c\"]," + list)
    let text = String(decoding: try #require(EventShortening.fit(event, 700)), as: UTF8.self)
    #expect(text.contains("\"$ai_truncated\":[\"c\",\"a\",\"$ai_input\"]}"))
    #expect(text.contains("\"$ai_input\":\"…[truncated 3201 bytes]\""))
    var tape = JSONTape()
    _ = try tape.parse(Array(text.utf8).span, Slice(0, text.utf8.count))
  }

  @Test func `an event of many small properties, or none that we know, is left alone`() {
    #expect(EventShortening.fit(Self.event((0..<50).map { ("p\($0)", 1_000) }), 4_000) == nil)
    #expect(EventShortening.fit(Array("{\"x\":1}".utf8), 4) == nil)
    #expect(EventShortening.fit(Array("no".utf8), 1) == nil)
  }

  @Test(arguments: -2...2) func `what comes out never is over the limit`(by: Int) {
    let event = Self.event([("a", 3_000), ("b", 2_000), ("c", 1_100)])
    for limit in stride(from: 100, to: event.count, by: 97) {
      if let short = EventShortening.fit(event, limit + by) { #expect(short.count <= limit + by) }
    }
  }

  @Test func `without the AI endpoint large events are shortened and arrive, before and after it was found missing`()
    throws
  {
    let rig = try Rig(answer: { seen in
      if seen.url.contains("/ai/") { return .status(405) }
      return seen.events.contains { $0.utf8.count > CaptureLimits.fallbackEventBytesMax } ? .status(413) : .status(200)
    })
    let large = String(decoding: Self.event([("$ai_input", CaptureLimits.fallbackEventBytesMax)]), as: UTF8.self)
    rig.enqueue(token: 1, large)
    rig.settle()
    rig.enqueue(token: 2, large)
    rig.settle()
    #expect(rig.delivered == [1, 2] && rig.dead.isEmpty)
    #expect(rig.sender.counters.eventsShortened == 2)
    #expect(rig.sender.waitingBytes == 0)
  }

  @Test func `logs requests hold no more than PostHog takes, carry their key in the header and are protobuf`() throws {
    let rig = try Rig()
    let record = String(repeating: "r", count: 500_000)
    for token in 0..<9 { rig.enqueue(.logs, token: UInt64(token), record) }
    rig.enqueue(.logs, token: 10, String(repeating: "r", count: CaptureLimits.logsBytesMax))
    rig.enqueue(.logs, token: 11, String(repeating: "r", count: CaptureLimits.logsBytesMax + 1))
    rig.settle()
    #expect(rig.posthog.seen.allSatisfy { $0.url == "https://posthog.test/i/v1/logs" })
    #expect(
      rig.posthog.seen.allSatisfy {
        $0.headers == ["Content-Type: application/x-protobuf", "Authorization: Bearer phc_one"]
      })
    #expect(
      rig.posthog.seen.map(\.body.count).sorted() == [1_500_000, 1_500_000, 1_500_000, CaptureLimits.logsBytesMax])
    #expect(rig.dead.map(\.token) == [11] && rig.delivered.count == 10)
  }
}
