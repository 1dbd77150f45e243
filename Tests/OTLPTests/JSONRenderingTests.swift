import Bytes
import OTLP
import Telemetry
import Testing

@Suite struct JSONRenderingTests {
  @Test(arguments: [
    // An integer, a double, infinity, bytes, a list, a map, and text that JSON must escape.
    #"{"key":"i","value":{"intValue":"-9223372036854775808"}}"#, #"{"key":"d","value":{"doubleValue":0.5}}"#,
    #"{"key":"n","value":{"doubleValue":"Infinity"}}"#, #"{"key":"y","value":{"bytesValue":"AQL/"}}"#,
    #"{"key":"b","value":{"boolValue":true}}"#, #"{"key":"e","value":{"stringValue":"a\"b\\c\nd"}}"#,
    #"{"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"x"}]}}}"#,
    #"{"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"intValue":"7"}}]}}}"#,
  ])
  func `what was JSON comes back as the same JSON`(_ attribute: String) throws {
    let text =
      #"{"resourceSpans":[{"resource":{"attributes":["# + attribute
      + #"]},"scopeSpans":[{"scope":{"name":"s"},"spans":["#
      + #"{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat","kind":3,"#
      + #""startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000000000500","attributes":["# + attribute
      + #"],"status":{"message":"m","code":2},"flags":256}]}]}]}"#
    let body = try JSONTranscoder.protobuf(from: Array(text.utf8).span, signal: .traces)
    #expect(String(decoding: try JSONRendering.json(body.span, signal: .traces), as: UTF8.self) == text)
  }

  @Test(.enabled(if: !Repository.captures.isEmpty, "no Fixtures/captures: captured requests were NOT rendered"))
  func `captured requests mean the same after the way there and back`() throws {
    var compared = 0
    for path in Repository.captures where path.hasSuffix(".pb") {
      let body = Repository.read(path)
      guard let signal = ContentKind.identify(body)?.signal else { continue }
      let json = try JSONRendering.json(body.span, signal: signal)
      let again = try JSONTranscoder.protobuf(from: json.span, signal: signal)
      #expect(
        try CanonicalDump.text(of: again, signal: signal) == CanonicalDump.text(of: body, signal: signal), "\(path)")
      compared += 1
    }
    #expect(compared > 0)
  }
}
