import Bytes
import Glibc
import Telemetry

/// The cases that `Tests/Differential/otlp_reference.py` writes: a request in both encodings and what the reference
/// implementation reads from it.
struct ReferenceCase {
  var signal: Signal
  var protobuf: [UInt8]
  /// Empty where there is none.
  var json: [UInt8]
  /// A dump as `CanonicalDump` makes it, or "refused".
  var dump: [UInt8]
  var name: String

  /// The Python that has opentelemetry-proto, by the environment; nil if the environment names none.
  static var python: String? {
    unsafe getenv("HOGLET_TEST_PYTHON").map { unsafe String(cString: $0) }
  }

  /// Runs the script with `arguments` and reads what it writes.
  static func run(_ arguments: String) throws -> [ReferenceCase] {
    let script = Repository.path("Tests/Differential/otlp_reference.py")
    let command = "'\(python ?? "python3")' '\(script)' \(arguments)"
    guard let pipe = unsafe popen(command, "r") else { throw Failure(description: "cannot run \(command)") }
    let output = unsafe Repository.rest(of: pipe)
    let status = unsafe pclose(pipe)
    guard status == 0 else { throw Failure(description: "\(command) ended with status \(status)") }
    return try parse(output)
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private static func parse(_ bytes: [UInt8]) throws -> [ReferenceCase] {
    var cases: [ReferenceCase] = []
    var offset = 0
    while offset < bytes.count {
      guard bytes.count - offset >= 20 else { throw Failure(description: "cut short") }
      let sizes = (0..<5).map { field in
        (0..<4).reduce(0) { $0 | Int(bytes[offset + field * 4 + $1]) << (8 * $1) }
      }
      offset += 20
      var parts: [[UInt8]] = []
      for size in sizes {
        guard bytes.count - offset >= size else { throw Failure(description: "cut short") }
        parts.append(Array(bytes[offset..<offset + size]))
        offset += size
      }
      cases.append(
        ReferenceCase(
          signal: parts[0] == Array("traces".utf8) ? .traces : .logs, protobuf: parts[1], json: parts[2],
          dump: parts[3], name: String(decoding: parts[4], as: UTF8.self)))
    }
    return cases
  }
}
