import Testing

extension EndToEnd {
  /// What means harm is refused by the whole program, in bounded memory, and what is only odd comes out as events that
  /// PostHog takes.
  @Suite(.timeLimit(.minutes(5))) struct HostileTests {
    /// `server.memory`, the copy that growing makes of half of it, and 8 MiB for each decompressor's window.
    private static let mebibytesMax = 160.0

    @Test func `bombs, depths, lengths, odd text, ids and clocks do no harm`() throws {
      let stage = try Stage()
      let gateway = try stage.gateway()
      let origin = try #require(gateway.endpoint.firstRange(of: "/api").map { gateway.endpoint[..<$0.lowerBound] })
      let address = String(origin.dropFirst("http://".count))
      let sender = try stage.python("hostile.py", [address, address, "\(gateway.program.process)"])
      try #require(try sender.waitForExit(within: .seconds(120)) == .code(0), "\(sender.lastWords)")
      guard case .object(let cases) = try JSON(sender.output) else {
        Issue.record("\(sender.output)")
        return
      }
      for (name, status) in Self.expected {
        #expect(cases[name]?["status"] == status, "\(name): \(cases[name] ?? .null)")
      }
      #expect(cases.count == Self.expected.count)
      for (name, result) in cases {
        #expect(result["MiB"].number ?? .infinity < Self.mebibytesMax, "\(name): \(result)")
      }

      let spans = [
        "deep": 2, "odd-text": 1, "same": 1, "same-id": 2, "own-parent": 1, "circle": 2, "clock-zero": 1,
        "clock-1970": 1,
        "clock-2100": 1, "clock-last": 1, "alive": 2,
      ]
      var events: [Delivered] = []
      let all = spans.values.reduce(0, +)
      _ = try waitUntil(.seconds(30)) {
        events = try stage.events()
        return events.count >= all
      }
      for (name, count) in spans {
        #expect(Set(events.filter { Self.trace(of: $0) == name }.map(\.identity)).count == count, "\(name)")
      }
      checkClocks(events)
    }

    private static var expected: [String: JSON] {
      let large: [String] = [
        "gzip bomb", "zstd bomb", "sixteen bombs", "protobuf 100000 deep", "JSON 100000 deep",
        "content-length of 10^18",
        "chunk of ffffffffffffffff", "chunk of 7fffffffffffffff",
      ]
      let wrong = [
        "field of 2^63 bytes", "field of 2^64-1 bytes", "content-length of 10^30",
        "chunk of \(String(repeating: "f", count: 40))", "odd text, JSON",
      ]
      let fine = [
        "protobuf 30 deep", "JSON 30 deep", "odd text", "the same span twice", "the same span again",
        "one id, two spans", "its own parent", "each the other's parent", "clock zero", "clock 1970", "clock 2100",
        "clock last", "alive",
      ]
      var all: [String: JSON] = [
        "gzip bomb, gRPC": .string("8"), "zstd bomb, gRPC": .string("8"), "message of 4 GiB, gRPC": .string("8"),
        "protobuf 30 deep, gRPC": .string("OK"), "protobuf 100000 deep, gRPC": .string("RESOURCE_EXHAUSTED"),
        "field of 2^63 bytes, gRPC": .string("INVALID_ARGUMENT"), "odd key": .number(401), "alive, gRPC": .string("OK"),
      ]
      for name in large { all[name] = .number(413) }
      for name in wrong { all[name] = .number(400) }
      for name in fine { all[name] = .number(200) }
      return all
    }

    /// The name that hostile.py wrote into the trace id.
    private static func trace(of event: Delivered) -> String? {
      guard let digits = event.properties["$ai_trace_id"].text else { return nil }
      let bytes = stride(from: 0, to: digits.utf8.count, by: 2).compactMap { place in
        UInt8(digits.dropFirst(place).prefix(2), radix: 16)
      }
      return String(decoding: bytes.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }

    /// A span's own clock is what PostHog gets, however far it is off: it alone knows when the call was.
    private func checkClocks(_ events: [Delivered]) {
      let clocks = [
        "clock-zero": "1970-01-01T00:00:00.000000000Z", "clock-1970": "1970-01-01T00:00:01.000000000Z",
        "clock-2100": "2100-01-01T00:00:00.000000000Z", "clock-last": "2554-07-21T23:34:33.709551615Z",
      ]
      for (name, clock) in clocks {
        let event = events.first { Self.trace(of: $0) == name }
        #expect(event?.event["timestamp"].text == clock, "\(name)")
      }
    }
  }
}
