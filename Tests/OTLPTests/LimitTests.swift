import Bytes
import OTLP
import Telemetry
import Testing

/// Each limit, at its edge and one past it.
@Suite struct LimitTests {
  @Test func `100,000 records are accepted and one more is not`() throws {
    let one = Encode.bytes(2, Encode.span())
    func body(_ count: Int) -> [UInt8] {
      var records: [UInt8] = []
      for _ in 0..<count { records += one }
      return Encode.bytes(1, Encode.bytes(2, records))
    }
    #expect(try RequestScanner.scanned(body(Limits.recordsMax)).accepted == Limits.recordsMax)
    #expect(throws: OTLPError.tooManyRecords) { try RequestScanner.scanned(body(Limits.recordsMax + 1)) }
  }

  @Test func `4,000,000 messages are accepted and one more is not`() throws {
    func body(_ count: Int) -> [UInt8] {
      var body: [UInt8] = []
      body.reserveCapacity(count * 2)
      for _ in 0..<count { body += [0x0a, 0x00] }
      return body
    }
    let result = try RequestScanner.scanned(body(Limits.nodesMax))
    #expect(result.index == RequestIndex(), "empty messages must not fill the index")
    #expect(throws: OTLPError.tooManyValues) { try RequestScanner.scanned(body(Limits.nodesMax + 1)) }
  }

  @Test func `values in attributes count as messages too`() {
    // Attributes of one event each, so that only the number of messages is large.
    let event = Encode.bytes(11, Encode.bytes(3, Encode.attribute("k", "v")))
    var events: [UInt8] = []
    for _ in 0..<(Limits.nodesMax / 3) { events += event }
    #expect(throws: OTLPError.tooManyValues) { try RequestScanner.scanned(Encode.request([Encode.span(events)])) }
  }

  @Test(arguments: [(9, 0), (11, 3), (13, 4)] as [(UInt32, UInt32)])
  func `a span with 1,000 attributes in one list is accepted, with one more that record is refused`(
    field: UInt32, inner: UInt32
  ) throws {
    func span(_ count: Int) -> [UInt8] {
      let attribute = Encode.attribute("k", "v")
      let list = (0..<count).flatMap { _ in Encode.bytes(inner == 0 ? field : inner, attribute) }
      return Encode.span(inner == 0 ? list : Encode.bytes(field, list))
    }
    #expect(try RequestScanner.scanned(Encode.request([span(Limits.attributesMax)])).accepted == 1)
    let result = try RequestScanner.scanned(Encode.request([span(Limits.attributesMax + 1), span(1)]))
    #expect(result.accepted == 1 && result.rejection == "1 span with more than 1000 attributes")
  }

  @Test func `a log record with one attribute too many is refused`() throws {
    let attribute = Encode.bytes(6, Encode.attribute("k", "v"))
    let list = (0...Limits.attributesMax).flatMap { _ in attribute }
    let result = try RequestScanner.scanned(Encode.request([list, attribute]), .logs)
    #expect(result.accepted == 1 && result.rejection == "1 log record with more than 1000 attributes")
  }

  @Test(arguments: [true, false])
  func `a resource or scope with one attribute too many refuses the request`(resource: Bool) throws {
    func body(_ count: Int) -> [UInt8] {
      let list = (0..<count).flatMap { _ in Encode.bytes(resource ? 1 : 3, Encode.attribute("k", "v")) }
      return Encode.bytes(1, resource ? Encode.bytes(1, list) : Encode.bytes(2, Encode.bytes(1, list)))
    }
    _ = try RequestScanner.scanned(body(Limits.attributesMax))
    let error = #expect(throws: OTLPError.self) { try RequestScanner.scanned(body(Limits.attributesMax + 1)) }
    guard case .tooManyAttributes = error else { return #expect(Bool(false), "\(String(describing: error))") }
    #expect(error?.isOverLimit == true)
  }

  @Test(arguments: [true, false])
  func `values nest 64 deep and no deeper, in protobuf and in JSON`(map: Bool) throws {
    func protobuf(_ depth: Int) -> [UInt8] {
      Encode.request([Encode.span(Encode.bytes(9, Encode.bytes(2, Encode.nested(depth: depth, map: map))))])
    }
    func json(_ depth: Int) -> [UInt8] {
      let open = map ? #"{"kvlistValue":{"values":[{"value":"# : #"{"arrayValue":{"values":["#
      let value =
        String(repeating: open, count: depth - 1) + #"{"stringValue":"x"}"#
        + String(repeating: map ? "}]}}" : "]}}", count: depth - 1)
      return Array(#"{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":\#(value)}]}}]}"#.utf8)
    }
    _ = try RequestScanner.scanned(protobuf(Limits.depthMax))
    _ = try JSONTranscoder.protobuf(from: json(Limits.depthMax).span, signal: .traces)
    for depth in [Limits.depthMax + 1, 10_000] {
      let binary = #expect(throws: OTLPError.self) { try RequestScanner.scanned(protobuf(depth)) }
      let text = #expect(throws: OTLPError.self) {
        try JSONTranscoder.protobuf(from: json(depth).span, signal: .traces)
      }
      for error in [binary, text] {
        guard case .tooDeep = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(error?.isOverLimit == true)
      }
    }
  }

  @Test func `an unknown JSON value nested 100,000 deep is refused`() {
    for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
      let deep = String(repeating: open, count: 100_000) + "1" + String(repeating: close, count: 100_000)
      let body = Array(#"{"unknown":\#(deep)}"#.utf8)
      #expect(throws: OTLPError.self) { try JSONTranscoder.protobuf(from: body.span, signal: .traces) }
    }
  }

  @Test func `a JSON element bomb is refused`() {
    let body = Array(("{\"resourceSpans\":[{}" + String(repeating: ",{}", count: Limits.nodesMax) + "]}").utf8)
    #expect(throws: OTLPError.tooManyValues) { try JSONTranscoder.protobuf(from: body.span, signal: .traces) }
  }
}
