import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// One HTTP/1.1 connection: takes parsed parts in order, gathers a body, hands it to the receiver, writes the answer,
/// and only then looks at the next request. Lives on one event loop.
final class HTTP1Connection: ChannelDuplexHandler, Connection {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  private enum Phase {
    /// Between requests.
    case idle
    /// Some bytes of a head have come.
    case head
    /// A body is coming in, to be kept or (with `refusal`) thrown away.
    case body
    /// The receiver has the request.
    case answering
    /// The answer is on its way into the socket.
    case writing
    /// Answered and half closed; what still comes is thrown away.
    case lingering
    case closed
  }

  private let transport: TransportContext
  private let room: LoopConnections
  private let peer: String
  private var context: ChannelHandlerContext?

  private var phase = Phase.idle
  private var deadline: NIODeadline
  private var parts = CircularBuffer<HTTPServerRequestPart>(initialCapacity: 4)
  private var isPumping = false
  private var isReadSuppressed = false
  /// Nothing more can be read: the client has finished sending, or sent what is no HTTP.
  private var isInputDone = false
  /// Whether the connection ends with the current answer, and whether bytes of its request are still to come then.
  private var endsAfterAnswer = false
  private var isRequestUnread = false

  private var head: HTTP1Head?
  private var body: RequestBody
  /// The answer to a request whose short body is only read to be thrown away.
  private var refusal: Response?
  private var sequence: UInt32 = 0

  init(_ transport: TransportContext, room: LoopConnections, peer: String) {
    self.transport = transport
    self.room = room
    self.peer = peer
    deadline = room.now + TimeAmount(transport.limits.idleTimeout)
    body = RequestBody(transport.budget)
  }

  private var limits: TransportLimits { transport.limits }

