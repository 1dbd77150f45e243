import Bytes
import OTLP
import Telemetry
import Testing

@Suite struct JSONTranscoderTests {
  /// The batch that a JSON text says.
  private func batch(_ text: String, _ signal: Signal = .traces) throws(OTLPError) -> Batch {
    let body = try JSONTranscoder.protobuf(from: Array(text.utf8).span, signal: signal)
    return try BatchDecoder.decode(request: body, signal: signal)
  }

  private static let ids = #""traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174""#

  /// A request with one span with valid ids and `fields`.
  private func span(_ fields: String) throws(OTLPError) -> Batch {
    try batch(
      #"{"resourceSpans":[{"scopeSpans":[{"spans":[{\#(Self.ids)\#(fields.isEmpty ? "" : ",")\#(fields)}]}]}]}"#)
  }

  /// The value of an attribute whose `AnyValue` is `json`.
  private func value(_ json: String) throws(OTLPError) -> (value: Value?, arena: [UInt8]) {
    let batch = try span(#""attributes":[{"key":"k","value":\#(json)}]"#)
    return (batch.attributes.first?.value, batch.arena)
  }

  private func text(_ json: String) throws(OTLPError) -> String? {
    let (value, arena) = try value(json)
    guard case .string(let slice) = value else { return nil }
    return arena.span.string(slice)
  }

  @Test(arguments: [
    "{}", " { } ", #"{"resourceSpans":[]}"#, #"{"resourceSpans":[{}]}"#, #"{"resourceSpans":null}"#, "\u{feff}{}",
  ])
  func `an empty request is accepted`(text: String) throws {
    #expect(try batch(text).spans.isEmpty)
  }

  @Test func `ids are hexadecimal of either case`() throws {
    let span = try span(#""parentSpanId":"EEE19B7EC3C1b173""#).spans.first
    #expect(span?.trace.description == "5b8efff798038103d269b633813fc60c")
    #expect(span?.id.description == "eee19b7ec3c1b174" && span?.parent?.description == "eee19b7ec3c1b173")
  }

  @Test(
    arguments: [
      "W47/95gDgQPSabYzgT/GDA==", "5b8efff798038103d269b633813fc60", "5b8efff798038103d269b633813fc60cc", "", "zz",
      "5b8efff798038103d269b633813fc60g", "00000000000000000000000000000000", "\\u00e9",
    ])
  func `another id refuses that span and no other`(id: String) throws {
    let text =
      #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"\#(id)","spanId":"eee19b7ec3c1b174"},{\#(Self.ids)}]}]}]}"#
    let body = try JSONTranscoder.protobuf(from: Array(text.utf8).span, signal: .traces)
    let result = try RequestScanner.scanned(body)
    #expect(result.accepted == 1 && result.rejected == 1)
  }

  @Test(
    arguments: [
      ("1", 1), (#""1""#, 1), ("-9223372036854775808", .min), (#""-9223372036854775808""#, .min),
      ("9223372036854775807", .max), ("1e3", 1_000), ("5.0", 5), (#""1E2""#, 100), ("-0", 0), ("0", 0),
    ] as [(String, Int64)])
  func `whole numbers come as numbers or as text`(json: String, expected: Int64) throws {
    #expect(try value(#"{"intValue":\#(json)}"#).value == .int(expected))
  }

  @Test(
    arguments: [
      "9223372036854775808", "1.5", #""x""#, #""""#, #""1 ""#, "true", "[]", "{}", "01", "-", #""0x10""#, #""NaN""#,
      "1e400",
    ])
  func `what is no whole number that fits is refused, with its place`(json: String) {
    let error = #expect(throws: OTLPError.self) { try value(#"{"intValue":\#(json)}"#) }
    guard case .malformed(let offset, let path, _) = error else {
      return #expect(Bool(false), "\(String(describing: error))")
    }
    #expect(offset > 100 && path == "resource_spans.scope_spans.spans.attributes.value.int_value")
  }

  @Test(arguments: [("18446744073709551615", UInt64.max), (#""18446744073709551615""#, .max), ("0", 0)])
  func `times are unsigned`(json: String, expected: UInt64) throws {
    #expect(try span(#""startTimeUnixNano":\#(json)"#).spans.first?.start == expected)
    #expect(throws: OTLPError.self) { try span(#""startTimeUnixNano":-1"#) }
  }

  @Test(
    arguments: [
      ("1.5", 1.5), (#""1.5""#, 1.5), ("3", 3), ("-0.0", -0.0), (#""Infinity""#, .infinity),
      (#""-Infinity""#, -.infinity), ("5e-324", .leastNonzeroMagnitude), ("1e22", 1e22),
    ] as [(String, Double)])
  func `doubles come as numbers, as text and by name`(json: String, expected: Double) throws {
    #expect(try value(#"{"doubleValue":\#(json)}"#).value == .double(expected))
  }

  @Test func `NaN is a double, nan and inf are not`() throws {
    guard case .double(let number) = try value(#"{"doubleValue":"NaN"}"#).value else { return #expect(Bool(false)) }
    #expect(number.isNaN)
    for json in [#""nan""#, #""inf""#, #""0x1p3""#, #""""#, "true", "NaN"] {
      #expect(throws: OTLPError.self) { try value(#"{"doubleValue":\#(json)}"#) }
    }
  }

  @Test(
    arguments: [
      ("3", 3), (#""SPAN_KIND_CLIENT""#, 3), (#""3""#, 3), (#""SPAN_KIND_NEW""#, 0), (#""CLIENT""#, 0), ("77", 0),
    ] as [(String, UInt8)])
  func `kinds come as numbers or names`(json: String, expected: UInt8) throws {
    #expect(try span(#""kind":\#(json)"#).spans.first?.kind == expected)
  }

  @Test(arguments: [
    ("2", StatusCode.error), (#""STATUS_CODE_ERROR""#, .error), (#""STATUS_CODE_OK""#, .ok), ("9", .unset),
  ])
  func `status codes come as numbers or names`(json: String, expected: StatusCode) throws {
    let batch = try span(#""status":{"code":\#(json),"message":"m"}"#)
    #expect(batch.spans.first?.status == expected)
    #expect(batch.arena.span.string(batch.spans[0].statusMessage) == "m")
  }

  @Test(
    arguments: [
      ("9", 9), (#""SEVERITY_NUMBER_INFO""#, 9), (#""SEVERITY_NUMBER_TRACE""#, 1), (#""SEVERITY_NUMBER_FATAL4""#, 24),
      (#""SEVERITY_NUMBER_ERROR2""#, 18), ("25", 0),
    ] as [(String, UInt8)])
  func `severities come as numbers or names`(json: String, expected: UInt8) throws {
    let batch = try batch(#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":\#(json)}]}]}]}"#, .logs)
    #expect(batch.logs.first?.severity == expected)
  }

  @Test(arguments: ["+/8=", "-_8=", "-_8", #"+\/8="#, "\\u002b/8="])
  func `bytes are base64 of either alphabet`(json: String) throws {
    let (value, arena) = try value(#"{"bytesValue":"\#(json)"}"#)
    guard case .bytes(let slice) = value else { return #expect(Bool(false), "\(String(describing: value))") }
    #expect(Array(arena[slice.range]) == [0xfb, 0xff])
    #expect(throws: OTLPError.self) { try self.value(#"{"bytesValue":"+/8*"}"#) }
  }

  @Test func `names may be snake_case, and a name that is escaped is the same name`() throws {
    let text =
      #"{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"5b8efff798038103d269b633813fc60c","span_\u0069d":"eee19b7ec3c1b174","start_time_unix_nano":"5","attributes":[{"key":"k","value":{"string_value":"v"}}]}]}]}]}"#
    let batch = try batch(text)
    #expect(batch.spans.first?.start == 5 && batch.attributes.count == 1)
  }

  @Test(arguments: [
    "startTimeUnixNan", "startTimeUnixNanos", "starttimeunixnano", "start_time_unix_nano_", "StartTimeUnixNano", "",
  ])
  func `a name that is almost one is unknown`(name: String) throws {
    #expect(try span(#""\#(name)":"5""#).spans.first?.start == 0)
  }

  @Test(
    arguments: [
      "1", "-1.5e3", #""text \" \u0041""#, "true", "false", "null", "[]", "{}", #"[1,{"a":[null,{"b":{}}]},"x"]"#,
      #"{"spans":{"resourceSpans":3}}"#,
    ])
  func `unknown fields are ignored at every level`(json: String) throws {
    let unknown = #""new":\#(json)"#
    let value =
      #"{\#(unknown),"kvlistValue":{\#(unknown),"values":[{\#(unknown),"key":"i","value":{"intValue":1,\#(unknown)}}]}}"#
    let span =
      #"{\#(unknown),\#(Self.ids),"events":[{\#(unknown)}],"links":[{\#(unknown)}],"status":{\#(unknown)},"attributes":[{"key":"k",\#(unknown),"value":\#(value)}]}"#
    let batch = try batch(
      #"{\#(unknown),"resourceSpans":[{\#(unknown),"resource":{\#(unknown)},"scopeSpans":[{"scope":{\#(unknown)},\#(unknown),"spans":[\#(span)]}]}],\#(unknown)}"#
    )
    #expect(batch.spans.count == 1 && batch.attributes.count == 1)
    guard case .map(let slice)? = batch.attributes.first?.value else { return #expect(Bool(false)) }
    var reader = MapReader(slice)
    #expect(try reader.next(in: batch.arena.span)?.value == .int(1))
  }

  @Test func `null is nothing, also where a list has one`() throws {
    let batch = try span(
      #""name":null,"attributes":[null,{"key":"k","value":null},{"key":"l","value":{"arrayValue":{"values":[null,{"intValue":2}]}}}],"events":null,"status":null,"kind":null"#
    )
    #expect(batch.attributes.map { batch.arena.span.string($0.key) } == ["", "k", "l"])
    #expect(batch.attributes[1].value == .empty)
    guard case .array(let slice) = batch.attributes[2].value else { return #expect(Bool(false)) }
    var reader = ArrayReader(slice)
    #expect(try reader.next(in: batch.arena.span) == .empty)
    #expect(try reader.next(in: batch.arena.span) == .int(2))
  }

  @Test func `of a name given twice the last counts`() throws {
    let batch = try span(
      #""name":"one","attributes":[{"key":"a"},{"key":"b"}],"status":{"code":2,"message":"m"},"name":"two","attributes":[{"key":"c"}],"attributes":[{"key":"d"},{"key":"e"}],"status":{}"#
    )
    #expect(batch.arena.span.string(batch.spans[0].name) == "two")
    #expect(batch.attributes.map { batch.arena.span.string($0.key) } == ["d", "e"])
    #expect(batch.spans[0].status == .unset && batch.spans[0].statusMessage.isEmpty)
    #expect(try span(#""attributes":[{"key":"a"}],"attributes":[]"#).attributes.isEmpty)
  }

  @Test func `of a value given twice the last counts, whatever its type`() throws {
    #expect(try value(#"{"stringValue":"a","intValue":"2"}"#).value == .int(2))
    let (value, arena) = try value(
      #"{"arrayValue":{"values":[{"intValue":1}]},"arrayValue":{"values":[{"intValue":2}]}}"#)
    guard case .array(let slice) = value else { return #expect(Bool(false), "\(String(describing: value))") }
    var reader = ArrayReader(slice)
    #expect(try reader.next(in: arena.span) == .int(2))
    #expect(try reader.next(in: arena.span) == nil)
  }

  @Test func `escapes become text, and half a surrogate pair a replacement character`() throws {
    #expect(try text(#"{"stringValue":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00z"}"#) == "a\"\\/\u{8}\u{c}\n\r\té😀z")
    #expect(try text(#"{"stringValue":"\ud83d|\ude00|\ud83d\ud83d\ude00"}"#) == "\u{fffd}|\u{fffd}|\u{fffd}😀")
  }

  @Test(
    arguments: [
      "", "{", "}", "[]", "1", "\"x\"", "{} {}", "{}x", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1 "b":2}"#,
      #"{a:1}"#, #"{"resourceSpans":{}}"#, #"{"resourceSpans":[1]}"#, #"{"resourceSpans":[{}"#,
      #"{"resourceSpans":[{},]}"#,
      #"{"resourceSpans":"x"}"#, #"{"a":tru}"#, #"{"a":nul}"#, "{\"a\":\"\u{1}\"}", #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#,
      #"{"a":"b"#, #"{"a":01}"#, #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":1e}"#, #"{"a":+1}"#, "\u{feff}",
      "\u{feff}\u{feff}{}",
    ])
  func `text that is no JSON, or not of the right shape, is refused`(text: String) {
    let error = #expect(throws: OTLPError.self) { try batch(text) }
    guard case .malformed(let offset, _, _) = error else { return #expect(Bool(false), "\(String(describing: error))") }
    #expect(offset >= 0 && offset <= text.utf8.count)
  }

  @Test func `text that is no UTF-8 is refused`() {
    for wrong in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]] as [[UInt8]] {
      let body = Array(#"{"a":""#.utf8) + wrong + Array(#""}"#.utf8)
      #expect(throws: OTLPError.self) { try JSONTranscoder.protobuf(from: body.span, signal: .traces) }
    }
  }

  @Test func `errors name the field and never quote the request`() {
    let error = #expect(throws: OTLPError.self) { try value(#"{"boolValue":"s3cret"}"#) }
    let text = error?.description ?? ""
    #expect(text.contains("attributes.value.bool_value") && !text.contains("s3cret"))
  }

  @Test func `logs are transcoded like traces`() throws {
    let batch = try batch(
      #"{"resourceLogs":[{"scopeLogs":[{"schemaUrl":"u","logRecords":[{"timeUnixNano":"1","observedTimeUnixNano":2,"severityText":"W","eventName":"gen_ai.choice","traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","body":{"stringValue":"hi"},"flags":1}]}]}]}"#,
      .logs)
    let log = try #require(batch.logs.first)
    #expect(log.time == 1 && log.observedTime == 2 && log.trace != nil && log.span != nil)
    #expect(
      batch.arena.span.string(log.eventName) == "gen_ai.choice" && batch.arena.span.string(log.severityText) == "W")
    guard case .string(let body) = log.body else { return #expect(Bool(false)) }
    #expect(batch.arena.span.string(body) == "hi")
  }
}
