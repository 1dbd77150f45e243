/// Who may import whom. Arrows go down only: a target may import what stands in its own line, and every target of ours in
/// it stands above that line.
struct ImportRule {
  let target: String
  /// Targets of ours.
  var own: [String] = []
  /// C libraries; each belongs to one target alone.
  var c: [String] = []
  /// Packages of others.
  var others: [String] = []

  var all: Set<String> { Set(own + c + others) }
}

enum ImportTable {
  /// What everybody may import: the language's own libraries. Foundation is none of them.
  static let everywhere: Set<String> = ["Swift", "Glibc", "Synchronization"]

  /// Files that may import Foundation, each with the reason.
  static let foundation: [String: String] = [:]

  /// Packages of others that one file alone may know, so that another could take their place.
  static let oneFile: [String: String] = [
    "JWTKit": "Sources/Gateway/Access/TokenKey.swift", "Yams": "Sources/Mapping/Reading/YAMLParser.swift",
  ]

  private static let belowConsole = [
    "Bytes", "Codec", "Telemetry", "OTLP", "Sampling", "Mapping", "Spool", "Capture", "Store", "Transport",
  ]

  static let rules: [ImportRule] = [
    ImportRule(target: "Bytes"),
    ImportRule(target: "Codec", own: ["Bytes"], c: ["CCrypto", "CDeflate", "CZstd"]),
    ImportRule(target: "Telemetry", own: ["Bytes"]),
    ImportRule(target: "OTLP", own: ["Telemetry", "Bytes"]),
    ImportRule(target: "Sampling", own: ["Telemetry", "Bytes"]),
    ImportRule(target: "CStock"),
    ImportRule(target: "Mapping", own: ["Telemetry", "Bytes", "Codec", "CStock"], others: ["Yams"]),
    ImportRule(target: "Spool", own: ["Telemetry", "Bytes", "Codec"], c: ["CLMDB"]),
    ImportRule(target: "Capture", own: ["Bytes"], c: ["CCurl"]),
    ImportRule(target: "Store", own: ["Telemetry", "Bytes"], others: ["GRDB"]),
    ImportRule(
      target: "Transport", own: ["Bytes", "Codec"], c: ["CNghttp2", "COpenSSL"],
      others: ["NIOCore", "NIOPosix", "NIOHTTP1"]),
    ImportRule(target: "Console", own: belowConsole),
    ImportRule(
      target: "Gateway", own: belowConsole + ["Console"],
      others: ["Logging", "Configuration", "ServiceLifecycle", "UnixSignals", "JWTKit"]),
    ImportRule(target: "hoglet", own: belowConsole + ["Console", "Gateway"], others: ["ArgumentParser"]),
  ]

  static func rule(_ target: String) -> ImportRule? { rules.first { $0.target == target } }
}
