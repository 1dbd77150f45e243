import Bytes
import TestSupport

@testable import Capture

/// The stand-in for PostHog (Tests/StandIn) as a process of its own, on a port that the system chose.
final class StandIn {
  let port: Int
  private let process: Process

  init(_ options: [String] = []) throws {
    let tests = "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    let script = (tests + ["StandIn", "posthog_standin.py"]).joined(separator: "/")
    process = try Process("python3", ["-B", script, "--until-stdin-closes"] + options)
    let line = try process.readLine(within: .seconds(30)) ?? ""
    guard line.hasPrefix("listening "), let port = Int(line.dropFirst("listening ".count)) else {
      throw Process.Failure(description: "the stand-in said \"\(line)\"")
    }
    self.port = port
  }

  var host: String { "http://127.0.0.1:\(port)" }

  /// Queues a fault; `json` without its braces, in single quotes.
  func fault(_ json: String) throws {
    _ = try control("/_fault", "{\(json)}".map { $0 == "'" ? "\"" : String($0) }.joined())
  }

  /// Every event stored so far, a line of JSON each, with the lane and the key.
  func events() throws -> [String] {
    try control("/_events").split(separator: "\n").map(String.init)
  }

  /// The stored events' uuids in order of arrival.
  func uuids() throws -> [String] {
    try events().compactMap { event in
      event.range(after: "\"uuid\": \"").map { String($0.prefix(36)) }
    }
  }

  /// What was asked, as the stand-in's JSON list; cut at each request's end.
  func requests() throws -> [String] {
    try control("/_requests").range(after: "[").map { rest in
      rest.split(separator: "{\"path\"").filter { $0 != "]" }.map { "{\"path\"" + $0 }
    } ?? []
  }

  private func control(_ path: String, _ body: String = "") throws -> String {
    var settings = ClientSettings()
    settings.responseBytesMax = .max
    let client = try CurlClient(settings)
    let answer = try client.post("\(host)\(path)", ["Content-Type: application/json"], Array(body.utf8))
    return String(decoding: answer.body, as: UTF8.self)
  }
}

extension CurlClient {
  /// One request and its answer, as a program would that has nothing else to do.
  func post(_ url: String, _ headers: [String], _ body: [UInt8]) throws -> HTTPAnswer {
    start(HTTPRequest(id: 1, url: url, headers: headers, body: RequestBody(body)))
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
      if let completion = poll(timeout: .seconds(1)).first { return try completion.result.get() }
    }
    throw HTTPFailure(reason: "the test waited for too long")
  }
}

extension String {
  /// What stands after the first `text`.
  func range(after text: String) -> Substring? {
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(text) { return rest.dropFirst(text.count) }
      rest = rest.dropFirst()
    }
    return nil
  }
}

/// gzip with nothing compressed (RFC 1952 around stored blocks of RFC 1951): enough to prove that what is sent can be
/// read; the real one is Codec's.
func storedGzip(_ bytes: ByteSpan) -> [UInt8] {
  var output: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
  var offset = 0
  var crc: UInt32 = 0xffff_ffff
  repeat {
    let size = min(bytes.count - offset, 0xffff)
    output += [offset + size == bytes.count ? 1 : 0, UInt8(size & 255), UInt8(size >> 8)]
    output += [UInt8(~size & 255), UInt8(~size >> 8 & 255)]
    output.append(bytes, Slice(offset, offset + size))
    offset += size
  } while offset < bytes.count
  for index in 0..<bytes.count {
    crc ^= UInt32(bytes[index])
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
  }
  for value in [~crc, UInt32(truncatingIfNeeded: bytes.count)] {
    for shift in [0, 8, 16, 24] as [UInt32] { output.append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
  return output
}

/// A sender over the network, to a stand-in.
final class LiveRig {
  let standIn: StandIn
  let sender: Sender
  let time = SystemTime()
  private(set) var outcomes: [Outcome] = []

  init(_ options: [String] = [], _ change: (inout CaptureSettings) -> Void = { _ in }) throws {
    standIn = try StandIn(options)
    var settings = CaptureSettings()
    settings.host = standIn.host
    settings.flushInterval = .milliseconds(10)
    settings.client.timeout = .seconds(20)
    change(&settings)
    sender = try Sender(
      settings: settings, client: CurlClient(settings.client), time: time, seed: 1, compress: storedGzip)
    sender.register(lane: 1, key: "phc_live")
  }

  static func uuid(_ token: Int) -> String {
    let digits = String(token, radix: 16)
    return "00000000-0000-5000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
  }

  func enqueue(
    _ destination: Destination = .ai, token: Int, name: String = "$ai_span", properties: String = "\"a\":1"
  ) {
    let text =
      "{\"event\":\"\(name)\",\"distinct_id\":\"d\",\"uuid\":\"\(Self.uuid(token))\","
      + "\"timestamp\":\"2026-10-01T10:00:00.123456789Z\",\"properties\":{\(properties)}}"
    let bytes = Array(text.utf8)
    sender.enqueue(lane: 1, destination, token: UInt64(token), bytes.span, Slice(0, bytes.count), now: time.now)
  }

  /// Until every event is settled; returns whether that came within a minute.
  func settle() -> Bool {
    sender.drain(until: time.now + .seconds(60)) { outcomes += $0 }
  }

  var delivered: [UInt64] {
    outcomes.flatMap { if case .delivered(_, let tokens) = $0 { tokens } else { [UInt64]() } }
  }
  var dead: [DeadEvent] { outcomes.compactMap { if case .dead(let event) = $0 { event } else { nil } } }
}
