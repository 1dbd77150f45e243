import OTLP
import Telemetry
import Testing

@Suite struct ContentKindTests {
  @Test func `requests are told apart by their content`() {
    let spans = [
      Encode.span(), Encode.span(Encode.text(5, "n") + Encode.fixed64(7, 1) + Encode.fixed64(8, 2)),
      Encode.bytes(1, []) + Encode.text(5, "only a name") + Encode.fixed64(7, 1),
    ]
    let logs = [
      Encode.fixed64(1, 1), Encode.bytes(9, Encode.trace) + Encode.bytes(10, Encode.span) + Encode.fixed64(11, 1),
      Encode.varint(2, 9) + Encode.bytes(5, Encode.text(1, "body")),
      Encode.bytes(5, Encode.text(1, "b")) + Encode.bytes(6, Encode.attribute("k", "v")),
    ]
    for span in spans {
      #expect(ContentKind.identify(Encode.request([span])) == ContentKind(signal: .traces, encoding: .protobuf))
    }
    for log in logs {
      #expect(ContentKind.identify(Encode.request([log])) == ContentKind(signal: .logs, encoding: .protobuf))
    }
  }

  @Test(
    arguments: [
      (#"{"resourceSpans":[]}"#, .traces), (#" {"resourceLogs":[]}"#, .logs), ("\u{feff}{\"resource_logs\":[]}", .logs),
      (#"{"x":{"resourceLogs":[]},"resourceSpans":[]}"#, .traces),
      ("\n{\"resourceSpans\":[{\"scopeSpans\":[]}]}", .traces),
    ] as [(String, Signal)])
  func `JSON is told by its names`(text: String, signal: Signal) {
    #expect(ContentKind.identify(Array(text.utf8)) == ContentKind(signal: signal, encoding: .json))
  }

  @Test(
    arguments: [
      "", "{}", "[]", "hello", "\n", "resourceSpans: []", #"{"resourceMetrics":[]}"#, "\nsome text\n", "\u{0}\u{0}",
      "\u{7f}ELF",
    ])
  func `what is no request is nothing`(text: String) {
    #expect(ContentKind.identify(Array(text.utf8)) == nil)
  }

  @Test(.enabled(if: !Repository.captures.isEmpty, "no Fixtures/captures"))
  func `captured requests are what their names say`() {
    for path in Repository.captures {
      let name = path.split(separator: "/").last ?? ""
      let signal: Signal = name.contains("traces") ? .traces : .logs
      let bytes = Repository.read(path)
      #expect(ContentKind.identify(bytes) == ContentKind(signal: signal, encoding: .protobuf), "\(path)")
      let json = Repository.read(String(path.dropLast(3)) + ".otlp.json")
      if json.isEmpty { continue }
      #expect(ContentKind.identify(json) == ContentKind(signal: signal, encoding: .json), "\(path)")
    }
  }
}
