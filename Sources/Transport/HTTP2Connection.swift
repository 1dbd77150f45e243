import NIOCore

/// One HTTP/2 connection: hands each request to the receiver when it is whole, and writes answers as they come. Lives on
/// one event loop.
///
/// Heads and bodies of all its streams are held within the server's budget, and no more is read while the client does not
/// read what it is sent.
final class HTTP2Connection: ChannelDuplexHandler, Connection, HTTP2SessionDelegate {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  private let transport: TransportContext
  private let room: LoopConnections
  private let peer: String
  private var context: ChannelHandlerContext?
  private var session: HTTP2Session?
  private var streams: [Int32: HTTP2Stream] = [:]
  /// Whether libnghttp2 is at work, and must not be entered.
  private var isInside = false
  private var isClosing = false
  /// The client is thrown out: what it still sends is read for a while, or it would not see why.
  private var isLingering = false
  private var isFlushScheduled = false
  private var isReadSuppressed = false
  /// The client's first SETTINGS have come.
  private var isGreeted = false
  /// When nothing has happened until then, the connection ends.
  private var deadline: NIODeadline
  /// Since when the client has not read what waits for it.
  private var blockedSince: NIODeadline?
  private var idleFrames: FrameBudget
  /// Streams that the client makes us reset: as cheap a way to be rid of them as resetting them itself ("MadeYouReset",
  /// CVE-2025-8671), and bounded as that is.
  private var resetsProvoked: FrameBudget

  init(_ transport: TransportContext, room: LoopConnections, peer: String) {
    self.transport = transport
    self.room = room
    self.peer = peer
    deadline = room.now + TimeAmount(transport.limits.headTimeout)
    idleFrames = FrameBudget(
      burst: transport.limits.controlFramesBurst, perSecond: transport.limits.controlFramesPerSecond, now: room.now)
    resetsProvoked = FrameBudget(
      burst: transport.limits.streamResetsBurst, perSecond: transport.limits.streamResetsPerSecond, now: room.now)
  }

  private var limits: TransportLimits { transport.limits }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    room.add(self)
    do throws(HTTP2Session.Failure) {
      session = try HTTP2Session(limits, delegate: self)
      flush()
    } catch {
      abort()
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    isClosing = true
    for stream in streams.values { stream.body.release() }
    streams = [:]
    room.remove(self)
    session = nil
    self.context = nil
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let session, !isClosing else { return }
    let bytes = unwrapInboundIn(data)
    transport.counters.bytesIn.add(bytes.readableBytes, ordering: .relaxed)
    isInside = true
    do throws(HTTP2Session.Failure) {
      try receive(bytes, session)
    } catch {
      throwOut(isFlood: error.isFlood)
    }
    isInside = false
    flush()
  }

  private func throwOut(isFlood: Bool) {
    session?.terminate(isFlood: isFlood)
    isClosing = true
    isLingering = true
    deadline = room.now + TimeAmount(limits.writeTimeout)
  }

  func read(context: ChannelHandlerContext) {
    if context.channel.isWritable { context.read() } else { isReadSuppressed = true }
  }

