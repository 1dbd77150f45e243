import Bytes
import Telemetry

/// A value that a path led to.
enum Item {
  case absent
  /// In the batch's arena.
  case value(Value)
  /// On the tape.
  case node(Int)
  case nanoseconds(UInt64)
  case literal(Literal)
  /// Text that was computed.
  case text([UInt8])
}

/// What a path led to, and which attribute it stood in (-1 for none): that is what a rule consumes.
struct Resolved {
  var item: Item
  var attribute: Int32 = -1
  /// The family whose members were gathered; -1 for none.
  var family: Int32 = -1

  static let absent = Resolved(item: .absent)

  var isPresent: Bool {
    if case .absent = item { return false }
    return true
  }
}

extension Mapper {
  /// Reads a path for one span. What is null, empty or a redaction placeholder counts as absent.
  func resolve(_ path: CompiledPath, _ index: Int) -> Resolved {
    var found = locate(path.place, index)
    if !path.pointer.isEmpty, found.isPresent { found.item = follow(path.pointer[...], found) }
    if !isPresent(found.item) { found.item = .absent }
    return found
  }

  private func locate(_ place: CompiledPath.Place, _ index: Int) -> Resolved {
    switch place {
    case .attribute(let slot): return found(attribute(in: slot, of: index))
    case .resource(let slot):
      return found(Int(resourceSlots[Int(scope(of: index).resource) * program.resourceSlots.count + slot]) - 1)
    case .scope(let slot):
      return found(Int(scopeSlots[Int(batch.spans[index].scope) * program.scopeSlots.count + slot]) - 1)
    case .scopeName: return Resolved(item: .value(.string(scope(of: index).name)))
    case .scopeVersion: return Resolved(item: .value(.string(scope(of: index).version)))
    case .scopeSchemaURL: return Resolved(item: .value(.string(scope(of: index).schemaURL)))
    case .spanName: return Resolved(item: .value(.string(batch.spans[index].name)))
    case .spanKind: return Resolved(item: .literal(.string(Self.kindNames[Int(min(batch.spans[index].kind, 5))])))
    case .spanStatus:
      return Resolved(item: .literal(.string(Self.statusNames[Int(batch.spans[index].status.rawValue)])))
    case .spanStatusMessage: return Resolved(item: .value(.string(batch.spans[index].statusMessage)))
    case .spanDuration:
      let (start, end) = (batch.spans[index].start, batch.spans[index].end)
      return Resolved(item: end >= start && end > 0 ? .nanoseconds(end - start) : .absent)
    case .gather(let family):
      return Resolved(item: gather(family, of: batch.spans[index].attributes), family: Int32(family))
    case .object(let family):
      return Resolved(item: object(family, of: batch.spans[index].attributes), family: Int32(family))
    case .event(let pattern, let field):
      if batch.spans[index].events.isEmpty { return .absent }
      return Resolved(item: event(pattern, field, batch.spans[index]))
    case .log(let pattern, let field):
      if batch.logs.isEmpty { return .absent }
      return Resolved(item: log(pattern, field, index))
    }
  }

  private func scope(of index: Int) -> Telemetry.Scope { batch.scopes[Int(batch.spans[index].scope)] }

  private static let kindNames = ["unspecified", "internal", "server", "client", "producer", "consumer"]
  private static let statusNames = ["unset", "ok", "error"]

  private func found(_ attribute: Int) -> Resolved {
    guard attribute >= 0 else { return .absent }
    return Resolved(item: .value(batch.attributes[attribute].value), attribute: Int32(truncatingIfNeeded: attribute))
  }

  func isPresent(_ item: Item) -> Bool {
    switch item {
    case .absent: return false
    case .value(let value): return isPresent(value)
    case .node(let node):
      switch tape.nodes[node].kind {
      case .null: return false
      case .array, .object: return tape.nodes[node].children > 0
      case .string, .text: return !isBlank(tape.nodes[node].text)
      default: return true
      }
    case .text(let text): return !text.isEmpty
    case .nanoseconds, .literal: return true
    }
  }

  func isPresent(_ value: Value) -> Bool {
    switch value {
    case .empty: false
    case .string(let text): !isBlank(text)
    case .bytes(let slice), .array(let slice), .map(let slice): !slice.isEmpty
    case .int, .double, .bool: true
    }
  }

  /// Empty, `{}`, `[]`, or what instrumentations put in place of content they hide.
  func isBlank(_ text: Slice) -> Bool {
    switch text.count {
    case 0: return true
    case 2:
      let first = batch.arena[text.start]
      let last = batch.arena[text.start + 1]
      return (first == UInt8(ascii: "{") && last == UInt8(ascii: "}"))
        || (first == UInt8(ascii: "[") && last == UInt8(ascii: "]"))
    case 10:
      if batch.arena[text.start] != UInt8(ascii: "<") { return false }
      let bytes = self.bytes
      return Self.redactedTag.indices.allSatisfy { bytes[text.start &+ $0] | 0x20 == Self.redactedTag[$0] }
    case 12: return bytes.equals(text, Self.redacted)
    default: return false
    }
  }

  private static let redacted = Array("__REDACTED__".utf8)
  /// In any case; as it is with the bit set that tells cases apart, which '<' and '>' have.
  private static let redactedTag = Array("<redacted>".utf8)

