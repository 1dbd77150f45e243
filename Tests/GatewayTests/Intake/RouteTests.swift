import Testing

@testable import Gateway

@Suite struct RouteTests {
  @Test(arguments: ["/v1/traces", "/v1/traces/", "/api/public/otel/v1/traces///", "/i/v0/ai/otel", "/i/v0/ai/otel/"])
  func `a path may end in slashes`(path: String) {
    #expect(Route(path: path[...]) != nil)
  }

  @Test(arguments: ["/", "//", "", "/v1", "/v1/traces/x"]) func `other paths are none`(path: String) {
    #expect(Route(path: path[...]) == nil)
  }

  /// Each slash once: where each was counted anew, a head of 16 kB took half a second of an event loop, and this minutes.
  @Test func `many slashes cost no more than their number`() {
    let path = String(repeating: "/", count: 400_000)
    #expect(Route(path: path[...]) == nil)
  }
}
