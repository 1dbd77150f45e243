import Bytes
import Glibc
import Sampling

/// Measures what patterns cost and how right they are; docs/sampling.md says how to run it.
///
///     PatternBenchmark speed FILE [ROUNDS]    lines a second of the scanner alone and of the whole path
///     PatternBenchmark quality FILE           lines behind the name of their true template and a tab
@main enum PatternBenchmark {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3, let bytes = read(arguments[2]) else { return say("speed|quality FILE [ROUNDS]") }
    switch arguments[1] {
    case "speed": speed(bytes, rounds: arguments.count > 3 ? Int(arguments[3]) ?? 3 : 3)
    case "quality": quality(bytes)
    default: say("speed|quality FILE [ROUNDS]")
    }
  }

  private static func speed(_ bytes: [UInt8], rounds: Int) {
    let lines = self.lines(bytes)
    var scanner = LineScanner()
    var sum: UInt64 = 0
    let scan = cpuTime {
      for _ in 0..<rounds {
        for line in lines {
          scanner.scan(bytes.span, line)
          sum ^= scanner.id.value
        }
      }
    }
    var miner = PatternMiner()
    let mine = cpuTime {
      for _ in 0..<rounds {
        for line in lines { sum ^= miner.pattern(of: bytes.span, line).id.value }
      }
    }
    say("scanner \(rate(lines.count * rounds, scan)) lines/s, miner \(rate(lines.count * rounds, mine)) lines/s")
    say("\(lines.count) lines, \(miner.keyCount) keys, \(miner.learned) learned, checksum \(Hex.string(sum))")
  }

  private static func quality(_ bytes: [UInt8]) {
    var labels: [String: Int] = [:]
    var truth: [Int] = []
    var texts: [Slice] = []
    for line in lines(bytes) {
      let tab = line.range.first { bytes[$0] == UInt8(ascii: "\t") } ?? line.start
      truth.append(labels[bytes.span.string(Slice(line.start, tab)), default: labels.count])
      labels[bytes.span.string(Slice(line.start, tab))] = truth.last
      texts.append(Slice(min(tab + 1, line.end), line.end))
    }
    var scanner = LineScanner()
    let stateless = texts.map { text in
      scanner.scan(bytes.span, text)
      return scanner.id
    }
    say("scanner alone    \(Grouping(truth, stateless))")
    var order = Array(texts.indices)
    var random = SplitMix64(state: 1)
    for round in 0..<6 {
      var miner = PatternMiner()
      var ids = [PatternID](repeating: PatternID(0), count: order.count)
      var events = NewPatterns()
      for index in order {
        let match = miner.pattern(of: bytes.span, texts[index])
        ids[index] = match.id
        events.count(match.isNew, truth[index])
      }
      let first = Grouping(truth, ids)
      let resolved = Grouping(truth, ids.map { miner.canonical($0) })
      say(
        "\(round == 0 ? "as it is        " : "shuffled, seed \(round)") \(resolved), as first given \(first), \(events)"
      )
      order.shuffle(using: &random)
    }
  }

  /// Of this process: others on the machine do not count.
  private static func cpuTime(_ body: () -> Void) -> Double {
    let start = clock()
    body()
    return Double(clock() - start) / Double(CLOCKS_PER_SEC)
  }

  private static func rate(_ count: Int, _ seconds: Double) -> Int { Int(Double(count) / seconds) }

  private static func lines(_ bytes: [UInt8]) -> [Slice] {
    bytes.indices.split { bytes[$0] == 0x0a }.map { Slice($0.startIndex, $0.endIndex) }
  }

  private static func read(_ path: String) -> [UInt8]? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = unsafe fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  private static func say(_ text: String) {
    unsafe puts(text)
    fflush(nil)
  }
}

struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
