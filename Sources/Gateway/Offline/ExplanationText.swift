import Bytes
import Mapping

/// Explanations as `hoglet explain` prints them.
enum ExplanationText {
  /// Characters of a value that are shown.
  static let valueMax = 44

  /// One block for a terminal.
  static func text(_ event: EventExplanation) -> String {
    var text = "\(event.event)  span \(event.span)  \(TextTable.short(event.spanName, valueMax))\n"
    var head = TextTable()
    head.add("trace", event.trace)
    head.add("dialect", event.dialect.name, event.dialect.place ?? "")
    head.add("kind", event.kind.name, event.kind.place ?? "")
    let (user, place) = origin(event.user.origin)
    head.add("user", TextTable.short(event.user.value, valueMax), place.isEmpty ? user : "\(user)  \(place)")
    for decision in event.decisions { head.add("tree", decision) }
    text += head.text(indent: "  ") + "\n"
    text += rows(event.properties.filter { !$0.isLeftOver })
    let left = event.properties.filter(\.isLeftOver)
    if !left.isEmpty {
      text += "\n  left over: nothing consumes these attributes\n"
      var table = TextTable()
      for property in left { table.add(property.name, TextTable.short(property.value, valueMax)) }
      text += table.text(indent: "    ")
    }
    if !event.withheld.isEmpty { text += "\n  found, but not in the event\n" + rows(event.withheld, indent: "    ") }
    if !event.redacted.isEmpty {
      text += "\n  redacted\n"
      var table = TextTable()
      for redaction in event.redacted {
        table.add(redaction.property, redaction.action.rawValue, redaction.found, redaction.place ?? "")
      }
      text += table.text(indent: "    ")
    }
    if !event.dropped.isEmpty {
      text += "\n  dropped\n"
      var table = TextTable()
      for attribute in event.dropped { table.add(attribute.name, attribute.place ?? "the gateway says this itself") }
      text += table.text(indent: "    ")
    }
    if !event.unset.isEmpty { text += "\n  no source had anything for\n" + wrapped(event.unset, indent: "    ") }
    return text
  }

  /// Names on lines that terminals can show whole.
  private static func wrapped(_ names: [String], indent: String) -> String {
    var lines: [String] = [indent]
    for name in names {
      if lines[lines.count - 1].count + name.count > 110 { lines.append(indent) }
      lines[lines.count - 1] += (lines[lines.count - 1].count > indent.count ? " " : "") + name
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func rows(_ properties: [PropertyExplanation], indent: String = "  ") -> String {
    var table = TextTable()
    for property in properties {
      let (source, place) = origin(property.origin)
      table.add(property.name, TextTable.short(property.value, valueMax), source, place)
      for passed in property.passedOver {
        table.add("", "", "  not \(passed.source.name) (\(passed.reason.rawValue))", passed.source.place ?? "")
      }
    }
    return table.text(indent: indent)
  }

  /// What it comes from, and where that is written.
  private static func origin(_ origin: PropertyExplanation.Origin) -> (source: String, place: String) {
    switch origin {
    case .source(let named): (named.place == nil ? "set by the application" : named.name, named.place ?? "")
    case .otherSpan(let named, let span, let why):
      ("\(why), from span \(span): \(named.place == nil ? "set by the application" : named.name)", named.place ?? "")
    case .constant(let place): ("constant", place ?? "")
    case .also(let name): ("the same as \(name)", "")
    case .computed(let text): ("(\(text))", "")
    case .leftOver(let attribute): (attribute, "")
    }
  }

  /// One line for programs.
  static func json(_ event: EventExplanation) -> String {
    var out = ByteBuffer()
    out.append("{")
    for (name, value) in [
      ("event", event.event), ("trace", event.trace), ("span", event.span), ("name", event.spanName),
    ] {
      member(name, value, to: &out)
    }
    append("dialect", event.dialect, to: &out)
    append("kind", event.kind, to: &out)
    out.append("\"user\":")
    append(event.user, to: &out)
    out.append(",\"decisions\":[")
    list(event.decisions, to: &out) { $1.appendJSONString($0) }
    for (name, properties) in [("properties", event.properties), ("withheld", event.withheld)] {
      out.append("],\"\(name)\":[")
      list(properties, to: &out) { append($0, to: &$1) }
    }
    out.append("],\"unset\":[")
    list(event.unset, to: &out) { $1.appendJSONString($0) }
    out.append("],\"redacted\":[")
    list(event.redacted, to: &out) { redaction, out in
      out.append("{")
      member("property", redaction.property, to: &out)
      member("action", redaction.action.rawValue, to: &out)
      member("found", redaction.found, to: &out)
      if let place = redaction.place { member("place", place, to: &out) }
      out.truncate(to: out.count - 1)
      out.append("}")
    }
    out.append("],\"dropped\":[")
    list(event.dropped, to: &out) { append($0, to: &$1) }
    out.append("]}\n")
    return out.string
  }

  private static func append(_ property: PropertyExplanation, to out: inout ByteBuffer) {
    out.append("{")
    member("name", property.name, to: &out)
    out.append("\"value\":")
    out.append(property.value.isEmpty ? "null" : property.value)
    out.append(",")
    switch property.origin {
    case .source(let named):
      member("from", "source", to: &out)
      append("source", named, to: &out)
    case .otherSpan(let named, let span, let why):
      member("from", why, to: &out)
      member("span", span, to: &out)
      append("source", named, to: &out)
    case .constant(let place):
      member("from", "constant", to: &out)
      if let place { member("place", place, to: &out) }
    case .also(let name):
      member("from", "also", to: &out)
      member("property", name, to: &out)
    case .computed(let text):
      member("from", "computed", to: &out)
      member("by", text, to: &out)
    case .leftOver(let attribute):
      member("from", "left over", to: &out)
      member("attribute", attribute, to: &out)
    }
    out.append("\"passed_over\":[")
    list(property.passedOver, to: &out) { passed, out in
      out.append("{")
      append("source", passed.source, to: &out)
      out.append("\"reason\":")
      out.appendJSONString(passed.reason.rawValue)
      out.append("}")
    }
    out.append("]}")
  }

  private static func append(_ name: String, _ named: EventExplanation.Named, to out: inout ByteBuffer) {
    out.appendJSONString(name)
    out.append(":")
    append(named, to: &out)
    out.append(",")
  }

  private static func append(_ named: EventExplanation.Named, to out: inout ByteBuffer) {
    out.append("{\"name\":")
    out.appendJSONString(named.name)
    if let place = named.place {
      out.append(",\"place\":")
      out.appendJSONString(place)
    }
    out.append("}")
  }

  private static func member(_ name: String, _ value: String, to out: inout ByteBuffer) {
    out.appendJSONString(name)
    out.append(":")
    out.appendJSONString(value)
    out.append(",")
  }

  private static func list<Element>(
    _ elements: [Element], to out: inout ByteBuffer, _ write: (Element, inout ByteBuffer) -> Void
  ) {
    for (number, element) in elements.enumerated() {
      if number > 0 { out.append(",") }
      write(element, &out)
    }
  }
}

extension PropertyExplanation {
  fileprivate var isLeftOver: Bool {
    if case .leftOver = origin { return true }
    return false
  }
}
