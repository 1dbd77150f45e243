import Bytes
import OTLP
import Telemetry
import Testing

/// The same requests, read by the reference implementation and by ours. Needs Python with opentelemetry-proto, which
/// the test script installs; `HOGLET_TEST_PYTHON` names it.
@Suite(.enabled(if: ReferenceCase.python != nil, "HOGLET_TEST_PYTHON is not set: the reference was NOT compared"))
struct DifferentialTests {
  @Test(arguments: [1, 2, UInt64.random(in: 3..<1_000_000_000)])
  func `random requests read as the reference reads them, from protobuf and from JSON`(seed: UInt64) throws {
    let cases = try ReferenceCase.run("random \(seed) 1000")
    #expect(cases.count == 3_000)
    var refused = 0
    for request in cases {
      if String(decoding: request.dump, as: UTF8.self) == "refused" { refused += 1 } else { compare(request) }
    }
    // The mutations must not all be such that nothing is compared.
    #expect(refused < 1_000)
  }

  @Test(.enabled(if: !Repository.captures.isEmpty, "no Fixtures/captures: captured requests were NOT compared"))
  func `captured requests read as the reference reads them`() throws {
    let files = Repository.captures.map { "'\($0)'" }.joined(separator: " ")
    for request in try ReferenceCase.run("files \(files)") {
      compare(request)
      #expect(!String(decoding: request.dump, as: UTF8.self).contains(#""units":[]"#), "\(request.name)")
    }
  }

  private func compare(_ request: ReferenceCase) {
    let expected = String(decoding: request.dump, as: UTF8.self)
    do throws(OTLPError) {
      let ours = try CanonicalDump.text(of: request.protobuf, signal: request.signal)
      if ours != expected { record(request.name, ours, expected) }
      if request.json.isEmpty { return }
      let transcoded = try JSONTranscoder.protobuf(from: request.json.span, signal: request.signal)
      let fromJSON = try CanonicalDump.text(of: transcoded, signal: request.signal)
      if fromJSON != expected { record(request.name + ", JSON", fromJSON, expected) }
    } catch {
      Issue.record("\(request.name): \(error)")
    }
  }

  /// Dumps are long: shows where they part.
  private func record(_ name: String, _ ours: String, _ expected: String) {
    let common = zip(ours, expected).prefix { $0 == $1 }.count
    Issue.record(
      "\(name): ours …\(ours.dropFirst(max(0, common - 60)).prefix(160)), reference …\(expected.dropFirst(max(0, common - 60)).prefix(160))"
    )
  }
}
