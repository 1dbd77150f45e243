import Bytes
import Telemetry

/// Indexed families: `gen_ai.prompt.0.role`, `gen_ai.prompt.0.tool_calls.1.name` become a list of nested objects.
extension Mapper {
  /// One attribute of a family, and how far its name has been read.
  private struct Member {
    var attribute: Int32
    var rest: Slice
  }

  /// The family as a list; absent if no member is there. Indices and members beyond the limits are left out.
  func gather(_ family: Int, of attributes: Run) -> Item {
    let prefix = program.families[family].count
    var members: [Member] = []
    for attribute in attributes where isMember(attribute, of: family) && members.count < MappingLimits.gatherSlotsMax {
      let key = batch.attributes[Int(attribute)].key
      members.append(Member(attribute: attribute, rest: Slice(key.start + prefix, key.end)))
    }
    if members.isEmpty { return .absent }
    let root = tape.nodes.count
    build(members, key: .empty, depth: 0)
    return .node(root)
  }

  private func build(_ members: [Member], key: Slice, depth: Int) {
    // A name of many dots must not nest as deep as it likes.
    if depth >= JSONTape.depthMax {
      return append(batch.attributes[Int(members[0].attribute)].value, key: key, depth: depth)
    }
    if members.count == 1, members[0].rest.isEmpty {
      return append(batch.attributes[Int(members[0].attribute)].value, key: key, depth: depth)
    }
    let groups = grouped(members)
    let isList = groups.allSatisfy { $0.index != nil }
    let root = tape.nodes.count
    tape.nodes.append(JSONNode(kind: isList ? .array : .object, key: key))
    let ordered = isList ? groups.sorted { ($0.index ?? 0) < ($1.index ?? 0) } : groups
    for group in ordered {
      build(group.members, key: isList ? .empty : group.name, depth: depth + 1)
      tape.nodes[root].children += 1
    }
    tape.nodes[root].next = Int32(tape.nodes.count)
  }

  private struct Group {
    var name: Slice
    var index: Int?
    var members: [Member]
  }

  /// Members by the next segment of their names, in order of first appearance.
  private func grouped(_ members: [Member]) -> [Group] {
    let bytes = self.bytes
    var groups: [Group] = []
    var places: [[UInt8]: Int] = [:]
    for member in members where !member.rest.isEmpty {
      var end = member.rest.start
      while end < member.rest.end, bytes[end] != UInt8(ascii: ".") { end += 1 }
      let name = Slice(member.rest.start, end)
      let rest = Slice(min(end + 1, member.rest.end), member.rest.end)
      let index = Self.number(bytes, name)
      if let index, index >= MappingLimits.gatherIndexMax { continue }
      var text: [UInt8] = []
      text.append(bytes, name)
      let next = Member(attribute: member.attribute, rest: rest)
      if let place = places[text] {
        groups[place].members.append(next)
      } else {
        places[text] = groups.count
        groups.append(Group(name: name, index: index, members: [next]))
      }
    }
    return groups
  }

  /// The value of a segment of digits only; `Int.max` if it is absurdly long.
  private static func number(_ bytes: ByteSpan, _ segment: Slice) -> Int? {
    guard !segment.isEmpty else { return nil }
    var value = 0
    for index in segment.range {
      guard bytes[index] >= 0x30, bytes[index] <= 0x39 else { return nil }
      value = min(value &* 10 &+ Int(bytes[index] - 0x30), 1 << 40)
    }
    return value
  }
}