  private func setDeadline(_ timeout: Duration) {
    deadline = room.now + TimeAmount(timeout)
  }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    room.add(self)
  }

  func channelInactive(context: ChannelHandlerContext) {
    phase = .closed
    parts.removeAll()
    body.release()
    room.remove(self)
    self.context = nil
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if phase == .lingering || phase == .closed || (endsAfterAnswer && isBusy) { return }
    parts.append(unwrapInboundIn(data))
    pump()
    if parts.count > limits.pipelinedPartsMax {
      endsAfterAnswer = true
      parts.removeAll()
    }
  }

  /// Reading goes on while a request is being answered, as there is usually nothing to read; when there is, it waits.
  func read(context: ChannelHandlerContext) {
    if isBusy && !parts.isEmpty {
      isReadSuppressed = true
    } else {
      context.read()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if phase == .writing && !endsAfterAnswer && context.channel.isWritable { becomeIdle() }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent {
      isInputDone = true
      switch phase {
      case .idle, .head, .body, .lingering: context.close(promise: nil)
      case .answering, .writing, .closed: break
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? HTTPParserError else {
      context.close(promise: nil)
      return
    }
    isInputDone = true
    if isBusy { return }
    switch error {
    case .headerOverflow: refuse(431, "the request's headers are too large")
    case .invalidVersion: refuse(505, "this is not HTTP/1.1 or HTTP/1.0")
    default: refuse(400, "this is not a valid HTTP/1.1 request")
    }
  }

  // MARK: Requests

  /// From the gate before the parser; whether the parser is to see the bytes.
  func bytesArrived() -> Bool {
    switch phase {
    case .idle:
      phase = .head
      isRequestUnread = true
      setDeadline(limits.headTimeout)
      return true
    case .head, .body, .answering, .writing: return !isInputDone
    case .lingering, .closed: return false
    }
  }

  private var isBusy: Bool {
    switch phase {
    case .idle, .head, .body: false
    case .answering, .writing, .lingering, .closed: true
    }
  }

  /// Takes parts in order until a request is complete and waits for its answer.
  private func pump() {
    if isPumping { return }
    isPumping = true
    while !isBusy, let part = parts.popFirst() {
      switch part {
      case .head(let head): begin(HTTP1Head(head, peer: peer))
      case .body(let bytes): receive(bytes)
      case .end: complete()
      }
    }
    isPumping = false
    if isReadSuppressed && !(isBusy && !parts.isEmpty) {
      isReadSuppressed = false
      context?.read()
    }
  }

  private func begin(_ head: HTTP1Head) {
    sequence &+= 1
    self.head = head
    phase = .body
    body.begin(room.now)
    setDeadline(limits.bodyTimeout)
    endsAfterAnswer = !head.keepsAlive || head.asksUpgrade
    isRequestUnread = true
    if let fault = head.fault { return refuse(fault.status, fault.message) }
    switch transport.receiver.begin(head.request) {
    case .respond(let response): decline(response)
    case .accept(let bodyLimit): accept(min(bodyLimit, limits.bodyBytesMax))
    }
  }

  private func accept(_ bytesMax: Int) {
    guard let head else { return }
    if let fault = body.accept(bytesMax, length: head.request.contentLength, limits) { return refuseBody(fault) }
    if head.expectsContinue, let context {
      var line = context.channel.allocator.buffer(capacity: HTTP1Response.continuation.utf8CodeUnitCount)
      line.writeStaticString(HTTP1Response.continuation)
      context.writeAndFlush(wrapOutboundOut(line), promise: nil)
    }
  }

  /// Answers a request whose body is not wanted: after reading it when it is short, else at once and for the last time.
  private func decline(_ response: Response) {
    guard let head else { return }
    if head.isChunked || head.expectsContinue || head.request.contentLength ?? 0 > limits.discardBytesMax {
      endsAfterAnswer = true
      write(response)
    } else {
      refusal = response
    }
  }

  private func receive(_ bytes: ByteBuffer) {
    if refusal != nil { return body.skip(bytes.readableBytes) }
    let fault = unsafe bytes.withUnsafeReadableBytes { unsafe body.append($0) }
    if let fault { refuseBody(fault) }
  }

  private func complete() {
    guard let head, let context else { return }
    isRequestUnread = false
    if let refusal { return write(refusal) }
    phase = .answering
    setDeadline(limits.answerTimeout)
    let (whole, reservedBytes) = body.take()
    let pending = PendingReply(
      transport, loop: context.eventLoop, connection: self, sequence: sequence, reservedBytes: reservedBytes)
    transport.complete(head.request, body: whole, reply: Reply(pending: pending))
  }

  // MARK: Answers

  func answer(_ response: Response, to sequence: UInt32) {
    guard phase == .answering && sequence == self.sequence else { return }
    write(response)
  }

  func answerUnavailable(to sequence: UInt32) {
    guard phase == .answering && sequence == self.sequence else { return }
    refuseUnavailable()
  }

  private func refuseBody(_ fault: RequestBody.Fault) {
    switch fault {
    case .tooLarge: refuse(413, "the body is larger than \(body.bytesMax) bytes; send smaller batches")
    case .noRoom: refuseUnavailable()
    }
  }

  private func refuseUnavailable() {
    let response = transport.unavailable(head?.request)
    endsAfterAnswer = endsAfterAnswer || isRequestUnread
    write(response)
  }

  /// Refuses a request on the transport's own account; the rest of it cannot be read, so the connection ends. What the
  /// receiver has refused already stays refused for the receiver's reason.
  private func refuse(_ status: UInt16, _ message: String) {
    endsAfterAnswer = true
    write(refusal ?? transport.receiver.refusal(head?.request, status: status, message: message))
  }

  private func write(_ response: Response) {
    guard let context else { return }
    body.release()
    refusal = nil
    transport.counters.answered(response.status)
    if room.isDraining || (isInputDone && parts.isEmpty) { endsAfterAnswer = true }
    let isHead = head?.request.method == "HEAD"
    let persistence: HTTP1Response.Persistence =
      endsAfterAnswer ? .close : head?.saysKeepAlive == true ? .keepAliveSaid : .keepAlive
    let bytes = HTTP1Response.encode(
      response, persistence, withBody: !isHead, allocator: context.channel.allocator)
    head = nil
    phase = .writing
    setDeadline(limits.writeTimeout)
    guard endsAfterAnswer else {
      context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
      if context.channel.isWritable { becomeIdle() }
      return
    }
    parts.removeAll()
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in self.end() }
    context.writeAndFlush(wrapOutboundOut(bytes), promise: written)
  }

  private func becomeIdle() {
    guard phase == .writing else { return }
    phase = .idle
    setDeadline(limits.idleTimeout)
    pump()
    if isInputDone && !isBusy && parts.isEmpty { context?.close(promise: nil) }
  }

  /// The last answer is written. Closing with bytes unread would reset the connection and destroy the answer.
  private func end() {
    guard phase == .writing, let context else { return }
    if isRequestUnread {
      phase = .lingering
      setDeadline(limits.lingerTimeout)
      context.close(mode: .output, promise: nil)
      context.read()
    } else {
      context.close(promise: nil)
    }
  }

  // MARK: Time

  func sweep(now: NIODeadline) {
    switch phase {
    case .head where now > deadline: refuse(408, "the request's headers came too slowly")
    case .body where now > deadline || body.isTooSlow(now, limits): refuse(408, "the request's body came too slowly")
    case .answering where now > deadline: refuseUnavailable()
    case .idle where now > deadline, .writing where now > deadline, .lingering where now > deadline:
      context?.close(promise: nil)
    default: break
    }
  }

  func quiesce() {
    switch phase {
    case .idle: context?.close(promise: nil)
    case .head, .body, .answering, .writing, .lingering, .closed: break
    }
  }

  func abort() {
    context?.close(promise: nil)
  }
}
