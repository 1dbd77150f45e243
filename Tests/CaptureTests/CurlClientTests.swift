import Testing

@testable import Capture

@Suite struct `The curl client` {
  private func outcome(_ url: String, _ change: (inout ClientSettings) -> Void = { _ in }) throws
    -> Result<HTTPAnswer, HTTPFailure>
  {
    var settings = ClientSettings()
    change(&settings)
    let client = try CurlClient(settings)
    client.start(HTTPRequest(id: 5, url: url, headers: [], body: RequestBody(Array("{}".utf8))))
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
      if let completion = client.poll(timeout: .seconds(1)).first {
        #expect(completion.id == 5)
        return completion.result
      }
    }
    return .failure(HTTPFailure(reason: "the test waited for too long"))
  }

  private func reason(_ result: Result<HTTPAnswer, HTTPFailure>) -> String {
    if case .failure(let failure) = result { failure.reason } else { "answered" }
  }

  @Test func `posts with any headers and gives status and body, whatever the status`() throws {
    let standIn = try StandIn()
    let client = try CurlClient(ClientSettings())
    let logs = try client.post(
      "\(standIn.host)/i/v1/logs", ["Authorization: Bearer phc_x", "Content-Type: application/x-protobuf"], [])
    #expect(logs.status == 200)
    let lost = try client.post("\(standIn.host)/nowhere", ["Content-Type: application/json"], Array("{}".utf8))
    #expect(lost.status == 404 && String(decoding: lost.body, as: UTF8.self).contains("no such path"))
    #expect(try standIn.requests().last?.contains("\"user-agent\": \"hoglet\"") == true)
  }

  @Test func `one connection serves many requests`() throws {
    let standIn = try StandIn()
    let client = try CurlClient(ClientSettings())
    for _ in 0..<10 { _ = try client.post("\(standIn.host)/x", [], []) }
    let connections = try standIn.requests().map { $0.range(after: "\"connection\": ")?.prefix(5) }
    #expect(connections.count == 10 && Set(connections).count == 1)
  }

  @Test func `many requests at once all come back, each as itself`() throws {
    let standIn = try StandIn()
    let client = try CurlClient(ClientSettings())
    for id in 0..<200 as Range<UInt64> {
      client.start(
        HTTPRequest(
          id: id, url: "\(standIn.host)/\(id)", headers: [], body: RequestBody([UInt8](repeating: 1, count: 9))))
    }
    var bodies: [UInt64: String] = [:]
    let end = ContinuousClock.now + .seconds(60)
    while bodies.count < 200, ContinuousClock.now < end {
      for completion in client.poll(timeout: .seconds(1)) {
        bodies[completion.id] = String(decoding: try completion.result.get().body, as: UTF8.self)
      }
    }
    #expect((0..<200).allSatisfy { bodies[$0] == "{\"error\": \"no such path: /\($0)\"}" })
  }

  @Test func `a port where nobody listens is a failure, soon`() throws {
    // A port that was free a moment ago.
    let port = try StandIn().port
    let result = try outcome("http://127.0.0.1:\(port)/")
    #expect(reason(result).contains("connect"))
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "", "http://", "https://:1/"])
  func `only http and https are spoken`(url: String) throws {
    #expect(reason(try outcome(url)) != "answered")
  }

  @Test func `a header that would break out of its line is not sent`() throws {
    let standIn = try StandIn()
    let client = try CurlClient(ClientSettings())
    #expect(throws: HTTPFailure.self) { try client.post(standIn.host, ["A: b\r\nC: d"], []) }
    #expect(try standIn.requests().isEmpty)
  }

  @Test(arguments: [0, 4, 5, 6]) func `no more of an answer is kept than allowed, and the status counts`(limit: Int)
    throws
  {
    let standIn = try StandIn()
    try standIn.fault("'status': 299, 'body': '12345'")
    var settings = ClientSettings()
    settings.responseBytesMax = limit
    let body =
      "{\"api_key\":\"k\",\"batch\":[{\"event\":\"e\",\"distinct_id\":\"d\",\"properties\":{},\"uuid\":"
      + "\"\(LiveRig.uuid(1))\",\"timestamp\":\"2026-10-01T10:00:00Z\"}]}"
    let answer = try CurlClient(settings).post(
      "\(standIn.host)/batch/", ["Content-Type: application/json"], Array(body.utf8))
    #expect(answer.status == 299)
    #expect(answer.body == Array("12345".utf8.prefix(limit)))
  }

  @Test func `a redirect is an answer, not followed`() throws {
    let standIn = try StandIn()
    try standIn.fault("'status': 307")
    #expect(try outcome("\(standIn.host)/x").get().status == 307)
    #expect(try standIn.requests().count == 1)
  }

  @Test func `a refusal that comes before the body was read is still an answer`() throws {
    let standIn = try StandIn()
    let client = try CurlClient(ClientSettings())
    let body = [UInt8](repeating: 0x20, count: 20 * 1024 * 1024 + 1)
    // The server closes with our bytes unread, so the answer may be lost to a reset; what must not come is a success.
    let result = Result { try client.post("\(standIn.host)/batch/", ["Content-Type: application/json"], body) }
    if case .success(let answer) = result { #expect(answer.status == 413) }
    #expect(try standIn.requests().last?.contains("\"status\": 413") == true)
  }

  @Test func `a poll that waits is woken from another thread`() async throws {
    let client = try CurlClient(ClientSettings())
    let wakeUp = client.wakeUp
    let start = ContinuousClock.now
    let task = Task.detached {
      try await Task.sleep(for: .milliseconds(50))
      wakeUp()
    }
    #expect(client.poll(timeout: .seconds(30)).isEmpty)
    #expect(ContinuousClock.now - start < .seconds(20))
    try await task.value
    // A call before the wait counts too, once.
    wakeUp()
    #expect(client.poll(timeout: .seconds(30)).isEmpty)
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(client.poll(timeout: .milliseconds(20)).isEmpty)
  }

  @Test func `waking a client that is gone does nothing`() throws {
    var client: CurlClient? = try CurlClient(ClientSettings())
    let wakeUp = try #require(client?.wakeUp)
    client = nil
    wakeUp()
  }

  @Test func `a cancelled request does not come back, and the others do`() throws {
    let standIn = try StandIn()
    try standIn.fault("'mode': 'hang', 'path': '/hang'")
    let client = try CurlClient(ClientSettings())
    client.start(HTTPRequest(id: 1, url: "\(standIn.host)/hang", headers: [], body: RequestBody([])))
    _ = client.poll(timeout: .milliseconds(50))
    client.cancel(1)
    client.start(HTTPRequest(id: 2, url: "\(standIn.host)/x", headers: [], body: RequestBody([])))
    #expect(client.poll(timeout: .seconds(30)).map(\.id) == [2])
    #expect(client.poll(timeout: .milliseconds(50)).isEmpty)
  }
}
