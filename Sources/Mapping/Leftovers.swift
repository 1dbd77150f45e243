import Bytes
import Telemetry

/// What no rule consumed: attributes as `otel.<name>`, the resource as `otel.resource.<name>`.
extension Mapper {
  /// Writes the attributes that are left. Names beginning with `$` are PostHog's and keep their name.
  func writeLeftovers(_ index: Int, to out: inout ByteBuffer) {
    let hasRepeats = spans[index].hasRepeats
    let bytes = self.bytes
    let memory = self.memory
    let dialect = Int(spans[index].dialect)
    for attribute in batch.spans[index].attributes where !consumed[Int(attribute)] {
      let place = Int(attribute)
      if memory[keys[place]].isReserved || !isPresent(batch.attributes[place].value) { continue }
      if memory.drops(keys[place], dialect, program, bytes, batch.attributes[place].key) { continue }
      if hasRepeats, isRepeated(attribute, batch.spans[index].attributes) { continue }
      memory.appendLabel(keys[place], to: &out)
      write(leftover: batch.attributes[place].value, to: &out)
      out.append(UInt8(ascii: ","))
    }
  }

  /// Of an attribute that is given twice only the last counts; JSON must not have a name twice.
  private func isRepeated(_ attribute: Int32, _ run: Run) -> Bool {
    let key = keys[Int(attribute)]
    var later = Int(attribute) &+ 1
    while later < Int(run.upperBound) {
      if keys[later] == key { return true }
      later &+= 1
    }
    return false
  }

  private func write(leftover value: Value, to out: inout ByteBuffer) {
    switch value {
    case .empty: out.append("null")
    case .string(let text): writeString(text, to: &out)
    case .int(let number): out.appendDecimal(number)
    case .double(let number): out.appendJSONNumber(number)
    case .bool(let flag): out.append(flag ? "true" : "false")
    case .bytes(let slice):
      out.append(UInt8(ascii: "\""))
      out.appendBase64(bytes, Slice(slice.start, min(slice.end, slice.start + stringBytesMax)))
      out.append(UInt8(ascii: "\""))
    case .array, .map:
      let root = tape.nodes.count
      append(value, key: .empty, depth: 0)
      write(root, to: &out)
      tape.nodes.removeSubrange(root...)
    }
  }

  /// Writes the resource once a trace and copies it from then on.
  func writeResource(_ index: Int, _ dialect: CompiledDialect, to out: inout ByteBuffer) {
    let number = Int(batch.scopes[Int(batch.spans[index].scope)].resource)
    let cacheable = stringBytesMax == MappingLimits.propertyBytesMax
    if cacheable, let slice = resourceSlices[number] {
      current.resource = Slice(out.count, out.count + Int(slice.count))
      return resourceText.withSpan { out.append($0, slice) }
    }
    let start = out.count
    let drop = dialect.facts.dropResource
    for attribute in batch.resources[number].attributes {
      let key = batch.attributes[Int(attribute)].key
      if KeyMemory.matches(drop, bytes, key) || isRepeated(attribute, batch.resources[number].attributes) { continue }
      out.append("\"otel.resource.")
      out.appendJSONContent(bytes, key)
      out.append("\":")
      write(leftover: batch.attributes[Int(attribute)].value, to: &out)
      out.append(UInt8(ascii: ","))
    }
    if cacheable {
      let kept = resourceText.count
      out.copy(start, out.count - start, to: &resourceText)
      resourceSlices[number] = Slice(kept, resourceText.count)
      current.resource = Slice(start, out.count)
    }
  }
}
