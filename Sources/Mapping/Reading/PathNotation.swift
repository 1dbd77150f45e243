/// Why a text is no path.
package enum PathError: Error, Equatable, CustomStringConvertible {
  case empty
  case tooLong(limit: Int)
  case controlCharacter
  case spaceAround
  case unknownPlace(String, suggestion: String)
  case noName(after: String)
  case unknownSpanField(String, suggestion: String?)
  case starInside(String)
  case starWithoutDot(String)
  case starOutsideAttributes
  case twoStars(event: String)
  case pointerOnSpan
  case bodyOfEvent
  case emptyField(String)
  case emptySegment
  case badEscape(String)
  case tooManySegments(limit: Int)

  package var description: String {
    switch self {
    case .empty: "a path is missing"
    case .tooLong(let limit): "a path has at most \(limit) bytes"
    case .controlCharacter: "a path has no line breaks or control characters"
    case .spaceAround: "a path neither begins nor ends with a space"
    case .unknownPlace(let place, _):
      "no place '\(place):'; for an attribute of that very name write 'attribute:' before it"
    case .noName(let place): "a name is missing after '\(place)'"
    case .unknownSpanField(let name, _):
      "a span has no '\(name)': name, kind, status, status_message and duration are known"
    case .starInside(let name): "'*' stands at the end of a path ('name.*' or 'name.**'), not inside '\(name)'"
    case .starWithoutDot(let name): "a family ends in '.*' or '.**', so '\(name)' needs a name and a dot before its '*'"
    case .starOutsideAttributes: "only attributes of the span are gathered with '*'"
    case .twoStars(let event): "an event name has at most one '*', '\(event)' has more"
    case .pointerOnSpan: "what is read from the span itself holds no JSON to point into"
    case .bodyOfEvent: "span events have no body; log records have ('log:NAME#body')"
    case .emptyField(let place): "the name of an attribute is missing after '\(place)#'"
    case .emptySegment: "a pointer has a name, a number or '*' after each '/'"
    case .badEscape(let segment): "in a pointer '~' is written '~0' and '/' '~1', so '\(segment)' cannot be read"
    case .tooManySegments(let limit): "a pointer has at most \(limit) segments"
    }
  }

  /// What was probably meant.
  package var suggestion: String? {
    switch self {
    case .unknownPlace(_, let suggestion): suggestion
    case .unknownSpanField(_, let suggestion): suggestion
    default: nil
    }
  }
}

extension Path {
  private static let places = ["attribute", "resource", "scope", "span", "event", "log"]
  static let spanFields = ["name", "kind", "status", "status_message", "duration"]

  /// Reads the notation of mapping.md section 2. A colon after any other word than a place's belongs to the attribute's
  /// name (`genkit:type`), unless the word looks like a mistyped place.
  package init(parsing text: String) throws(PathError) {
    guard !text.isEmpty else { throw .empty }
    guard text.utf8.count <= ReadingLimits.pathBytesMax else { throw .tooLong(limit: ReadingLimits.pathBytesMax) }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { throw .controlCharacter }
    guard text.first != " ", text.last != " " else { throw .spaceAround }
    guard let colon = text.firstIndex(of: ":") else {
      try self.init(attribute: text[...], in: .attribute)
      return
    }
    let place = String(text[..<colon])
    let rest = text[text.index(after: colon)...]
    guard Self.places.contains(place) else {
      if let near = Self.mistypedPlace(place) { throw .unknownPlace(place, suggestion: "\(near):\(rest)") }
      try self.init(attribute: text[...], in: .attribute)
      return
    }
    guard !rest.isEmpty else { throw .noName(after: "\(place):") }
    guard rest.first != " " else { throw .spaceAround }
    switch place {
    case "resource": try self.init(attribute: rest, in: .resource)
    case "scope": try self.init(attribute: rest, in: .scope)
    case "span": try self.init(spanField: rest)
    case "event", "log": try self.init(record: rest, isLog: place == "log")
    default: try self.init(attribute: rest, in: .attribute)
    }
  }

  /// One letter wrong, or a plural; more, and it is a word of its own.
  private static func mistypedPlace(_ word: String) -> String? {
    let letters = Array(word.unicodeScalars)
    guard letters.count <= 10 else { return nil }
    return places.first { Suggestion.distance(letters, Array($0.unicodeScalars)) == 1 }
  }

