import Bytes
import Telemetry

/// What a provider's own SDK counted for a call: it read the provider's answer itself, others add up what they saw.
struct ReportedUsage: Sendable {
  var values: [(property: Int, value: Double)] = []
  /// As the dialect's `cache_reporting`.
  var isExclusive: Bool?
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
  /// Whether a set of tables has dialects whose calls may be told again from other traces.
  package var hasSecondaries: Bool { program.relations.hasSecondaries }

  /// Finds out which calls of the loaded trace another trace tells too, and remembers them. Of two accounts the primary
  /// one becomes the call, with the usage that the secondary one counted.
  ///
  /// - Parameter keepsWaiting: whether a call may still wait for its other account.
  /// - Returns: how many calls wait for another account.
  package func match(_ memory: inout CallMemory, keepsWaiting: Bool) -> Int {
    var waiting = 0
    for index in spans.indices where spans[index].isCall && !spans[index].isDuplicate {
      if spans[index].duplicateOf != nil || partners[index] != nil { continue }
      let span = batch.spans[index]
      let isSecondary = program.dialects[Int(spans[index].dialect)].facts.isSecondary
      let number = Int(spans[index].call)
      let id = number >= 0 ? calls[number].id : text(of: program.relations.same, at: index)
      if id.isEmpty, !spans[index].isError { continue }
      var call = CallMemory.Call(trace: span.trace, span: span.id, start: span.start, end: span.end)
      if id.isEmpty {
        let model = text(of: program.relations.nested, at: index)
        call.model.append(bytes, model)
      }
      if isSecondary { memory.expectsSecondaries = true }
      let mayWait = keepsWaiting && memory.expectsSecondaries
      let match: (inout CallMemory.Accounts) -> Void = { [self] accounts in
        if isSecondary {
          waiting += matchSecondary(index, call, &accounts, keepsWaiting: mayWait)
        } else {
          waiting += matchPrimary(index, call, &accounts, keepsWaiting: mayWait)
        }
      }
      if id.isEmpty {
        memory.update(failed: call, isSecondary: isSecondary, match)
      } else {
        memory.update(Hash.bytes(bytes, id), match)
      }
    }
    forgetNodes()
    return waiting
  }

  private func matchSecondary(
    _ index: Int, _ call: CallMemory.Call, _ accounts: inout CallMemory.Accounts, keepsWaiting: Bool
  ) -> Int {
    accounts.secondary = call
    accounts.usage = usage(of: index)
    if let primary = accounts.primary, primary.trace != call.trace {
      spans[index].duplicateOf = primary.span
    } else if keepsWaiting {
      return 1
    } else {
      accounts.secondaryWasSent = true
    }
    return 0
  }

  private func matchPrimary(
    _ index: Int, _ call: CallMemory.Call, _ accounts: inout CallMemory.Accounts, keepsWaiting: Bool
  ) -> Int {
    guard let secondary = accounts.secondary, secondary.trace != call.trace else {
      accounts.primary = call
      return keepsWaiting ? 1 : 0
    }
    if accounts.secondaryWasSent {
      spans[index].duplicateOf = secondary.span
    } else {
      accounts.primary = call
      reported[index] = accounts.usage
    }
    return 0
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
