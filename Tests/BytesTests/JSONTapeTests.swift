import Bytes
import Testing

@Suite struct JSONTapeTests {
  private func parse(_ text: String, nodesMax: Int = 1_000) throws(JSONError) -> JSONTape {
    let bytes = Array(text.utf8)
    var tape = JSONTape(nodesMax: nodesMax)
    _ = try tape.parse(bytes.span, Slice(0, bytes.count))
    return tape
  }

  @Test func `a document is listed in reading order`() throws {
    let text = #" {"a":[1,true,null],"b\n":{"c":"x\u0041"},"":[]} "#
    let tape = try parse(text)
    let bytes = Array(text.utf8)
    #expect(tape.nodes.map(\.kind) == [.object, .array, .number, .bool, .null, .object, .string, .array])
    #expect(tape.nodes.map(\.children) == [3, 3, 0, 0, 0, 1, 0, 0])
    #expect(tape.nodes.map(\.next) == [8, 5, 3, 4, 5, 7, 7, 8])
    #expect(tape.nodes.map { bytes.span.string($0.key) } == ["", "a", "", "", "", "b\\n", "c", ""])
    #expect(tape.nodes[5].keyHasEscapes && !tape.nodes[1].keyHasEscapes && tape.nodes[3].flag)
    #expect(bytes.span.string(tape.nodes[6].text) == #"x\u0041"# && tape.nodes[6].string.hasUnicodeEscapes)
    #expect(bytes.span.string(tape.nodes[1].text) == "[1,true,null]")
  }

  @Test(
    arguments: [
      "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
      "{1:1}",
      "1 2", "[] []", "nul", "tru", "falsy", "truee", "'a'", "[1}", "{\"a\":1]", "\u{0}", "{\"a\" 1}", "[1 2]", "-",
    ])
  func `what is no JSON is refused, and leaves nothing behind`(text: String) {
    let bytes = Array(text.utf8)
    var tape = JSONTape()
    #expect(throws: JSONError.self) { try tape.parse(bytes.span, Slice(0, bytes.count)) }
    #expect(tape.nodes.isEmpty)
  }

  @Test func `values nest 64 deep and no deeper`() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(try parse(nested(JSONTape.depthMax)).nodes.count == JSONTape.depthMax)
    #expect(throws: JSONError(.tooDeep, at: JSONTape.depthMax)) { try parse(nested(JSONTape.depthMax + 1)) }
    #expect(throws: JSONError.self) { try parse(nested(100_000)) }
  }

  @Test func `a document has as many values as allowed and no more`() throws {
    #expect(try parse("[1,2,3]", nodesMax: 4).nodes.count == 4)
    #expect(throws: JSONError.self) { try parse("[1,2,3]", nodesMax: 3) }
  }

  @Test func `several documents share a tape`() throws {
    let bytes = Array(#"[1]{"a":2}"#.utf8)
    var tape = JSONTape()
    #expect(try tape.parse(bytes.span, Slice(0, 3)) == 0)
    #expect(try tape.parse(bytes.span, Slice(3, bytes.count)) == 2)
    #expect(tape.nodes.map(\.next) == [2, 2, 4, 4])
  }

  @Test(arguments: [1, UInt64.random(in: 2..<1_000_000_000)])
  func `no damaged document makes it trap`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let whole = Array(#"{"a":[1,-2.5e3,true,null,{"b\u00e9":"x\"y\ud83d\ude00"},[[]]],"é😀":{"":""}}"#.utf8)
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0...Int.random(in: 0..<3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        if Bool.random(using: &random) {
          bytes[place] = UInt8.random(in: 0...255, using: &random)
        } else {
          bytes.remove(at: place)
        }
      }
      var tape = JSONTape()
      guard let root = try? tape.parse(bytes.span, Slice(0, bytes.count)) else { continue }
      // What it accepts is in order: every value ends after it began, the root last.
      #expect(Int(tape.nodes[root].next) == tape.nodes.count, "seed \(seed)")
      for (index, node) in tape.nodes.enumerated() {
        #expect(Int(node.next) > index && node.text.end <= bytes.count && node.key.end <= bytes.count, "seed \(seed)")
      }
    }
  }
}