  // MARK: Pointers

  private func follow(_ steps: ArraySlice<CompiledPath.Step>, _ found: Resolved) -> Item {
    guard let root = node(found.item, attribute: found.attribute) else { return .absent }
    return follow(steps, root)
  }

  private func follow(_ steps: ArraySlice<CompiledPath.Step>, _ start: Int) -> Item {
    var node = start
    for (position, step) in zip(steps.indices, steps) {
      switch step {
      case .member(let name):
        guard let next = member(node, name) else { return .absent }
        node = next
      case .index(let number):
        guard tape.nodes[node].kind == .array, let next = element(node, number) else { return .absent }
        node = next
      case .each:
        let children = children(of: node)
        let rest = steps[(position + 1)...]
        let found = children.compactMap { child -> Int? in
          if case .node(let node) = follow(rest, child) { return node }
          return nil
        }
        return list(of: found)
      }
    }
    return .node(node)
  }

  /// A new list on the tape that holds copies of these nodes.
  func list(of nodes: [Int]) -> Item {
    let root = tape.nodes.count
    tape.nodes.append(JSONNode(kind: .array))
    for node in nodes { copy(node, key: .empty) }
    tape.nodes[root].children = Int32(nodes.count)
    tape.nodes[root].next = Int32(tape.nodes.count)
    return .node(root)
  }

  /// Appends a copy of a node and all below it, under another key.
  func copy(_ node: Int, key: Slice, keyHasEscapes: Bool = false) {
    let shift = Int32(tape.nodes.count - node)
    for index in node..<Int(tape.nodes[node].next) {
      var copied = tape.nodes[index]
      copied.next += shift
      if index == node {
        copied.key = key
        copied.keyHasEscapes = keyHasEscapes
      }
      tape.nodes.append(copied)
    }
  }

  // MARK: Events and logs

  /// The last span event of that name: one attribute of it, or all of them as an object with the event's name as role.
  private func event(_ pattern: NamePattern, _ field: CompiledPath.Field, _ span: Telemetry.Span) -> Item {
    let bytes = self.bytes
    if case .whole = field {
      var found: [(name: Slice, node: Int)] = []
      for event in span.events where pattern.matches(bytes, batch.events[Int(event)].name) {
        found.append((batch.events[Int(event)].name, object(of: batch.events[Int(event)].attributes)))
      }
      return found.isEmpty ? .absent : list(of: found.map { withRole($0.node, pattern.wildcard($0.name)) })
    }
    guard case .attribute(let name) = field else { return .absent }
    for event in span.events.reversed() where pattern.matches(bytes, batch.events[Int(event)].name) {
      for attribute in batch.events[Int(event)].attributes
      where bytes.equals(batch.attributes[Int(attribute)].key, name) {
        return .value(batch.attributes[Int(attribute)].value)
      }
    }
    return .absent
  }

  /// When the first span event of that name was.
  func firstTime(of pattern: NamePattern, _ span: Telemetry.Span) -> UInt64? {
    let bytes = self.bytes
    var first: UInt64?
    for event in span.events where pattern.matches(bytes, batch.events[Int(event)].name) {
      first = min(first ?? .max, batch.events[Int(event)].time)
    }
    return first
  }

  /// The same for log records that belong to the span; `#body` is the last one's body.
  private func log(_ pattern: NamePattern, _ field: CompiledPath.Field, _ index: Int) -> Item {
    guard let records = logsOfSpan[index] else { return .absent }
    let bytes = self.bytes
    let matching = records.filter { pattern.matches(bytes, logNames[$0]) }
    guard let last = matching.last else { return .absent }
    switch field {
    case .body: return .value(batch.logs[last].body)
    case .attribute(let name):
      for attribute in batch.logs[last].attributes where bytes.equals(batch.attributes[Int(attribute)].key, name) {
        return .value(batch.attributes[Int(attribute)].value)
      }
      return .absent
    case .whole:
      var nodes: [Int] = []
      for record in matching {
        let log = batch.logs[record]
        let body = log.body == .empty ? object(of: log.attributes) : (node(.value(log.body), attribute: -1) ?? -1)
        if body >= 0 { nodes.append(withRole(body, pattern.wildcard(logNames[record]))) }
      }
      return list(of: nodes)
    }
  }

  private static let roleName = Array("role".utf8)

  /// A message without a role gets the one in its event's name (`gen_ai.user.message`).
  private func withRole(_ node: Int, _ role: Slice) -> Int {
    guard !role.isEmpty, tape.nodes[node].kind == .object, members(of: node)[.role] == nil else { return node }
    let root = tape.nodes.count
    tape.nodes.append(JSONNode(kind: .object))
    let roleKey = constant(Self.roleName)
    tape.nodes.append(JSONNode(kind: .text, key: roleKey, text: role))
    tape.nodes[root + 1].next = Int32(root + 2)
    for child in children(of: node) {
      copy(child, key: tape.nodes[child].key, keyHasEscapes: tape.nodes[child].keyHasEscapes)
    }
    tape.nodes[root].children = tape.nodes[node].children + 1
    tape.nodes[root].next = Int32(tape.nodes.count)
    return root
  }
}
