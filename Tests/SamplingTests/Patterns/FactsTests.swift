import Bytes
import Sampling
import Testing

/// Texts in one arena, with a slice each.
private struct Arena {
  var bytes: [UInt8] = []

  mutating func add(_ text: String) -> Slice {
    let start = bytes.count
    bytes += Array(text.utf8)
    return Slice(start, bytes.count)
  }
}

@Suite struct SpanFactsTests {
  private func signature(_ change: (inout SpanFacts, inout Arena) -> Void = { _, _ in }) -> PatternID {
    var arena = Arena()
    var span = SpanFacts()
    span.kind = 3
    span.name = arena.add("chat 42")
    span.operation = arena.add("chat")
    span.provider = arena.add("openai")
    span.model = arena.add("gpt-4o")
    span.service = arena.add("shop")
    span.status = 1
    change(&span, &arena)
    var scanner = LineScanner()
    return scanner.signature(of: span, in: arena.bytes.span)
  }

  @Test func `values in the name make no difference`() {
    #expect(signature() == signature { span, arena in span.name = arena.add("chat 43") })
    #expect(signature().description == "e3fabcc88dfb8e81")
  }

  @Test func `everything else does`() {
    let changes: [(inout SpanFacts, inout Arena) -> Void] = [
      { span, _ in span.kind = 2 }, { span, _ in span.status = 2 },
      { span, arena in span.name = arena.add("embed 42") }, { span, arena in span.operation = arena.add("embed") },
      { span, arena in span.provider = arena.add("azure") }, { span, arena in span.model = arena.add("gpt-4o-mini") },
      { span, arena in span.tool = arena.add("search") }, { span, arena in span.service = arena.add("shop2") },
      { span, arena in span.errorType = arena.add("timeout") },
      { span, _ in (span.operation, span.provider) = (span.provider, span.operation) },
      { span, _ in (span.tool, span.errorType) = (.empty, span.service) },
      { span, _ in (span.tool, span.service) = (span.service, .empty) },
    ]
    let all = [signature()] + changes.map { signature($0) }
    #expect(Set(all).count == all.count)
  }

  @Test func `it is shown with what it is told apart by`() {
    var arena = Arena()
    var span = SpanFacts()
    span.name = arena.add("execute_tool 7")
    span.tool = arena.add("search\n")
    var scanner = LineScanner()
    #expect(scanner.template(of: span, in: arena.bytes.span) == "execute_tool <*> tool=search ")
  }
}

@Suite struct LogFactsTests {
  private func match(
    _ miner: inout PatternMiner, _ names: [String] = [], _ change: (inout LogFacts, inout Arena) -> Void
  ) -> PatternMiner.Match {
    var arena = Arena()
    var log = LogFacts()
    change(&log, &arena)
    let slices = names.map { arena.add($0) }
    return miner.pattern(of: log, names: slices.span, in: arena.bytes.span)
  }

  @Test func `a body of text is a line`() {
    var miner = PatternMiner()
    let record = match(&miner) { log, arena in log.body = arena.add("order 17 shipped") }
    #expect(record.id == miner.match("order 18 shipped").id)
  }

  @Test func `a message template comes before the body, an event's name before both`() {
    var miner = PatternMiner()
    let template = match(&miner) { log, arena in
      log.body = arena.add("alice signed in")
      log.messageTemplate = arena.add("{user} signed in")
    }
    #expect(template.id == match(&miner) { log, arena in log.messageTemplate = arena.add("{user} signed in") }.id)
    let event = match(&miner) { log, arena in
      log.body = arena.add("alice signed in")
      log.messageTemplate = arena.add("{user} signed in")
      log.eventName = arena.add("user.signed_in 2")
    }
    #expect(event.id != template.id)
    #expect(miner.template(of: event.id) == "user.signed_in 2")
    #expect(event.id == match(&miner) { log, arena in log.eventName = arena.add("user.signed_in 2") }.id)
  }

  @Test func `the same text of another function is another pattern`() {
    var miner = PatternMiner()
    let first = match(&miner) { log, arena in
      log.body = arena.add("took 12 ms")
      log.function = arena.add("shop.pay")
      log.file = arena.add("/src/pay.py")
    }
    let second = match(&miner) { log, arena in
      log.body = arena.add("took 13 ms")
      log.function = arena.add("shop.ship")
      log.file = arena.add("/src/pay.py")
    }
    #expect(first.id != second.id && second.isNew)
    #expect(miner.template(of: first.id) == "shop.pay /src/pay.py took <*>")
  }

  @Test func `an object is its message and its members' names in any order`() {
    var miner = PatternMiner()
    let first = match(&miner, ["msg", "user", "ms"]) { log, arena in log.body = arena.add("took 12 ms") }
    let same = match(&miner, ["ms", "msg", "user"]) { log, arena in log.body = arena.add("took 15 ms") }
    let other = match(&miner, ["ms", "msg"]) { log, arena in log.body = arena.add("took 15 ms") }
    #expect(first.id == same.id && other.id != first.id)
    #expect(miner.template(of: first.id) == "{ms,msg,user} took <*>")
  }

  @Test func `more than 64 members are no fields`() {
    var miner = PatternMiner()
    func names(_ count: Int) -> [String] { (0..<count).map { "n\($0)" } }
    let most = match(&miner, names(PatternMiner.namesMax)) { _, _ in }
    let more = match(&miner, names(PatternMiner.namesMax + 1)) { _, _ in }
    #expect(miner.template(of: most.id).hasPrefix("{n0,n1,n10,"))
    #expect(miner.template(of: more.id) == "{*}")
    #expect(more.id == match(&miner, names(200)) { _, _ in }.id)
  }

  @Test func `nothing at all is a pattern too`() {
    var miner = PatternMiner()
    #expect(match(&miner) { _, _ in }.id == miner.match("").id)
  }
}
