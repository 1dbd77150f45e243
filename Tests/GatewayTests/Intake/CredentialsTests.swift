import Bytes
import Telemetry
import Testing

@testable import Gateway

@Suite struct CredentialsTests {
  static func basic(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var out = ByteBuffer()
    out.appendBase64(bytes.span, Slice(0, bytes.count))
    return "Basic \(out.string)"
  }

  @Test(
    arguments: [
      ("Bearer phc_a", nil, "phc_a"), ("bearer phc_a", nil, "phc_a"), ("BEARER   phc_a ", nil, "phc_a"),
      (nil, "phc_b", "phc_b"), ("Bearer phc_a", "phc_b", "phc_b"), (nil, nil, nil), ("Bearer", nil, nil),
      ("Bearer  ", nil, nil), ("Digest x", nil, nil), ("Bearer a b", nil, nil), ("Bearer sch\u{fc}ssel", nil, nil),
    ] as [(String?, String?, String?)])
  func `keys are found where clients put them`(_ authorization: String?, _ apiKey: String?, _ key: String?) {
    #expect(Credentials.key(authorization: authorization, apiKey: apiKey) == key)
  }

  @Test(
    arguments: [
      ("phc_a:sk-lf-1", "phc_a"), ("pk-lf-1:phc_a", "phc_a"), ("pk-lf-1:sk-lf-1", nil), ("phc_a", "phc_a"), ("", nil),
    ] as [(String, String?)])
  func `of HTTP Basic the half that is a project key counts`(_ text: String, _ key: String?) {
    #expect(Credentials.key(authorization: Self.basic(text), apiKey: nil) == key)
  }

  @Test(
    arguments: [
      ("phc_a:sk-lf-1", "phc_a"), ("pk-lf-1:phc_a", "phc_a"), ("pk-lf-1:sk-lf-1", "sk-lf-1"), ("key", "key"),
      ("key:", "key"), (":key", "key"), ("a:b:c", "b:c"), (":", nil), ("", nil),
    ] as [(String, String?)])
  func `with an access file the password of HTTP Basic counts, or the user where there is none`(
    _ text: String, _ key: String?
  ) {
    #expect(Credentials.key(authorization: Self.basic(text), apiKey: nil, takesAnyPassword: true) == key)
  }

  @Test func `a key at the limit is taken, one byte more is none`() {
    let longest = String(repeating: "k", count: Credentials.keyBytesMax)
    #expect(Credentials.key(authorization: nil, apiKey: longest) == longest)
    #expect(Credentials.key(authorization: nil, apiKey: longest + "k") == nil)
  }

  @Test(
    arguments: [
      ("/api/public/otel/v1/traces", Route.telemetry(.traces)), ("/v1/traces", .telemetry(.traces)),
      ("/i/v0/ai/otel/v1/traces", .telemetry(.traces)), ("/i/v0/ai/otel", .telemetry(.traces)),
      ("/v1/traces/", .telemetry(.traces)), ("/api/public/otel/v1/logs", .telemetry(.logs)), ("/v1/metrics", .metrics),
      ("/api/public/otel/v1/metrics", .metrics), ("/", nil), ("/v1", nil), ("/api/public/otel", nil),
      ("/v1/tracesx", nil), ("", nil),
    ] as [(String, Route?)])
  func `paths lead where they should`(_ path: String, _ route: Route?) {
    #expect(Route(path: path[...]) == route)
  }
}
