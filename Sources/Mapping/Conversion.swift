import Bytes
import Telemetry

/// Writing a value as the type that properties.yaml gives it.
extension Mapper {
  /// Writes the value; false if it is not of the property's type and cannot be made so.
  func write(
    _ found: Resolved, _ property: CompiledProperty, _ source: CompiledSource, _ index: Int, to out: inout ByteBuffer
  ) -> Bool {
    switch property.type {
    case .string, .id: return writeText(found.item, to: &out)
    case .int:
      guard let number = scalarNumber(found.item), abs(number) < 9e15 else { return false }
      if case .value(.int(let exact)) = found.item {
        out.appendDecimal(exact)
      } else {
        out.appendJSONNumber(number.rounded(.towardZero))
      }
      return true
    case .number, .money:
      guard let number = scalarNumber(found.item) else { return false }
      out.appendJSONNumber(number)
      return true
    case .seconds: return writeSeconds(found.item, source, to: &out)
    case .bool: return writeBool(found.item, to: &out)
    case .json: return writeStructure(found, to: &out)
    case .object:
      guard let root = node(found.item, attribute: found.attribute), tape.nodes[root].kind == .object else {
        return false
      }
      write(root, to: &out)
      return true
    case .tools: return writeTools(found, to: &out)
    case .messages: return writeMessages(found, property, source, index, to: &out)
    }
  }

  /// Writes an attribute's value that is of the property's type as it stands; false for every other.
  func write(_ value: Value, as type: PropertyType, to out: inout ByteBuffer) -> Bool {
    switch (type, value) {
    case (.string, .string(let text)), (.id, .string(let text)): writeString(text, to: &out)
    case (.int, .int(let number)):
      guard abs(Double(number)) < 9e15 else { return false }
      out.appendDecimal(number)
    case (.number, .double(let number)), (.money, .double(let number)):
      guard number.isFinite else { return false }
      out.appendJSONNumber(number)
    case (.bool, .bool(let flag)): out.append(flag ? "true" : "false")
    default: return false
    }
    return true
  }

  /// Writes text of the arena as a JSON string, cut if it is too long.
  func writeString(_ text: Slice, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "\""))
    if Int(text.count) > stringBytesMax {
      appendCut(bytes, text, to: &out)
    } else {
      out.appendJSONContent(bytes, text)
    }
    out.append(UInt8(ascii: "\""))
  }

  private func scalarNumber(_ item: Item) -> Double? {
    if let number = number(item) { return number }
    guard let text = scalarText(item) else { return nil }
    return number(.text(text))
  }

  private func writeText(_ item: Item, to out: inout ByteBuffer) -> Bool {
    switch item {
    case .value(.string(let slice)): writeString(slice, to: &out)
    case .node(let index) where tape.nodes[index].kind == .string || tape.nodes[index].kind == .text:
      writeString(index, to: &out)
    default:
      guard let text = scalarText(item) else { return false }
      out.append(UInt8(ascii: "\""))
      appendCut(text.span, Slice(0, text.count), to: &out)
      out.append(UInt8(ascii: "\""))
    }
    return true
  }

  private func writeSeconds(_ item: Item, _ source: CompiledSource, to out: inout ByteBuffer) -> Bool {
    let unit: TimeUnit
    let number: Double
    if case .nanoseconds(let count) = item {
      if source.writtenIn == nil {
        out.appendSeconds(count)
        return true
      }
      (unit, number) = (.nanoseconds, Double(count))
    } else {
      guard let given = scalarNumber(item), given >= 0 else { return false }
      (unit, number) = (source.unit ?? .seconds, given)
    }
    // A division, because its result is the decimal that is nearest: 250 ms are 0.25 s.
    let (from, to) = (unit.aSecond, (source.writtenIn ?? .seconds).aSecond)
    out.appendJSONNumber(from >= to ? number / (from / to) : number * (to / from))
    return true
  }

  private func writeBool(_ item: Item, to out: inout ByteBuffer) -> Bool {
    switch item {
    case .value(.bool(let flag)), .literal(.bool(let flag)): out.append(flag ? "true" : "false")
    default:
      guard let text = scalarText(item) else { return false }
      switch String(decoding: text.lowercasedASCII, as: UTF8.self) {
      case "true", "1", "yes": out.append("true")
      case "false", "0", "no": out.append("false")
      default: return false
      }
    }
    return true
  }

  /// A structure as it is; text that holds one, parsed; other text as text.
  private func writeStructure(_ found: Resolved, to out: inout ByteBuffer) -> Bool {
    if case .value(.string(let text)) = found.item, writeStructure(text: text, to: &out) { return true }
    if let root = node(found.item, attribute: found.attribute) {
      writeMedia(root, to: &out)
      return true
    }
    return writeText(found.item, to: &out)
  }

  private func writeMessages(
    _ found: Resolved, _ property: CompiledProperty, _ source: CompiledSource, _ index: Int, to out: inout ByteBuffer
  ) -> Bool {
    let role = source.words?.role ?? (property.isOutput ? .assistant : .user)
    let instructions =
      source.words?.prepend.compactMap { path -> Int? in
        let given = resolve(path, index)
        guard given.isPresent else { return nil }
        return node(given.item, attribute: given.attribute) ?? scalarText(given.item).map { textNode($0) }
      } ?? []
    if case .value(.string(let text)) = found.item,
      writeMessages(text: text, instructions: instructions, role: role, to: &out)
    {
      return true
    }
    var root = node(found.item, attribute: found.attribute)
    if root == nil, source.words?.prepend.isEmpty == false { root = scalarText(found.item).map { textNode($0) } }
    if let root {
      writeMessages(root, instructions: instructions, role: role, to: &out)
      return true
    }
    guard let text = scalarText(found.item) else { return false }
    writeMessage(text: constant(text), role: role, to: &out)
    return true
  }
}

extension TimeUnit {
  /// How many of them make a second.
  fileprivate var aSecond: Double {
    switch self {
    case .nanoseconds: 1e9
    case .microseconds: 1e6
    case .milliseconds: 1e3
    case .seconds: 1
    }
  }
}
