import Bytes
import Telemetry

extension Mapper {
  /// Whether a condition holds for a span.
  func holds(_ condition: CompiledCondition, _ index: Int) -> Bool {
    switch condition {
    case .never: false
    case .always: true
    case .status(let status): batch.spans[index].status == status
    case .any(let parts): parts.contains { holds($0, index) }
    case .all(let parts): parts.allSatisfy { holds($0, index) }
    case .not(let part): !holds(part, index)
    case .present(let path): isThere(path, index)
    case .equals(let path, let values):
      compare(path, index) { bytes, text in values.contains { bytes.equals(text, $0) } }
    case .prefix(let path, let values):
      compare(path, index) { bytes, text in values.contains { bytes.starts(text, with: $0) } }
    case .suffix(let path, let values):
      compare(path, index) { bytes, text in
        values.contains { text.count >= $0.count && bytes.equals(Slice(text.end - $0.count, text.end), $0) }
      }
    case .atLeast(let path, let version): versions(path, index).map { !Version.isBelow($0, version) } ?? false
    case .below(let path, let version): versions(path, index).map { Version.isBelow($0, version) } ?? false
    }
  }

  /// Families need no gathering to be known to be there.
  private func isThere(_ path: CompiledPath, _ index: Int) -> Bool {
    switch path.place {
    case .attribute(let slot) where path.pointer.isEmpty:
      let place = attribute(in: slot, of: index)
      return place >= 0 && isPresent(batch.attributes[place].value)
    case .gather(let family), .object(let family):
      return batch.spans[index].attributes.contains { isMember($0, of: family) }
    default: return resolve(path, index).isPresent
    }
  }

  private func compare(_ path: CompiledPath, _ index: Int, _ test: (ByteSpan, Slice) -> Bool) -> Bool {
    let item = resolve(path, index).item
    if case .value(.string(let text)) = item { return test(bytes, text) }
    guard let text = text(item) else { return false }
    return test(text.span, Slice(0, text.count))
  }

  private func versions(_ path: CompiledPath, _ index: Int) -> [Int]? {
    text(resolve(path, index).item).map { Version.numbers(String(decoding: $0, as: UTF8.self)) }
  }

  /// A scalar as text; nil for lists, objects and what is absent.
  func text(_ item: Item) -> [UInt8]? {
    switch item {
    case .absent: return nil
    case .text(let text): return text
    case .literal(let literal): return literal.bytes
    case .nanoseconds(let count): return Array((Double(count) / 1e9).description.utf8)
    case .value(let value):
      switch value {
      case .string(let slice):
        var text: [UInt8] = []
        text.append(bytes, slice)
        return text
      case .int(let number): return Array(String(number).utf8)
      case .double(let number): return number.isFinite ? Array(number.description.utf8) : nil
      case .bool(let flag): return Array((flag ? "true" : "false").utf8)
      default: return nil
      }
    case .node(let index):
      let node = tape.nodes[index]
      switch node.kind {
      case .string, .text: return plainText(index)
      case .bool: return Array((node.flag ? "true" : "false").utf8)
      case .int: return Array(String(Int64(bitPattern: node.bits)).utf8)
      case .double: return Array(Double(bitPattern: node.bits).description.utf8)
      case .number:
        var text: [UInt8] = []
        text.append(bytes, node.text)
        return text
      default: return nil
      }
    }
  }

  /// A scalar as a number; text is read as one, and `nil` is no number.
  func number(_ item: Item) -> Double? {
    switch item {
    case .value(.int(let number)): return Double(number)
    case .value(.double(let number)): return number.isFinite ? number : nil
    case .nanoseconds(let count): return Double(count)
    case .literal(.int(let number)): return Double(number)
    case .literal(.number(let number)): return number
    case .value(.bool), .literal(.bool): return nil
    default:
      guard let text = text(item), let number = Double(String(decoding: text, as: UTF8.self).trimmedSpaces) else {
        return nil
      }
      return number.isFinite ? number : nil
    }
  }
}

extension String {
  var trimmedSpaces: Substring {
    var rest = self[...]
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return rest
  }
}
