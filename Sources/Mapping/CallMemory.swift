import Bytes
import Telemetry

/// What a provider's own SDK counted for a call: it read the provider's answer itself, others add up what they saw.
struct ReportedUsage: Sendable {
  var values: [(property: Int, value: Double)] = []
  /// As the dialect's `cache_reporting`.
  var isExclusive: Bool?
  /// Told by a log record without a trace id: it knows no better than the span, only more.
  var isRecord = false
}

/// Calls of traces that were mapped, for a while: a provider's own SDK may tell of a call again from a trace of its own
/// (mapping.md section 6). The oldest are forgotten first.
package struct CallMemory: Sendable {
  /// A call as far as another trace can recognise it.
  struct Call: Sendable, Equatable {
    var trace: TraceID
    var span: SpanID
    /// Of a call without an id only.
    var model: [UInt8] = []
    var start: UInt64
    var end: UInt64

    static func == (one: Call, other: Call) -> Bool { one.trace == other.trace && one.span == other.span }
  }

  /// The two accounts of one call.
  struct Accounts: Sendable {
    var primary: Call?
    var secondary: Call?
    var usage = ReportedUsage()
    /// The secondary account waited in vain, and became the call.
    var secondaryWasSent = false
  }

  /// By the hash of the id: most calls are never asked for again, and must cost little.
  private var byID: [UInt64: Accounts] = [:]
  private var order: [UInt64] = []
  private var oldest = 0
  /// Calls that failed have no id; the second account of one lies inside the first.
  private var failed: [Accounts] = []
  private static let failedMax = 1024
  /// Whether a secondary account ever came in a trace of its own: only then is anything waited for.
  var expectsSecondaries = false
  /// Whether a record without a trace id ever came: only then are tools remembered too.
  var expectsRecords = false

  package init() {}

  /// The accounts of the call of that id, changed in place.
  mutating func update(_ id: UInt64, _ body: (inout Accounts) -> Void) {
    if byID[id] == nil {
      order.append(id)
      if order.count - oldest > MappingLimits.callsRememberedMax {
        byID[order[oldest]] = nil
        oldest += 1
      }
      if oldest * 2 > order.count {
        order.removeFirst(oldest)
        oldest = 0
      }
    }
    body(&byID[id, default: Accounts()])
  }

  /// The same for a call that failed: the accounts that it is part of or fits to, else new ones.
  mutating func update(failed call: Call, isSecondary: Bool, _ body: (inout Accounts) -> Void) {
    let own = failed.firstIndex { (isSecondary ? $0.secondary : $0.primary) == call }
    let place = own ?? failed.firstIndex { Self.fits(call, isSecondary: isSecondary, $0) }
    if let place { return body(&failed[place]) }
    if failed.count == Self.failedMax { failed.removeFirst() }
    var accounts = Accounts()
    body(&accounts)
    failed.append(accounts)
  }

  private static func fits(_ call: Call, isSecondary: Bool, _ accounts: Accounts) -> Bool {
    guard (isSecondary ? accounts.secondary : accounts.primary) == nil,
      let other = isSecondary ? accounts.primary : accounts.secondary
    else { return false }
    let (inner, outer) = isSecondary ? (call, other) : (other, call)
    let slack = MappingLimits.nestedSlack
    return inner.start &+ slack >= outer.start && inner.end <= outer.end &+ slack
      && ModelName.isSame(
        Slice(0, inner.model.count), of: inner.model.span, Slice(0, outer.model.count), of: outer.model.span)
  }
}

extension Mapper {
  /// Whether calls of a trace may be told again from other traces: by a provider's own SDK, or by records without a
  /// trace id.
  package var hasSecondaries: Bool { program.relations.hasSecondaries || !program.relations.stepRecords.isEmpty }

