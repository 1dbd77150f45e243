import Bytes
import Telemetry

extension Mapper {
  /// Whether a condition holds for a span.
  func holds(_ condition: CompiledCondition, _ index: Int) -> Bool {
    switch condition {
    case .never: return false
    case .always: return true
    case .status(let status): return batch.spans[index].status == status
    case .any(let parts):
      for part in parts where holds(program.conditions[Int(part)], index) { return true }
      return false
    case .all(let parts):
      for part in parts where !holds(program.conditions[Int(part)], index) { return false }
      return true
    case .not(let part): return !holds(program.conditions[Int(part)], index)
    case .has(let slot):
      let place = attribute(in: Int(slot), of: index)
      return place >= 0 && isPresent(batch.attributes[place].value)
    case .present(let path): return isThere(program.paths[Int(path)], index)
    case .equals(let comparison), .prefix(let comparison), .suffix(let comparison):
      return compare(comparison, condition, index)
    case .atLeast(let comparison): return isBelow(comparison, index) == false
    case .below(let comparison): return isBelow(comparison, index) == true
    }
  }

  /// Families need no gathering to be known to be there.
  private func isThere(_ path: CompiledPath, _ index: Int) -> Bool {
    switch path.place {
    case .gather(let family), .object(let family):
      return batch.spans[index].attributes.contains { isMember($0, of: family) }
    default: return resolve(path, index).isPresent
    }
  }

  private func compare(_ comparison: TextTest, _ condition: CompiledCondition, _ index: Int) -> Bool {
    let bytes = self.bytes
    switch comparison.short {
    case .attribute(let slot):
      let place = attribute(in: Int(slot), of: index)
      if place < 0 { return false }
      if case .string(let text) = batch.attributes[place].value {
        return !isBlank(text) && program.matches(bytes, text, condition)
      }
    case .spanName:
      let name = batch.spans[index].name
      return !isBlank(name) && program.matches(bytes, name, condition)
    case .none: break
    }
    let item = resolve(program.paths[Int(comparison.path)], index).item
    if case .value(.string(let text)) = item { return program.matches(bytes, text, condition) }
    guard let text = text(item) else { return false }
    return program.matches(text.span, Slice(0, text.count), condition)
  }

  /// Whether a version is below the one it is compared with; nil if there is none.
  private func isBelow(_ comparison: TextTest, _ index: Int) -> Bool? {
    guard let text = text(resolve(program.paths[Int(comparison.path)], index).item) else { return nil }
    let limit = program.labels.bytes[program.texts[Int(comparison.texts.lowerBound)].range]
    return Version.isBelow(
      Version.numbers(String(decoding: text, as: UTF8.self)), Version.numbers(String(decoding: limit, as: UTF8.self)))
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

extension Program {
  /// Whether a text is one of those that a condition names, or begins or ends with one.
  fileprivate func matches(_ bytes: ByteSpan, _ text: Slice, _ condition: CompiledCondition) -> Bool {
    let own = labels.bytes.span
    switch condition {
    case .equals(let comparison):
      for number in comparison.texts where own.equals(texts[Int(number)], bytes, text) { return true }
    case .prefix(let comparison):
      for number in comparison.texts {
        let prefix = texts[Int(number)]
        if text.count >= prefix.count,
          own.equals(prefix, bytes, Slice(offset: text.offset, count: prefix.count))
        {
          return true
        }
      }
    case .suffix(let comparison):
      for number in comparison.texts {
        let suffix = texts[Int(number)]
        if text.count >= suffix.count, own.equals(suffix, bytes, Slice(text.end - Int(suffix.count), text.end)) {
          return true
        }
      }
    default: break
    }
    return false
  }
}
