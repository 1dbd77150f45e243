import Testing
import Transport

/// What a well-behaved client may expect.
@Suite(.ownThreads) struct ExchangeTests {
  @Test func `a thousand requests go through one connection`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      for number in 0..<1_000 {
        client.post("/echo", "body \(number)")
        let answer = try client.receive()
        #expect(answer.status == 200 && answer.text == "body \(number)")
      }
      #expect(server.server.counts.connectionsOpened == 1)
      #expect(server.server.counts.answers2xx == 1_000)
    }
  }

  @Test func `pipelined requests are answered in order, also when replies come late and in disorder`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      let request = "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1"
      client.send(request + request)
      client.post("/echo", "three")
      for expected in ["one", "two"] {
        let reply = try await server.receiver.takeHeld()
        reply.send(Response(status: 200, body: Array(expected.utf8)))
        #expect(try client.receive().text == expected)
      }
      #expect(try client.receive().text == "three")
    }
  }

  @Test func `three hundred pipelined requests in one write are all answered`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      client.send((0..<300).map { "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\(100 + $0)" }.joined())
      for number in 0..<300 { #expect(try client.receive().text == "\(100 + number)") }
      client.finishSending()
      #expect(client.isClosed())
    }
  }

  @Test func `a client that has finished sending still gets its answers`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      client.post("/hold", "x")
      client.post("/echo", "second")
      client.finishSending()
      try await server.receiver.takeHeld().send(.text(200, "first"))
      #expect(try client.receive().text == "first\n")
      #expect(try client.receive().text == "second")
      #expect(client.isClosed())
    }
  }

  /// The same request in one piece, in two pieces cut at every position, and byte by byte.
  @Test func `requests may be cut anywhere`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      let request = Array(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"
          .utf8)
      for cut in 1..<request.count {
        client.send(Array(request[..<cut]))
        client.send(Array(request[cut...]))
        #expect(try client.receive().text == "abcde", "cut at \(cut)")
      }
      for byte in request { client.send([byte]) }
      #expect(try client.receive().text == "abcde")
    }
  }

  @Test(arguments: [1, 16_383, 16_384, 16_385, 1 << 20, 3_000_000])
  func `chunked bodies of any size arrive whole`(_ size: Int) async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
      client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      for start in stride(from: 0, to: size, by: 50_000) {
        let chunk = body[start..<min(start + 50_000, size)]
        client.send(Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8))
      }
      client.send("0\r\n\r\n")
      #expect(try client.receive().body == body)
      #expect(await eventually { server.server.counts.bodyBytesInFlight == 0 })
    }
  }

  @Test func `a body of twenty MiB is completed on a worker and arrives whole`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      let body = (0..<(20 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 11) }
      client.post("/echo", body)
      #expect(try client.receive().body == body)
    }
  }

  @Test func `100-continue is sent before the body, and not when the request is refused`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n")
      #expect(try client.receive().status == 100)
      client.send("body")
      #expect(try client.receive().text == "body")
      client.send("POST /deny HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
      let answer = try client.receive()
      #expect(answer.status == 401 && answer.headers["connection"] == "close")
      #expect(client.isClosed())
    }
  }

  @Test func `a short refused body is skipped and the connection lives on`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      for _ in 0..<3 {
        client.post("/deny", String(repeating: "x", count: 100_000))
        #expect(try client.receive().status == 401)
      }
      client.post("/echo", "still here")
      #expect(try client.receive().text == "still here")
    }
  }

  @Test func `HTTP/1.0 closes unless it asks to stay`() async throws {
    try await TestServer.run { server in
      let staying = try server.connect()
      for _ in 0..<2 {
        staying.send("POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi")
        let answer = try staying.receive()
        #expect(answer.text == "hi" && answer.headers["connection"] == "keep-alive")
      }
      let leaving = try server.connect()
      leaving.send("GET /size HTTP/1.0\r\n\r\n")
      #expect(try leaving.receive().headers["connection"] == "close")
      #expect(leaving.isClosed())
    }
  }

  @Test func `connection close is honoured and said`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      client.post("/echo", "x", "Connection: close\r\n")
      #expect(try client.receive().headers["connection"] == "close")
      #expect(client.isClosed())
    }
  }

  @Test func `HEAD is answered without a body, GET without having sent one`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      client.send("HEAD /size HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.receive(head: true).headers["content-length"] == "1")
      client.send("GET /size HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.receive().text == "0")
    }
  }

  /// Java's client asks for HTTP/2 on its first request; it must get its answer and may come again.
  @Test func `a request to upgrade is answered as it is and ends the connection`() async throws {
    try await TestServer.run { server in
      let client = try server.connect()
      client.post("/echo", "x", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")
      let answer = try client.receive()
      #expect(answer.text == "x" && answer.headers["connection"] == "close")
      #expect(client.isClosed())
    }
  }

  @Test func `sixty-four connections at once are all served`() async throws {
    try await TestServer.run { server in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<64 {
          group.addTask {
            let client = try server.connect()
            for round in 0..<20 {
              client.post(round % 2 == 0 ? "/echo" : "/thread", "\(number)")
              let answer = try client.receive()
              #expect(answer.text == (round % 2 == 0 ? "\(number)" : "from afar"))
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(server.server.counts.answers2xx == 64 * 20)
      #expect(await eventually { server.server.counts.connectionsOpen == 0 })
    }
  }

  @Test func `curl is served: chunked, large with 100-continue, HEAD`() async throws {
    try await TestServer.run { server in
      let url = "http://127.0.0.1:\(server.port)"
      let commands = [
        "head -c 3000000 /dev/zero | curl -sS --max-time 20 -T - -X POST \(url)/size": "3000000",
        "head -c 3000000 /dev/zero | curl -sS --max-time 20 --data-binary @- \(url)/size": "3000000",
        "curl -sS --max-time 20 -I \(url)/size -o /dev/null -w '%{http_code}'": "200",
        "curl -sS --max-time 20 --http1.0 -d abc \(url)/echo": "abc",
        "head -c 3000000 /dev/zero | curl -sS --max-time 20 --data-binary @- \(url)/limited -o /dev/null -w '%{http_code}'":
          "413",
      ]
      for (command, expected) in commands {
        let output = try shell(command)
        #expect(output == expected, "\(command)")
      }
    }
  }
}
