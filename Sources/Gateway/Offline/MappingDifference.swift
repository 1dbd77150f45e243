import Bytes
import Mapping

/// How the events of one case differ between two mapping sets.
struct MappingDifference {
  private struct Event {
    var title: String
    var members: [String: String]
  }

  private(set) var appeared: [String] = []
  private(set) var vanished: [String] = []
  private(set) var changed: [(event: String, lines: [String])] = []

  var isEmpty: Bool { appeared.isEmpty && vanished.isEmpty && changed.isEmpty }

  /// Events belong together by trace and span, whatever they are called.
  init(_ before: [[UInt8]], _ after: [[UInt8]]) throws {
    let (old, oldOrder) = try Self.events(before)
    let (new, newOrder) = try Self.events(after)
    for key in oldOrder {
      guard let was = old[key] else { continue }
      guard let now = new[key] else {
        vanished.append(was.title)
        continue
      }
      let lines = Self.lines(was, now)
      if !lines.isEmpty { changed.append((now.title, lines)) }
    }
    appeared = newOrder.filter { old[$0] == nil }.compactMap { new[$0]?.title }
  }

  /// For a terminal, each line behind two blanks.
  var text: String {
    var lines: [String] = []
    for event in vanished { lines.append("- \(event)") }
    for event in appeared { lines.append("+ \(event)") }
    for (event, changes) in changed { lines += ["\(event)"] + changes.map { "  \($0)" } }
    return lines.map { "  \($0)" }.joined(separator: "\n")
  }

  /// Characters of a value that are shown.
  private static let valueMax = 70

  private static func lines(_ before: Event, _ after: Event) -> [String] {
    var lines: [String] = []
    for name in Set(before.members.keys).union(after.members.keys).sorted() {
      let (was, now) = (before.members[name], after.members[name])
      if was == now { continue }
      let (old, new) = (was.map { TextTable.short($0, valueMax) }, now.map { TextTable.short($0, valueMax) })
      if let old, let new {
        lines.append("~ \(name): \(old) -> \(new)")
      } else if let old {
        lines.append("- \(name): \(old)")
      } else if let new {
        lines.append("+ \(name): \(new)")
      }
    }
    return lines
  }

  private static func events(_ events: [[UInt8]]) throws -> (byKey: [String: Event], order: [String]) {
    var byKey: [String: Event] = [:]
    var order: [String] = []
    for json in events {
      let sorted = try SortedJSON.text(json)
      var tape = JSONTape()
      let root = try tape.parse(sorted.span, Slice(0, sorted.count))
      var members: [String: String] = [:]
      for child in tape.children(of: root) {
        let name = sorted.span.string(tape.nodes[child].key)
        guard name == "properties" else {
          members[name] = tape.json(of: child, sorted.span)
          continue
        }
        for property in tape.children(of: child) {
          members[sorted.span.string(tape.nodes[property].key)] = tape.json(of: property, sorted.span)
        }
      }
      let span = members["$ai_span_id"] ?? ""
      let key = "\(members["$ai_trace_id"] ?? "") \(span)"
      // The uuid follows from the name.
      members["uuid"] = nil
      let name = unquoted(members["event"])
      if byKey[key] == nil { order.append(key) }
      let title =
        "\(name) \(unquoted(members["$ai_span_id"])) \(TextTable.short(unquoted(members["$ai_span_name"]), 40))"
      byKey[key] = Event(title: title, members: members)
    }
    return (byKey, order)
  }

  private static func unquoted(_ text: String?) -> String {
    String((text ?? "").drop { $0 == "\"" }.prefix { $0 != "\"" })
  }

  /// Over all cases.
  struct Summary: CustomStringConvertible {
    private var cases = 0
    private var differing = 0
    private var changed = 0
    private var appeared = 0
    private var vanished = 0

    var isEmpty: Bool { differing == 0 }

    mutating func add(_ difference: MappingDifference) {
      cases += 1
      if !difference.isEmpty { differing += 1 }
      changed += difference.changed.count
      appeared += difference.appeared.count
      vanished += difference.vanished.count
    }

    var description: String {
      if differing == 0 { return "no difference in \(cases) cases" }
      return
        "\(differing) of \(cases) cases differ: events changed \(changed), appeared \(appeared), vanished \(vanished)"
    }
  }
}