  private func receive(_ bytes: ByteBuffer, _ session: HTTP2Session) throws(HTTP2Session.Failure) {
    let failure: HTTP2Session.Failure? = unsafe bytes.withUnsafeReadableBytes { bytes in
      do throws(HTTP2Session.Failure) {
        try unsafe session.receive(bytes)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      blockedSince = nil
      flush()
      if isReadSuppressed {
        isReadSuppressed = false
        context.read()
      }
    } else {
      blockedSince = blockedSince ?? room.now
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client that has half closed its side cannot even open our windows.
    if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  /// What one write holds at most before the socket is asked again.
  private static let writeBytes = 64 << 10

  /// Writes what there is to write, as far as the client reads.
  private func flush() {
    guard let session, let context, !isInside else { return }
    isInside = true
    var more = true
    while more && context.channel.isWritable {
      var buffer = context.channel.allocator.buffer(capacity: 256)
      do throws(HTTP2Session.Failure) {
        while buffer.readableBytes < Self.writeBytes {
          more = try session.send(into: &buffer)
          if !more { break }
        }
      } catch {
        more = false
        isClosing = true
      }
      if buffer.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(buffer), promise: nil) }
    }
    isInside = false
    if !more && (isClosing || session.isDone) { closeWhenWritten(context) }
  }

  /// Closing at once would throw away what the socket has not taken yet.
  private func closeWhenWritten(_ context: ChannelHandlerContext) {
    isClosing = true
    self.session = nil
    deadline = room.now + TimeAmount(isLingering ? limits.lingerTimeout : limits.writeTimeout)
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in
      if self.isLingering {
        self.context?.close(mode: .output, promise: nil)
      } else {
        self.context?.close(promise: nil)
      }
    }
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(capacity: 0)), promise: written)
  }

  /// Once for all answers of a commit.
  private func flushSoon() {
    guard !isInside, !isFlushScheduled, let context else { return }
    isFlushScheduled = true
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.execute {
      connection.value.isFlushScheduled = false
      connection.value.flush()
    }
  }

  // MARK: Session

  func headersBegin(_ stream: Int32) {
    let deadline = room.now + TimeAmount(limits.headTimeout)
    streams[stream] = HTTP2Stream(stream, peer: peer, budget: transport.budget, deadline: deadline)
  }

  func header(_ stream: Int32, name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    unsafe streams[stream]?.note(name, value, limits)
  }

  func frameReceived(_ frame: HTTP2Frame) {
    if frame.kind == .request || frame.endsStream {
      idleFrames.earn(limits.controlFramesPerRequest)
    } else if frame.kind != .data || frame.length <= HTTP2Frame.paddingMax {
      clientErred()
      if isClosing { return }
    }
    switch frame.kind {
    case .settings where !frame.isAcknowledgement:
      if !isGreeted { becomeIdle() }
      isGreeted = true
    case .request: begin(frame)
    case .data, .trailers: if frame.endsStream { finishInput(frame.stream) }
    case .settings, .other: break
    }
  }

  /// Also for frames that are in order and of no use.
  func clientErred() {
    if !isClosing && !idleFrames.take(room.now) { throwOut(isFlood: true) }
  }

  func resetProvoked() {
    if !isClosing && !resetsProvoked.take(room.now) { throwOut(isFlood: true) }
  }

  private func begin(_ frame: HTTP2Frame) {
    guard let stream = streams[frame.stream] else { return }
    stream.finishHead(endsStream: frame.endsStream)
    stream.phase = .body
    stream.body.begin(room.now)
    stream.deadline = room.now + TimeAmount(limits.bodyTimeout)
    if let fault = stream.fault { return refuse(stream, fault.status, fault.message) }
    guard stream.chargeHead() else { return refuse(stream, .noRoom) }
    switch transport.receiver.begin(stream.request) {
    case .respond(let response): return write(response, stream)
    case .accept(let bodyLimit):
      if let fault = stream.body.accept(
        min(bodyLimit, limits.bodyBytesMax), length: stream.request.contentLength, limits)
      {
        return refuse(stream, fault)
      }
    }
    if stream.isInputDone { return complete(stream) }
    if stream.expectsContinue { session?.submitContinue(to: stream.id) }
  }

  func dataReceived(_ stream: Int32, _ bytes: UnsafeRawBufferPointer) {
    guard let stream = streams[stream], stream.phase == .body else {
      // The rest of a request that is answered: others may go on, this one need not.
      session?.consumed(bytes.count)
      return
    }
    session?.consumed(bytes.count, of: stream.id)
    switch unsafe stream.receive(bytes, limits) {
    case nil: break
    case .body(let fault): refuse(stream, fault)
    case .framing(let message): refuse(stream, framing: message)
    }
  }

  private func finishInput(_ stream: Int32) {
    guard let stream = streams[stream] else { return }
    stream.isInputDone = true
    if stream.phase == .body { complete(stream) }
  }

  private func complete(_ stream: HTTP2Stream) {
    guard let context else { return }
    if case .framing(let message) = stream.bodyFaultAtEnd() { return refuse(stream, framing: message) }
    stream.phase = .answering
    let ours = room.now + TimeAmount(limits.answerTimeout)
    stream.deadline = min(stream.clientDeadline ?? ours, ours)
    let (whole, reservedBytes) = stream.body.take()
    let pending = PendingReply(
      transport, loop: context.eventLoop, connection: self, sequence: UInt32(stream.id), reservedBytes: reservedBytes)
    transport.complete(stream.request, body: whole, reply: Reply(pending: pending))
  }

  func nextData(_ stream: Int32, into room: UnsafeMutableRawBufferPointer) -> HTTP2Data {
    unsafe streams[stream]?.nextData(into: room) ?? HTTP2Data(count: 0, isLast: true, trailers: [])
  }

  func answerSent(_ stream: Int32) {
    guard let stream = streams[stream] else { return }
    stream.phase = .lingering
    stream.deadline = room.now + TimeAmount(limits.lingerTimeout)
  }

  func streamClosed(_ stream: Int32) {
    streams.removeValue(forKey: stream)?.body.release()
    if streams.isEmpty { becomeIdle() }
  }

  private func becomeIdle() {
    deadline = room.now + TimeAmount(limits.idleTimeout)
  }

  // MARK: Answers

  func answer(_ response: Response, to sequence: UInt32) {
    guard let stream = streams[Int32(sequence)], stream.phase == .answering else { return }
    write(response, stream)
  }

  func answerUnavailable(to sequence: UInt32) {
    guard let stream = streams[Int32(sequence)], stream.phase == .answering else { return }
    write(transport.unavailable(stream.request), stream)
  }

  private func refuse(_ stream: HTTP2Stream, _ fault: RequestBody.Fault) {
    switch fault {
    case .tooLarge: refuse(stream, 413, "the body is larger than \(stream.body.bytesMax) bytes; send smaller batches")
    case .noRoom: write(transport.unavailable(stream.request), stream)
    }
  }

  private func refuse(_ stream: HTTP2Stream, framing message: String) {
    var response = transport.receiver.refusal(stream.request, status: 400, message: message)
    response.failure = Response.Failure(code: GRPC.internalError, message: message)
    response.body = []
    write(response, stream)
  }

  private func refuse(_ stream: HTTP2Stream, _ status: UInt16, _ message: String) {
    write(transport.receiver.refusal(stream.request, status: status, message: message), stream)
  }

  private func write(_ response: Response, _ stream: HTTP2Stream) {
    transport.counters.answered(response.status)
    stream.deadline = room.now + TimeAmount(limits.writeTimeout)
    let (headers, hasBody) = stream.answer(response)
    session?.submit(headers, to: stream.id, hasBody: hasBody)
    flushSoon()
  }

  // MARK: Time

  func sweep(now: NIODeadline) {
    if isClosing {
      if now > deadline { abort() }
      return
    }
    if let blockedSince, now > blockedSince + TimeAmount(limits.writeTimeout) { return abort() }
    if streams.isEmpty || !isGreeted {
      guard now > deadline else { return }
      return isGreeted ? end() : abort()
    }
    for stream in streams.values where now > stream.deadline || isTooSlow(stream, now) { expire(stream) }
  }

  private func isTooSlow(_ stream: HTTP2Stream, _ now: NIODeadline) -> Bool {
    stream.phase == .body && stream.body.isTooSlow(now, limits)
  }

  private func expire(_ stream: HTTP2Stream) {
    switch stream.phase {
    // Between HEADERS and CONTINUATION no other frame may come, so the whole connection waits.
    case .head: abort()
    case .body: refuse(stream, 408, "the request's body came too slowly")
    case .answering where stream.clientDeadline == stream.deadline:
      var response = transport.unavailable(stream.request)
      response.failure = Response.Failure(code: GRPC.deadlineExceeded, message: "the call's own deadline has passed")
      response.body = []
      write(response, stream)
    case .answering: write(transport.unavailable(stream.request), stream)
    case .answered: abort()
    case .lingering:
      session?.stopReading(stream.id)
      flush()
    }
  }

  func quiesce() {
    if streams.isEmpty { end() } else { announceEnd() }
  }

  /// What is open is answered; a client that wants more opens another connection.
  private func announceEnd() {
    session?.goAway()
    flush()
  }

  private func end() {
    isClosing = true
    deadline = room.now + TimeAmount(limits.writeTimeout)
    announceEnd()
  }

  func abort() {
    isClosing = true
    context?.close(promise: nil)
  }
}