  private init(attribute text: Substring, in place: Place) throws(PathError) {
    let (name, pointer) = try Self.split(text)
    guard !name.isEmpty else { throw .noName(after: "") }
    var path = Path(place: place, name: name, pointer: pointer)
    if name.contains("*") {
      let stem = name.hasSuffix("**") ? name.dropLast(2) : name.hasSuffix("*") ? name.dropLast() : name[...]
      guard !stem.contains("*"), stem.count < name.count else { throw .starInside(name) }
      guard stem.count > 1, stem.hasSuffix(".") else { throw .starWithoutDot(name) }
      guard place == .attribute else { throw .starOutsideAttributes }
      path.name = String(stem)
      path.shape = name.hasSuffix("**") ? .object : .gather
    }
    self = path
  }

  private init(spanField text: Substring) throws(PathError) {
    let (name, pointer) = try Self.split(text)
    guard Self.spanFields.contains(name) else {
      throw .unknownSpanField(name, suggestion: Suggestion.nearest(to: name, of: Self.spanFields).map { "span:\($0)" })
    }
    guard pointer.isEmpty else { throw .pointerOnSpan }
    self.init(place: .span, name: name)
  }

  /// `NAME`, `NAME#field`, either with a pointer behind.
  private init(record text: Substring, isLog: Bool) throws(PathError) {
    let (whole, pointer) = try Self.split(text)
    let parts = whole.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let event = parts[0]
    let field = parts.count > 1 ? parts[1] : ""
    let word = isLog ? "log:" : "event:"
    guard !event.isEmpty else { throw .noName(after: word) }
    guard event.count(where: { $0 == "*" }) <= 1 else { throw .twoStars(event: event) }
    guard parts.count == 1 || !field.isEmpty else { throw .emptyField(word + event) }
    guard !field.contains("*") else { throw .starOutsideAttributes }
    guard isLog || field != "body" else { throw .bodyOfEvent }
    self.init(place: isLog ? .log(event) : .event(event), name: field, pointer: pointer)
  }

  /// Takes the pointer off the end.
  private static func split(_ text: Substring) throws(PathError) -> (name: String, pointer: [String]) {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix("#/") { break }
      start = text.index(after: start)
    }
    guard start < text.endIndex else { return (String(text), []) }
    let name = String(text[..<start])
    var pointer: [String] = []
    for segment in text[start...].dropFirst(2).split(separator: "/", omittingEmptySubsequences: false) {
      guard !segment.isEmpty else { throw .emptySegment }
      guard pointer.count < ReadingLimits.pointerSegmentsMax else {
        throw .tooManySegments(limit: ReadingLimits.pointerSegmentsMax)
      }
      pointer.append(try unescaped(segment))
    }
    return (name, pointer)
  }

  /// RFC 6901 section 4.
  private static func unescaped(_ segment: Substring) throws(PathError) -> String {
    var text = ""
    var rest = segment[...]
    while let character = rest.popFirst() {
      guard character == "~" else {
        text.append(character)
        continue
      }
      switch rest.popFirst() {
      case "0": text.append("~")
      case "1": text.append("/")
      default: throw .badEscape(String(segment))
      }
    }
    return text
  }
}

extension Path: CustomStringConvertible {
  /// The notation that reads back as this path.
  package var description: String {
    let whole =
      switch place {
      case .attribute:
        if let colon = name.firstIndex(of: ":"), needsPlace(String(name[..<colon])) {
          "attribute:\(name)"
        } else {
          name
        }
      case .resource: "resource:\(name)"
      case .scope: "scope:\(name)"
      case .span: "span:\(name)"
      case .event(let event): name.isEmpty ? "event:\(event)" : "event:\(event)#\(name)"
      case .log(let event): name.isEmpty ? "log:\(event)" : "log:\(event)#\(name)"
      }
    let stars =
      switch shape {
      case .single: ""
      case .gather: "*"
      case .object: "**"
      }
    if pointer.isEmpty { return whole + stars }
    return whole + stars + "#/" + pointer.map(Self.escaped).joined(separator: "/")
  }

  private func needsPlace(_ word: String) -> Bool {
    Self.places.contains(word) || Self.mistypedPlace(word) != nil
  }

  private static func escaped(_ segment: String) -> String {
    segment.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
  }
}
