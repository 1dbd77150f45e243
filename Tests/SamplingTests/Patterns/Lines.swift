import Bytes
import Sampling

@testable import SamplingSimulation

/// How tests hand text to what is tested.
extension PatternMiner {
  mutating func match(_ text: String) -> Match { match(Array(text.utf8)) }

  mutating func match(_ bytes: [UInt8]) -> Match { pattern(of: bytes.span, Slice(0, bytes.count)) }
}

extension LineScanner {
  mutating func id(_ text: String) -> PatternID {
    let bytes = Array(text.utf8)
    scan(bytes.span, Slice(0, bytes.count))
    return id
  }

  mutating func template(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return String(decoding: template(of: bytes.span, Slice(0, bytes.count)), as: UTF8.self)
  }
}

/// Lines of thirty kinds, as frequent as Zipf's law has it.
struct MixedLines {
  static let templates = [
    "Accepted password for U from I port N ssh2", "Failed password for U from I port N ssh2",
    "session opened for user U by (uid=N)", "session closed for user U", "Connection closed by I port N",
    "GET /api/orders/N took N ms", "order X created with N items", "order X shipped", "charge X declined",
    "retrying charge X in N ms, attempt N of N", "cache miss for key N", "cache hit for key N",
    "checkpoint starting: time", "checkpoint complete: wrote N buffers", "connection to H refused",
    "worker N started", "worker N stopped after N s", "queue depth is N", "block X of size N received from I",
    "block X deleted", "lease renewed until N", "leader elected: H", "model M answered X in N ms",
    "model M rate limited X", "tool call X timed out", "prompt blocked, score N.N", "disk usage at N %",
    "certificate of H expires in N days", "configuration reloaded", "shutting down",
  ]

  private(set) var labels: [Int] = []
  private(set) var lines: [String] = []

  init(_ count: Int, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let weights = Self.templates.indices.flatMap { [Int](repeating: $0, count: 120 / ($0 + 3)) }
    for _ in 0..<count {
      let label = weights.randomElement(using: &random) ?? 0
      labels.append(label)
      lines.append(
        Self.templates[label].split(separator: " ").map { Self.fill(String($0), &random) }.joined(separator: " "))
    }
  }

  private static func fill(_ word: String, _ random: inout SeededRandom) -> String {
    let names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"]
    let models = ["gpt-4o", "claude-sonnet-4", "gemini-2.5-pro", "mistral-large"]
    return switch word {
    case "U": names.randomElement(using: &random) ?? ""
    case "M": models.randomElement(using: &random) ?? ""
    case "H": "node-\(Int.random(in: 1...400, using: &random)).eu.example"
    case "I": (0..<4).map { _ in "\(Int.random(in: 1...254, using: &random))" }.joined(separator: ".")
    case "X": String(random.next(), radix: 16)
    default:
      word.contains("N")
        ? word.split(separator: "N", omittingEmptySubsequences: false).map(String.init)
          .joined(separator: "\(Int.random(in: 0...99_999, using: &random))") : word
    }
  }

  /// The share of lines whose group has exactly the lines of one template.
  static func accuracy(_ labels: [Int], _ found: [PatternID]) -> Double {
    var sizes: [Int: Int] = [:]
    var groups: [PatternID: [Int: Int]] = [:]
    for (label, id) in zip(labels, found) {
      sizes[label, default: 0] += 1
      groups[id, default: [:]][label, default: 0] += 1
    }
    let right = groups.values.filter { $0.count == 1 && $0.allSatisfy { sizes[$0.key] == $0.value } }
    return Double(right.flatMap(\.values).reduce(0, +)) / Double(labels.count)
  }
}