  /// Finds out which calls of the loaded trace another trace tells too, and remembers them. Of two accounts the primary
  /// one becomes the call, with the usage that the secondary one counted. A record without a trace id is secondary to any
  /// span.
  ///
  /// - Parameter keepsWaiting: whether a call may still wait for its other account.
  /// - Returns: how many calls wait for another account.
  package func match(_ memory: inout CallMemory, keepsWaiting: Bool) -> Int {
    var waiting = 0
    for index in spans.indices where spans[index].isAI && !spans[index].isDuplicate {
      if spans[index].duplicateOf != nil || partners[index]?.contains(where: { $0 < givenSpans }) == true { continue }
      let isRecord = index >= givenSpans && ownTrace != nil
      if isRecord { memory.expectsRecords = true }
      guard spans[index].isCall || memory.expectsRecords && spans[index].kind == .tool else { continue }
      let span = batch.spans[index]
      let isSecondary = isRecord || program.dialects[Int(spans[index].dialect)].facts.isSecondary
      let names = names(of: index)
      if names.isEmpty, !spans[index].isError { continue }
      var call = CallMemory.Call(trace: span.trace, span: span.id, start: span.start, end: span.end)
      if names.isEmpty {
        let model = text(of: program.relations.nested, at: index)
        call.model.append(bytes, model)
      }
      if isSecondary, !isRecord { memory.expectsSecondaries = true }
      let mayWait = keepsWaiting && (isRecord || memory.expectsSecondaries)
      var waits = false
      let match: (inout CallMemory.Accounts) -> Void = { [self] accounts in
        if isSecondary {
          if matchSecondary(index, call, &accounts, keepsWaiting: mayWait) { waits = true }
        } else if matchPrimary(index, call, &accounts, keepsWaiting: mayWait) {
          waits = true
        }
      }
      if names.isEmpty { memory.update(failed: call, isSecondary: isSecondary, match) }
      for name in names where spans[index].duplicateOf == nil { memory.update(name, match) }
      if waits, spans[index].duplicateOf == nil { waiting += 1 }
      // A record is no step beside the span that tells of it.
      if isRecord, spans[index].duplicateOf != nil {
        spans[index].duplicateOf = nil
        spans[index].kind = .notAI
      }
    }
    forgetNodes()
    return waiting
  }

  /// Hashes of what names a call or the use of a tool: its answer's id, and whatever a record may name it by.
  private func names(of index: Int) -> [UInt64] {
    program.relations.names.compactMap { property in
      let said = text(of: property, at: index)
      return said.isEmpty ? nil : Hash.bytes(bytes, said) ^ UInt64(property) &* 0x9e37_79b9_7f4a_7c15
    }
  }

  private func matchSecondary(
    _ index: Int, _ call: CallMemory.Call, _ accounts: inout CallMemory.Accounts, keepsWaiting: Bool
  ) -> Bool {
    accounts.secondary = call
    accounts.usage = usage(of: index)
    accounts.usage.isRecord = index >= givenSpans
    if let primary = accounts.primary, primary.trace != call.trace {
      spans[index].duplicateOf = primary.span
    } else if keepsWaiting {
      return true
    } else {
      accounts.secondaryWasSent = true
    }
    return false
  }

  private func matchPrimary(
    _ index: Int, _ call: CallMemory.Call, _ accounts: inout CallMemory.Accounts, keepsWaiting: Bool
  ) -> Bool {
    guard let secondary = accounts.secondary, secondary.trace != call.trace else {
      accounts.primary = call
      return keepsWaiting
    }
    if accounts.secondaryWasSent {
      spans[index].duplicateOf = secondary.span
    } else {
      accounts.primary = call
      var usage = accounts.usage
      if usage.isRecord { usage.values.removeAll { says($0.property, at: index) } }
      if !usage.isRecord || !usage.values.isEmpty { reported[index] = usage }
    }
    return false
  }

  /// What a call's own span says of its usage.
  func usage(of index: Int) -> ReportedUsage {
    var usage = ReportedUsage(isExclusive: program.dialects[Int(spans[index].dialect)].facts.cacheExclusive)
    for property in program.relations.usage {
      if let found = find(property, at: index), let value = number(found.item) {
        usage.values.append((property, value))
      }
    }
    return usage
  }
}
