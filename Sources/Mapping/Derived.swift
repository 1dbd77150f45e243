import Bytes
import Telemetry

/// Properties that follow from others, and the bookkeeping they need.
extension Mapper {
  /// After a property was written: its further names, its place among the model parameters, its number where the code
  /// needs it, and its size.
  func finish(
    _ property: CompiledProperty, valueStart: Int, _ item: Item, _ out: inout ByteBuffer
  ) {
    var end = out.count
    if end - valueStart > MappingLimits.propertyBytesMax, property.isContent {
      end = shorten(property, valueStart: valueStart, &out)
    }
    let size = end - valueStart
    for number in property.further {
      out.append(UInt8(ascii: ","))
      program.labels.append(program.furtherLabels[Int(number)], to: &out)
      out.appendOwn(valueStart, size)
    }
    if !property.parameter.isEmpty {
      program.labels.append(property.parameter, to: &parameters)
      out.copy(valueStart, size, to: &parameters)
      parameters.append(UInt8(ascii: ","))
    }
    out.append(UInt8(ascii: ","))
    switch property.role {
    case .none: break
    case .inputTokens: current.inputTokens = number(item)
    case .outputTokens: current.outputTokens = number(item)
    case .totalTokens: current.totalTokens = number(item)
    case .cacheRead: current.cacheRead = number(item)
    case .cacheWrite: current.cacheWrite = number(item)
    case .cacheExclusive: current.cacheExclusiveGiven = true
    case .modelParameters: current.parametersGiven = true
    case .processPersonProfile: current.processPersonGiven = true
    case .geoIPDisable: current.geoIPGiven = true
    }
  }

  /// A property that is still too large becomes the beginning of its own text.
  private func shorten(_ property: CompiledProperty, valueStart: Int, _ out: inout ByteBuffer) -> Int {
    let text = out.array(from: valueStart)
    out.truncate(to: valueStart)
    let before = stringBytesMax
    stringBytesMax = min(before, MappingLimits.propertyBytesMax)
    out.append(UInt8(ascii: "\""))
    appendCut(text.span, Slice(0, text.count), to: &out)
    out.append(UInt8(ascii: "\""))
    stringBytesMax = before
    truncated.append(program.propertyNames[property.number])
    return out.count
  }

  func writeDerived(
    _ index: Int, _ dialect: CompiledDialect, _ event: EventName, isKnown: Bool, to out: inout ByteBuffer
  ) {
    if event == .span || event == .trace {
      out.append("\"$ai_span_type\":\"")
      out.append(spans[index].kind.rawValue)
      out.append("\",")
    }
    if let kept = spans[index].duplicateOf {
      out.append("\"$ai_duplicate_of\":\"")
      out.appendHex(kept.value)
      out.append("\",")
    }
    if event == .evaluation { writeTarget(index, to: &out) }
    if current.totalTokens == nil, let property = program.known.totalTokens,
      program.properties[property].events & event.bit != 0, let input = current.inputTokens,
      let output = current.outputTokens
    {
      program.labels.append(program.properties[property].label, to: &out)
      out.appendJSONNumber(input + output)
      out.append(UInt8(ascii: ","))
    }
    writeCacheReporting(dialect, event, to: &out)
    if parameters.count > 0, !current.parametersGiven, event == .generation || event == .embedding {
      out.append("\"$ai_model_parameters\":{")
      parameters.withSpan { out.append($0, Slice(0, $0.count - 1)) }
      out.append("},")
    }
    parameters.truncate(to: 0)
    if spans[index].isError { writeError(index, dialect, to: &out) }
    if !isKnown, !current.processPersonGiven { out.append("\"$process_person_profile\":false,") }
    if !current.geoIPGiven { out.append("\"$geoip_disable\":true,") }
  }

  /// PostHog bills cached input twice if it is not told whether input tokens include it (posthog.md, section 3).
  private func writeCacheReporting(_ dialect: CompiledDialect, _ event: EventName, to out: inout ByteBuffer) {
    guard event == .generation, !current.cacheExclusiveGiven, current.cacheRead != nil || current.cacheWrite != nil
    else { return }
    let cached = (current.cacheRead ?? 0) + (current.cacheWrite ?? 0)
    let isExclusive =
      (current.inputTokens ?? .infinity) < cached || (current.cacheExclusive ?? dialect.facts.cacheExclusive) == true
    out.append("\"$ai_cache_reporting_exclusive\":")
    out.append(isExclusive ? "true," : "false,")
  }

  /// What the dialect says, else "type: message" of the last exception event, else the status message.
  private func writeError(_ index: Int, _ dialect: CompiledDialect, to out: inout ByteBuffer) {
    out.append("\"$ai_is_error\":true,")
    for source in dialect.facts.errorMessages {
      guard let found = evaluate(source, .string, index), let text = scalarText(found.item) else { continue }
      out.append("\"$ai_error\":\"")
      appendCut(text.span, Slice(0, text.count), to: &out)
      out.append("\",")
      return consume(found)
    }
    let bytes = self.bytes
    var type = Slice.empty
    var message = Slice.empty
    for event in batch.spans[index].events where bytes.equals(batch.events[Int(event)].name, Self.exception) {
      (type, message) = (.empty, .empty)
      for attribute in batch.events[Int(event)].attributes {
        let named = batch.attributes[Int(attribute)]
        guard case .string(let text) = named.value else { continue }
        if bytes.equals(named.key, Self.exceptionType) { type = text }
        if bytes.equals(named.key, Self.exceptionMessage) { message = text }
      }
    }
    if type.isEmpty, message.isEmpty { message = batch.spans[index].statusMessage }
    if type.isEmpty, message.isEmpty { return }
    out.append("\"$ai_error\":\"")
    if !type.isEmpty {
      appendCut(bytes, type, to: &out)
      if !message.isEmpty { out.append(": ") }
    }
    appendCut(bytes, message, to: &out)
    out.append("\",")
  }

  private static let exception = Array("exception".utf8)
  private static let exceptionType = Array("exception.type".utf8)
  private static let exceptionMessage = Array("exception.message".utf8)

  /// The event that an evaluation judges.
  private func writeTarget(_ index: Int, to out: inout ByteBuffer) {
    let judged = spans[index].parent
    guard judged >= 0, spans[Int(judged)].isAI else { return }
    let event = spans[Int(judged)].event
    out.append("\"$ai_target_event_id\":\"")
    out.appendUUID(identify(batch.spans[Int(judged)], event))
    out.append("\",\"$ai_target_event_type\":\"")
    out.append(event.text)
    out.append("\",")
  }

  /// Names what was cut.
  func writeTruncated(to out: inout ByteBuffer) {
    out.append("\"$ai_truncated\":[")
    for (number, name) in truncated.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      out.appendJSONString(name)
    }
    out.append("],")
  }
}
