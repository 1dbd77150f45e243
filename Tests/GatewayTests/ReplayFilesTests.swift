import Bytes
import Glibc
import Telemetry
import Testing

@testable import Gateway

/// Works on a folder of its own below the system's temporary one.
@Suite final class ReplayFilesTests {
  let folder: String

  init() throws {
    var template = Array("/tmp/hoglet-replay-XXXXXX".utf8CString)
    folder = try unsafe #require(mkdtemp(&template).map { unsafe String(cString: $0) })
  }

  deinit {
    for path in Self.below(folder) { unsafe remove(path) }
    unsafe remove(folder)
  }

  static func below(_ path: String) -> [String] {
    (FolderListing.names(path) ?? []).flatMap { below("\(path)/\($0)") + ["\(path)/\($0)"] }
  }

  func write(_ name: String, _ bytes: [UInt8]) {
    var path = folder
    for part in name.split(separator: "/").dropLast() {
      path += "/\(part)"
      unsafe mkdir(path, 0o755)
    }
    let file = unsafe open("\(folder)/\(name)", O_WRONLY | O_CREAT, 0o644)
    let written = unsafe Glibc.write(file, bytes, bytes.count)
    #expect(written == bytes.count)
    close(file)
  }

  /// A request with one record that has these fields.
  static func body(_ record: (inout ByteBuffer) -> Void) -> [UInt8] {
    var content = ByteBuffer()
    record(&content)
    for number: UInt32 in [2, 2, 1] {
      var outer = ByteBuffer()
      content.withSpan { outer.appendField(number, $0) }
      content = outer
    }
    return content.array()
  }

  static func span(end: UInt64) -> [UInt8] {
    body { buffer in
      buffer.appendTag(7, .fixed64)
      buffer.appendLittleEndian(end - 5)
      buffer.appendTag(8, .fixed64)
      buffer.appendLittleEndian(end)
    }
  }

  func collect(_ paths: [String] = [""]) throws -> ReplayFiles {
    try ReplayFiles.collect(paths.map { $0.isEmpty ? folder : "\(folder)/\($0)" }) { bytes in
      bytes.starts(with: "logs!".utf8) ? (.logs, false) : nil
    }
  }

  @Test("a folder gives its requests in the order people count, everything below included")
  func folderOrder() throws {
    for name in ["traces-10.pb", "traces-2.pb", "b/logs-1.pb", "b/traces-1.pb", "b/c/run.traces.pb", "traces-02.pb"] {
      write(name, Self.span(end: 100))
    }
    let paths = try collect().requests.map { String($0.path.dropFirst(folder.utf8.count + 1)) }
    #expect(
      paths == ["b/c/run.traces.pb", "b/logs-1.pb", "b/traces-1.pb", "traces-02.pb", "traces-2.pb", "traces-10.pb"]
        || paths == [
          "b/c/run.traces.pb", "b/logs-1.pb", "b/traces-1.pb", "traces-2.pb", "traces-02.pb", "traces-10.pb",
        ])
  }

  @Test("what is no request is skipped in folders, and doubles are sent once")
  func skipping() throws {
    write("traces-1.pb", Self.span(end: 100))
    write("traces-1.otlp.json", Array("{}".utf8))
    write("logs-1.json", Array(#"{"resourceLogs":[]}"#.utf8))
    write("truth.json", Array("{}".utf8))
    write("README.md", Array("#".utf8))
    write("traces-2.pb", Array("text".utf8))
    write("body.otlp", Array("logs!".utf8))
    write(".traces-3.pb", Self.span(end: 100))
    let files = try collect()
    #expect(files.requests.map { "\($0.signal) \($0.isJSON)" } == ["logs false", "logs true", "traces false"])
    #expect(files.skipped == 3)
  }

  @Test("a file that was named must be a request")
  func named() throws {
    write("notes.txt", Array("text".utf8))
    write("dump.bin", Array("logs!".utf8))
    #expect(try collect(["dump.bin"]).requests.map(\.signal) == [.logs])
    #expect(throws: CommandError.self) { try collect(["notes.txt"]) }
    #expect(throws: CommandError("\(folder)/gone: no such file", .badData)) { try collect(["gone"]) }
  }

  @Test("the time of a request is that of its last record")
  func times() throws {
    write("traces-1.pb", Self.span(end: 1_700_000_000_000_000_007))
    write(
      "logs-1.pb",
      Self.body { buffer in
        buffer.appendTag(11, .fixed64)
        buffer.appendLittleEndian(UInt64(9))
        buffer.appendTag(1, .fixed64)
        buffer.appendLittleEndian(UInt64(8))
      })
    write("logs-2.json", Array(#"{"a":{"timeUnixNano": "12", "observedTimeUnixNano":13}, "b":"timeUnixNano"}"#.utf8))
    write("traces-2.json", Array(#"{"endTimeUnixNano":"#.utf8))
    write("traces-3.pb", [0x0a, 0x7f, 0x12])
    #expect(try collect().requests.map(\.time) == [9, 13, 1_700_000_000_000_000_007, nil, nil])
  }

  @Test(
    "numbers in names are counted, not spelled",
    arguments: [
      ("a2", "a10", true), ("a10", "a2", false), ("a", "a1", true), ("a1b", "a1c", true), ("b", "a", false),
      ("a9999999999999999999999", "a10000000000000000000000", true), ("", "a", true), ("a", "a", false),
      ("1", "a", true),
    ])
  func naturalOrder(one: String, other: String, expected: Bool) {
    #expect(NaturalOrder.precedes(one, other) == expected)
  }
}
