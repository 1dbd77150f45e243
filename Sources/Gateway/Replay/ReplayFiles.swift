package import Telemetry

/// A recorded request.
package struct RecordedRequest: Sendable, Equatable {
  package let path: String
  package let signal: Signal
  package let isJSON: Bool
  package let body: [UInt8]
  /// When it was sent, as near as its content tells: the latest end of a span or time of a log record, in nanoseconds
  /// since 1970; nil if it tells nothing.
  package let time: UInt64?
}

/// Finds recorded requests: files by name, folders with everything below them.
package struct ReplayFiles: Sendable {
  /// What bytes hold: nil for no OTLP request.
  package typealias Identify = ([UInt8]) -> (signal: Signal, isJSON: Bool)?

  package private(set) var requests: [RecordedRequest] = []
  /// Files of folders that are no requests.
  package private(set) var skipped = 0
  private var bytesCount = 0

  /// Everything is held in memory, so that reading does not slow the sending.
  static let bytesMax = 2 << 30

  /// Files in the order of the paths, those of a folder by name with numbers counted: `traces-2.pb` before
  /// `traces-10.pb`.
  package static func collect(_ paths: [String], identify: Identify) throws(CommandError) -> ReplayFiles {
    var files = ReplayFiles()
    for path in paths {
      if let names = FolderListing.names(path) {
        try files.addFolder(path, names, identify)
      } else if try !files.add(path, identify) {
        throw CommandError("\(path): no OTLP request, neither protobuf nor JSON", .badData)
      }
    }
    return files
  }

  private mutating func addFolder(_ path: String, _ names: [String], _ identify: Identify) throws(CommandError) {
    let all = Set(names)
    for name in names.sorted(by: NaturalOrder.precedes) where !name.hasPrefix(".") {
      let file = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
      if let below = FolderListing.names(file) {
        try addFolder(file, below, identify)
        continue
      }
      // A capture often stands there twice, as sent and as readable JSON: once is enough.
      let stem = name.hasSuffix(".otlp.json") ? name.dropLast(".otlp.json".count) : name.dropLast(".json".count)
      if name.hasSuffix(".json"), all.contains(stem + ".pb") { continue }
      guard name.hasSuffix(".pb") || name.hasSuffix(".json") || name.hasSuffix(".otlp"), try add(file, identify) else {
        skipped += 1
        continue
      }
    }
  }

  /// Adds a file if it is a request.
  private mutating func add(_ path: String, _ identify: Identify) throws(CommandError) -> Bool {
    let body: [UInt8]
    do throws(FileBytes.Failure) {
      body = try FileBytes.read(path, bytesMax: Self.bytesMax - bytesCount)
    } catch {
      throw CommandError("\(error)", .badData)
    }
    guard let (signal, isJSON) = Self.kind(path, body) ?? identify(body) else { return false }
    bytesCount += body.count
    let time = isJSON ? RecordedTime.json(body.span) : RecordedTime.protobuf(body.span, signal)
    requests.append(RecordedRequest(path: path, signal: signal, isJSON: isJSON, body: body, time: time))
    return true
  }

  /// What the name says: `traces-1.pb`, `run.logs.pb`, `traces-3.json`.
  private static func kind(_ path: String, _ body: [UInt8]) -> (signal: Signal, isJSON: Bool)? {
    let name = path.split(separator: "/").last ?? ""
    let isJSON = name.hasSuffix(".json")
    guard isJSON || name.hasSuffix(".pb") else { return nil }
    // A file with a request's name that does not begin like one is something else.
    let first = body.first { $0 > 0x20 }
    guard isJSON ? first == UInt8(ascii: "{") : body.first == 0x0a || body.isEmpty else { return nil }
    let words = name.split { $0 == "." || $0 == "-" || $0 == "_" }
    if words.contains("traces") { return (.traces, isJSON) }
    if words.contains("logs") { return (.logs, isJSON) }
    return nil
  }
}

/// The order in which people count files.
enum NaturalOrder {
  static func precedes(_ one: String, _ other: String) -> Bool {
    var left = Array(one.utf8)[...]
    var right = Array(other.utf8)[...]
    while let a = left.first, let b = right.first {
      if isDigit(a), isDigit(b) {
        let one = number(&left)
        let other = number(&right)
        if one.count != other.count { return one.count < other.count }
        if one != other { return one.lexicographicallyPrecedes(other) }
      } else {
        if a != b { return a < b }
        left.removeFirst()
        right.removeFirst()
      }
    }
    return left.isEmpty && !right.isEmpty
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// Takes the digits in front, without leading zeros.
  private static func number(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = text.prefix { isDigit($0) }
    text = text.dropFirst(digits.count)
    return digits.drop { $0 == 0x30 }
  }
}
