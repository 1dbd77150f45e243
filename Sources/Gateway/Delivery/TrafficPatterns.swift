import Bytes
import Sampling
import Telemetry

/// Of which kind events and log records are: what sightings, rates by pattern and anomalies go by. One for all lanes: an id
/// follows from the words alone.
struct TrafficPatterns {
  /// Names of kinds of events that are kept for people; those of log records the miner knows.
  static let namesMax = 20_000

  private var miner = PatternMiner()
  private var scanner = LineScanner()
  private var names: [UInt64: String] = [:]
  private var members: [Slice] = []

  /// How a kind is shown; empty if it is forgotten.
  mutating func name(of pattern: UInt64) -> String {
    names[pattern] ?? miner.template(of: PatternID(pattern))
  }

  /// Of an event that `batch` would become.
  mutating func pattern(of fact: EventFacts, _ batch: Batch) -> UInt64 {
    let span = batch.spans[fact.span]
    var facts = SpanFacts()
    facts.kind = span.kind | fact.name << 4
    facts.name = span.name
    facts.status = fact.isError ? StatusCode.error.rawValue : StatusCode.ok.rawValue
    facts.service = fact.texts.service
    facts.model = fact.texts.model
    facts.provider = fact.texts.provider
    facts.tool = fact.texts.tool
    facts.errorType = fact.texts.errorType
    let bytes = batch.arena.span
    let id = scanner.signature(of: facts, in: bytes).value
    if names[id] == nil {
      if names.count >= Self.namesMax { names.removeAll() }
      names[id] = scanner.template(of: facts, in: bytes)
    }
    return id
  }

  mutating func pattern(of log: LogRecord, _ batch: Batch) -> UInt64 {
    let bytes = batch.arena.span
    var facts = LogFacts()
    facts.eventName = log.eventName
    members.removeAll(keepingCapacity: true)
    switch log.body {
    case .string(let text): facts.body = text
    case .map(let map): facts.body = read(map, bytes)
    default: break
    }
    for index in log.attributes {
      let attribute = batch.attributes[Int(index)]
      guard case .string(let text) = attribute.value else { continue }
      note(attribute.key, text, bytes, &facts)
    }
    let names = members
    return miner.pattern(of: facts, names: names.span, in: bytes).id.value
  }

  /// The text of a body that is an object; notes the names of its members.
  private mutating func read(_ map: Slice, _ bytes: ByteSpan) -> Slice {
    var text = Slice.empty
    var reader = MapReader(map)
    while let member = (try? reader.next(in: bytes)) ?? nil {
      members.append(member.key)
      guard text.isEmpty, case .string(let value) = member.value else { continue }
      if Self.bodyNames.contains(where: { bytes.equals(member.key, $0) }) { text = value }
    }
    return text
  }

  private func note(_ key: Slice, _ text: Slice, _ bytes: ByteSpan, _ facts: inout LogFacts) {
    // Most attributes are none of these, as their first letter says.
    switch bytes[unchecked: key] {
    case UInt8(ascii: "e"): if bytes.equals(key, Self.eventName), facts.eventName.isEmpty { facts.eventName = text }
    case UInt8(ascii: "c"):
      if bytes.equals(key, Self.function) { facts.function = text }
      if bytes.equals(key, Self.file) { facts.file = text }
    case UInt8(ascii: "m"), UInt8(ascii: "l"):
      if Self.templates.contains(where: { bytes.equals(key, $0) }) { facts.messageTemplate = text }
    default: break
    }
  }

  private static let bodyNames = ["message", "msg", "event", "body"].map { Array($0.utf8) }
  private static let eventName = Array("event.name".utf8)
  private static let function = Array("code.function.name".utf8)
  private static let file = Array("code.file.path".utf8)
  private static let templates = ["message_template.text", "message.template", "log.template"].map { Array($0.utf8) }
}

extension ByteSpan {
  /// The first byte of a slice; 0 if it is empty.
  fileprivate subscript(unchecked slice: Slice) -> UInt8 { slice.isEmpty ? 0 : self[slice.start] }
}
