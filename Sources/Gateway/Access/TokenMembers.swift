import Bytes

/// The members of the JSON object that a token's header or its claims are. Names that come twice make it none: different
/// readers would take different ones (RFC 7519, section 4).
struct TokenMembers {
  /// Values in one part of a token; usual ones have a dozen, those with long lists of roles some hundred.
  static let valuesMax = 1_024

  private let bytes: [UInt8]
  private let tape: JSONTape
  private var places: [String: Int] = [:]

  init?(_ json: [UInt8], valuesMax: Int = valuesMax) {
    var tape = JSONTape(nodesMax: valuesMax)
    guard let root = try? tape.parse(json.span, Slice(0, json.count)), tape.nodes[root].kind == .object else {
      return nil
    }
    bytes = json
    self.tape = tape
    for child in tape.children(of: root) {
      let name = Self.plain(json, tape.nodes[child].key)
      guard places.updateValue(child, forKey: name) == nil else { return nil }
    }
  }

  func has(_ name: String) -> Bool { places[name] != nil }

  func text(_ name: String) -> String? { places[name].flatMap(text) }

  /// The texts of a list, or the one that stands there alone.
  func texts(_ name: String) -> [String] {
    guard let place = places[name] else { return [] }
    return tape.nodes[place].kind == .array ? tape.children(of: place).compactMap(text) : [place].compactMap(text)
  }

  func number(_ name: String) -> Double? {
    guard let place = places[name], tape.nodes[place].kind == .number else { return nil }
    let number = Double(Self.plain(bytes, tape.nodes[place].text))
    return number?.isFinite == true ? number : nil
  }

  /// A number above zero, as such or in quotes.
  func wholeNumber(_ name: String) -> Int? {
    guard let place = places[name], [.number, .string].contains(tape.nodes[place].kind) else { return nil }
    let number = Int(Self.plain(bytes, tape.nodes[place].text))
    return number.flatMap { $0 > 0 ? $0 : nil }
  }

  /// The members of each object in a list.
  func objects(_ name: String) -> [(members: TokenMembers?, json: String)] {
    guard let place = places[name], tape.nodes[place].kind == .array else { return [] }
    return tape.children(of: place).map { child in
      let json = tape.json(of: child, bytes.span)
      return (TokenMembers(Array(json.utf8)), json)
    }
  }

  private func text(_ place: Int) -> String? {
    guard tape.nodes[place].kind == .string else { return nil }
    return Self.plain(bytes, tape.nodes[place].text)
  }

  private static func plain(_ bytes: [UInt8], _ slice: Slice) -> String {
    var text = [UInt8]()
    JSONText.unescape(bytes.span, slice, into: &text)
    return String(decoding: text, as: UTF8.self)
  }
}
