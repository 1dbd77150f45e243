import Bytes
import Logging
import Synchronization
import Testing

@testable import Gateway

/// Log lines are collected instead of written; the clock stands still.
@Suite struct MetricsLoggingTests {
  final class Lines: Sendable {
    private let written = Mutex<[String]>([])
    func append(_ bytes: [UInt8]) { written.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
    var all: [String] { written.withLock { $0 } }
  }

  let lines = Lines()

  func logger(_ format: LogFormat, _ level: Logger.Level = .trace) -> Logger {
    var settings = GatewaySettings.Log()
    settings.format = format
    settings.level = level
    let lines = self.lines
    return Logger(label: "hoglet.test") { label in
      LineLogHandler(label: label, settings: settings, now: { LogTime(milliseconds: 1_795_246_384_007) }) {
        lines.append($0)
      }
    }
  }

  @Test("text lines have time, level, message and sorted values")
  func text() {
    logger(.text).warning(
      "lane stopped", metadata: ["key": "phc_1a2b3c4d", "b c": "two words", "empty": "", "count": "\(3)"])
    #expect(
      lines.all == [
        "2026-11-21T07:33:04.007Z WARNING lane stopped b c=\"two words\" count=3 empty=\"\" key=phc_1a2b3c4d\n"
      ])
  }

  @Test("JSON lines have the same, nested values kept")
  func json() {
    logger(.json).info(
      "started", metadata: ["list": ["a", "b\n"], "map": ["z": "1", "a": "2"], "n": .stringConvertible(4)])
    #expect(
      lines.all == [
        #"{"time":"2026-11-21T07:33:04.007Z","level":"info","logger":"hoglet.test","message":"started","#
          + #""metadata":{"list":["a","b\n"],"map":{"a":"2","z":"1"},"n":"4"}}"# + "\n"
      ])
  }

  @Test("the logger's own values are overridden by those of the call")
  func merging() {
    var log = logger(.text)
    log[metadataKey: "lane"] = "1"
    log[metadataKey: "zone"] = "x"
    log.info("m", metadata: ["lane": "2"])
    #expect(lines.all == ["2026-11-21T07:33:04.007Z INFO m lane=2 zone=x\n"])
  }

  @Test(
    "whatever is logged stays one line, and JSON stays JSON",
    arguments: [
      "a\nb", "a\r\nERROR forged", "tab\t", "nul\0", "\u{1b}[31mred", "\u{2028}\u{85}", "\"quote\\", "e\u{301}😀",
    ])
  func oneLine(text: String) throws {
    logger(.text).info("\(text)", metadata: ["\(text)": "\(text)"])
    logger(.json).info("\(text)", metadata: ["\(text)": "\(text)"])
    #expect(lines.all.count == 2)
    for line in lines.all {
      #expect(line.hasSuffix("\n"))
      #expect(!line.dropLast().unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f })
    }
    #expect(!(lines.all[0].unicodeScalars.contains { [0x85, 0x2028].contains($0.value) }))
    let bytes = Array(lines.all[1].utf8.dropLast())
    var tape = JSONTape()
    let root = try tape.parse(bytes.span, Slice(0, bytes.count))
    #expect(tape.nodes[root].children == 5)
  }

  @Test("keys never reach a line, neither as message nor as value nor as error", arguments: LogFormat.allCases)
  func secrets(format: LogFormat) {
    let key = SettingsSecretTests.key
    let log = logger(format)
    log.error("sent with \(key)", metadata: ["\(key)": "\(key)", "list": ["\(key)"], "map": ["a": "Bearer \(key)"]])
    log.error("failed", error: SettingsError(problems: [key], warnings: []))
    #expect(lines.all.count == 2)
    #expect(lines.all.allSatisfy { !$0.contains("Planted") && $0.contains("phc_[secret]") })
  }

  @Test("long values are cut, at the edge and not before")
  func bounded() {
    let log = logger(.text)
    log.info("\(String(repeating: "a", count: LineLogHandler.valueBytesMax))")
    log.info("\(String(repeating: "a", count: LineLogHandler.valueBytesMax + 1))")
    let prefix = "2026-11-21T07:33:04.007Z INFO ".utf8.count
    #expect(
      lines.all.map { $0.utf8.count } == [
        prefix + LineLogHandler.valueBytesMax + 1, prefix + LineLogHandler.valueBytesMax + 4,
      ])
  }

  @Test("levels below the one that is set are not written")
  func level() {
    let log = logger(.text, .warning)
    log.notice("no")
    log.warning("yes")
    #expect(lines.all.count == 1)
  }

  @Test(
    "times are RFC 3339",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_050, "2000-02-29T00:00:00.050Z"),
      (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
    ])
  func time(milliseconds: Int, text: String) {
    #expect(LogTime(milliseconds: milliseconds).text == text)
  }
}
