import NIOCore

/// One request of an HTTP/2 connection and its answer.
final class HTTP2Stream {
  enum Phase {
    /// Header fields are coming.
    case head
    /// A body is coming in, to be kept.
    case body
    /// The receiver has the request.
    case answering
    /// Answered; what still comes of the request is thrown away.
    case answered
    /// The answer is sent and the client goes on sending: some clients lose the answer when they are cut off at once.
    case lingering
  }

  /// Why a request is refused, by its form alone.
  typealias Fault = (status: UInt16, message: String)

  let id: Int32
  var phase = Phase.head
  var deadline: NIODeadline
  var request: RequestHead
  var body: RequestBody
  /// The client has sent all of the request.
  var isInputDone = false
  var expectsContinue = false
  private(set) var fault: Fault?

  private var target = ""
  private let budget: BodyBudget
  /// What is kept of the head, as far as the budget was charged for it.
  private var headCharged = 0
  private var headBytes = 0
  private var headCount = 0

  /// gRPC: how long the client waits, and since when.
  private(set) var timeout: Duration?
  private var begun: NIODeadline?
  private var messageEncoding: String?
  private var prefix: [UInt8] = []
  private var messageLength = 0

  private var output: [UInt8] = []
  private var outputSent = 0
  private var trailers: [(String, String)] = []

  init(_ id: Int32, peer: String, budget: BodyBudget, deadline: NIODeadline) {
    self.id = id
    self.deadline = deadline
    self.budget = budget
    request = RequestHead(method: "", path: "", peer: peer)
    request.wire = .http2
    body = RequestBody(budget)
  }

  deinit { budget.release(headCharged) }

  var isGRPC: Bool { request.wire == .grpc }

  // MARK: Head

  /// RFC 9113, section 6.5.2: what a field costs beside its bytes.
  private static let fieldOverhead = 32

  func note(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, _ limits: TransportLimits) {
    headBytes += name.count + value.count + Self.fieldOverhead
    headCount += 1
    guard headBytes <= limits.headBytesMax && headCount <= limits.headerCountMax else {
      fault = (431, "the request's headers are too large")
      return
    }
    let name = unsafe String(decoding: name, as: UTF8.self)
    let value = unsafe String(decoding: value, as: UTF8.self)
    switch name {
    case ":method": request.method = value
    case ":path": target = value
    case "content-length": request.contentLength = Int(value) ?? .max
    case "expect": expectsContinue = value.lowercased() == "100-continue"
    case "grpc-timeout":
      timeout = GRPC.timeout(value)
      begun = .now()
    case "grpc-encoding": messageEncoding = value
    default: _ = request.note(name, value)
    }
  }

  /// Takes what the head holds from the budget: a few bytes of HPACK can stand for kilobytes.
  func chargeHead() -> Bool {
    guard budget.reserve(headBytes) else { return false }
    headCharged = headBytes
    return true
  }

  /// When the client stops waiting; nil if it did not say.
  var clientDeadline: NIODeadline? {
    guard isGRPC, let timeout, let begun else { return nil }
    return begun + TimeAmount(timeout)
  }

  /// All header fields have come; libnghttp2 has seen to it that they are well-formed.
  func finishHead(endsStream: Bool) {
    request.setTarget(target)
    isInputDone = endsStream
    if endsStream { request.contentLength = 0 }
    guard GRPC.isGRPC(request.contentType) else { return }
    request.wire = .grpc
    request.contentEncoding = messageEncoding
    // It is that of the message with its prefix; the message tells its own.
    request.contentLength = nil
  }

  // MARK: Body

  /// What is wrong with a body.
  enum BodyFault {
    case body(RequestBody.Fault)
    case framing(String)
  }

  func receive(_ bytes: UnsafeRawBufferPointer, _ limits: TransportLimits) -> BodyFault? {
    guard isGRPC else { return unsafe body.append(bytes).map { .body($0) } }
    var rest = unsafe bytes[...]
    if prefix.count < GRPC.prefixBytes {
      let taken = unsafe rest.prefix(GRPC.prefixBytes - prefix.count)
      unsafe prefix.append(contentsOf: taken)
      unsafe rest = rest.dropFirst(taken.count)
      guard prefix.count == GRPC.prefixBytes else { return nil }
      guard let prefix = GRPC.Prefix(prefix) else {
        return .framing("the message's compression flag is neither 0 nor 1")
      }
      if prefix.isCompressed && (messageEncoding ?? "identity") == "identity" {
        return .framing("the message is marked as compressed, but grpc-encoding does not say how")
      }
      if !prefix.isCompressed { request.contentEncoding = nil }
      messageLength = prefix.length
      if let fault = body.accept(body.bytesMax, length: messageLength, limits) { return .body(fault) }
    }
    guard unsafe body.bytesRead + rest.count <= messageLength else {
      return .framing("more than one message in a unary call")
    }
    return unsafe body.append(UnsafeRawBufferPointer(rebasing: rest)).map { .body($0) }
  }

  /// What is missing when the client says that it has sent everything.
  func bodyFaultAtEnd() -> BodyFault? {
    guard isGRPC, prefix.count < GRPC.prefixBytes || body.bytesRead < messageLength else { return nil }
    return .framing("the message is not complete")
  }

  // MARK: Answer

  /// The header fields of the answer, and whether a body follows. What is kept of the request goes.
  func answer(_ response: Response) -> (headers: [(String, String)], hasBody: Bool) {
    phase = .answered
    body.release()
    if isGRPC { return answerGRPC(response) }
    var headers = [(":status", String(response.status))]
    for (name, value) in response.headers { headers.append((name.lowercased(), value)) }
    if response.status != 204 && response.status != 304 {
      headers.append(("content-length", String(response.body.count)))
    }
    if request.method != "HEAD" { output = response.body }
    return (headers, !output.isEmpty)
  }

  private func answerGRPC(_ response: Response) -> (headers: [(String, String)], hasBody: Bool) {
    let headers = [(":status", "200"), ("content-type", "application/grpc")]
    trailers = GRPC.trailers(response)
    // An error has no message: its status stands among the headers ("Trailers-Only").
    guard response.status == 200 else { return (headers + trailers, false) }
    output = GRPC.framed(response.body)
    return (headers, true)
  }

  func nextData(into room: UnsafeMutableRawBufferPointer) -> HTTP2Data {
    let count = min(room.count, output.count - outputSent)
    unsafe output.withUnsafeBytes { unsafe room.copyMemory(from: .init(rebasing: $0[outputSent..<outputSent + count])) }
    outputSent += count
    let isLast = outputSent == output.count
    return HTTP2Data(count: count, isLast: isLast, trailers: isLast ? trailers : [])
  }
}
