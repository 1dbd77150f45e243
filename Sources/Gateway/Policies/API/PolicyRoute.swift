import Bytes

/// The paths of the policy API.
enum PolicyRoute: Sendable, Equatable {
  case active
  case generate
  case policy(service: String)
  case history(service: String)
  case activate(id: Int64)
  case rollBack(id: Int64)
  /// Two paths with one meaning: clients use both.
  case report
  case services
  case patterns(service: String)
  case samplingStats(service: String)
  case costSavings(service: String)
  case anomalies

  static let prefix = "/api/v1/"
  /// Names of services, in bytes: OpenTelemetry's own are below 64.
  static let nameBytesMax = 200

  /// Nil for paths that are none of these.
  init?(path: String) {
    guard path.hasPrefix(Self.prefix) else { return nil }
    var parts = path.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false).map(
      String.init)
    // Some clients end the path of a collection with a slash.
    if parts.count == 2, parts[1].isEmpty { parts.removeLast() }
    switch (parts.first, parts.count) {
    case ("policies", 2) where parts[1] == "active": self = .active
    case ("policies", 2) where parts[1] == "generate": self = .generate
    case ("policies", 2):
      guard let name = Self.name(parts[1]) else { return nil }
      self = .policy(service: name)
    case ("policies", 3) where parts[2] == "history":
      guard let name = Self.name(parts[1]) else { return nil }
      self = .history(service: name)
    case ("policies", 3) where parts[2] == "activate" || parts[2] == "rollback":
      guard let id = Int64(parts[1]), id > 0 else { return nil }
      self = parts[2] == "activate" ? .activate(id: id) : .rollBack(id: id)
    case ("patterns", 2) where parts[1] == "report" || parts[1] == "stats": self = .report
    case ("services", 1): self = .services
    case ("anomalies", 1): self = .anomalies
    case ("services", 3):
      guard let name = Self.name(parts[1]) else { return nil }
      switch parts[2] {
      case "patterns": self = .patterns(service: name)
      case "sampling-stats": self = .samplingStats(service: name)
      case "cost-savings": self = .costSavings(service: name)
      default: return nil
      }
    default: return nil
    }
  }

  var methods: [String] {
    switch self {
    case .active: ["GET", "HEAD", "PUT"]
    case .services: ["GET", "HEAD", "POST"]
    case .generate, .activate, .rollBack, .report: ["POST"]
    case .policy, .history, .patterns, .samplingStats, .costSavings, .anomalies: ["GET", "HEAD"]
    }
  }

  /// Bytes of a body: policies are written by people, reports have ten thousand patterns of 300 bytes.
  var bodyBytesMax: Int {
    switch self {
    case .report, .generate: 4 << 20
    default: 64 << 10
    }
  }

  /// A service's name as it stands in a path; nil if there is none, or what cannot be one.
  static func name(_ text: String) -> String? {
    guard let name = percentDecoded(text), isName(name) else { return nil }
    return name
  }

  static func isName(_ name: String) -> Bool {
    (1...nameBytesMax).contains(name.utf8.count)
      && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) && $0 != "/" }
  }

  /// Nil for what is no UTF-8.
  static func percentDecoded(_ text: String) -> String? {
    var out: [UInt8] = []
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%") {
        guard index + 2 < bytes.count, let high = Hex.digit(bytes[index + 1]), let low = Hex.digit(bytes[index + 2])
        else { return nil }
        out.append(high << 4 | low)
        index += 3
      } else {
        out.append(bytes[index])
        index += 1
      }
    }
    return String(validating: out, as: UTF8.self)
  }
}
