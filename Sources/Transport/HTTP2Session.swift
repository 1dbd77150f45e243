import CNghttp2
import NIOCore

/// What an `HTTP2Session` reports while it reads. The session must not be read from or written to meanwhile; submitting is
/// allowed.
protocol HTTP2SessionDelegate: AnyObject {
  /// A client begins a request.
  func headersBegin(_ stream: Int32)
  func header(_ stream: Int32, name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>)
  /// A frame is whole; of HEADERS, all of its block.
  func frameReceived(_ frame: HTTP2Frame)
  /// A frame was not what it should be.
  func clientErred()
  /// We reset a stream for what the client did.
  func resetProvoked()
  func dataReceived(_ stream: Int32, _ bytes: UnsafeRawBufferPointer)
  /// The next bytes of an answer's body, written to `room`.
  func nextData(_ stream: Int32, into room: UnsafeMutableRawBufferPointer) -> HTTP2Data
  /// The last frame of an answer has been handed out.
  func answerSent(_ stream: Int32)
  func streamClosed(_ stream: Int32)
}

/// A frame as the delegate sees it.
struct HTTP2Frame {
  enum Kind {
    case data
    /// The head of a request.
    case request
    /// Trailers, and what else comes in HEADERS.
    case trailers
    case settings
    case other
  }

  /// DATA of so many bytes may be padding alone (RFC 9113, section 6.1); exporters do not send such crumbs.
  static let paddingMax = 256

  var stream: Int32
  var kind: Kind
  var length: Int
  var endsStream: Bool
  var isAcknowledgement: Bool
}

/// A part of an answer's body.
struct HTTP2Data {
  var count: Int
  var isLast: Bool
  /// Sent after the last part.
  var trailers: [(String, String)]
}

/// One server session of libnghttp2 (RFC 9113): bytes in, frames out, HPACK and flow control inside. It is never entered
/// from within one of its own callbacks but to submit.
@safe final class HTTP2Session {
  private let session: OpaquePointer
  /// The delegate owns the session.
  unowned let delegate: any HTTP2SessionDelegate

  /// Why a session cannot go on.
  struct Failure: Error {
    /// A code of `nghttp2_error`.
    var code: Int32
    /// The client sends what only costs time.
    var isFlood: Bool { code == NGHTTP2_ERR_FLOODED.rawValue }
  }

  init(_ limits: TransportLimits, delegate: any HTTP2SessionDelegate) throws(Failure) {
    self.delegate = delegate
    var created: OpaquePointer?
    let callbacks = try HTTP2Callbacks()
    let options = try HTTP2Options(limits)
    let code = unsafe nghttp2_session_server_new2(&created, callbacks.table, nil, options.table)
    guard code == 0, let created = unsafe created else { throw Failure(code: code) }
    unsafe session = created
    unsafe nghttp2_session_set_user_data(created, Unmanaged.passUnretained(self).toOpaque())
    let settings = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
        value: UInt32(limits.streamsPerConnectionMax)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(limits.streamWindowBytes)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(limits.headBytesMax)),
    ]
    unsafe nghttp2_submit_settings(created, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
    unsafe nghttp2_session_set_local_window_size(
      created, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(limits.connectionWindowBytes))
  }

  deinit { unsafe nghttp2_session_del(session) }

  /// Takes what the client sent.
  func receive(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    guard let start = bytes.baseAddress else { return }
    let taken = unsafe nghttp2_session_mem_recv(session, start.assumingMemoryBound(to: UInt8.self), bytes.count)
    if taken < 0 { throw Failure(code: Int32(taken)) }
  }

  /// Appends the next frames to `buffer`, at least one if there is one; false when there is none.
  func send(into buffer: inout NIOCore.ByteBuffer) throws(Failure) -> Bool {
    var start: UnsafePointer<UInt8>?
    let count = unsafe nghttp2_session_mem_send(session, &start)
    if count < 0 { throw Failure(code: Int32(count)) }
    guard count > 0, let start = unsafe start else { return false }
    unsafe buffer.writeBytes(UnsafeRawBufferPointer(start: start, count: count))
    return true
  }

  /// Nothing is left to read or to write.
  var isDone: Bool { unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 }

  /// Lets the client send as much more on the connection.
  func consumed(_ count: Int) { unsafe nghttp2_session_consume_connection(session, count) }

  /// Lets the client send as much more as was taken of a stream.
  func consumed(_ count: Int, of stream: Int32) {
    unsafe nghttp2_session_consume(session, stream, count)
  }

  /// Answers; the body is asked of the delegate when there is one.
  func submit(_ headers: [(String, String)], to stream: Int32, hasBody: Bool) {
    unsafe HTTP2Fields(headers).with { fields, count in
      guard hasBody else {
        _ = unsafe nghttp2_submit_response(session, stream, fields, count, nil)
        return
      }
      var data = unsafe nghttp2_data_provider()
      unsafe data.read_callback = HTTP2Callbacks.readData
      _ = unsafe nghttp2_submit_response(session, stream, fields, count, &data)
    }
  }

  /// `100 Continue`.
  func submitContinue(to stream: Int32) {
    unsafe HTTP2Fields([(":status", "100")]).with { fields, count in
      _ = unsafe nghttp2_submit_headers(
        session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, nil, fields, count, nil)
    }
  }

  func submitTrailers(_ trailers: [(String, String)], to stream: Int32) {
    unsafe HTTP2Fields(trailers).with { fields, count in
      _ = unsafe nghttp2_submit_trailer(session, stream, fields, count)
    }
  }

  /// Tells the client to send no more of a request that was answered (RFC 9113, section 8.1).
  func stopReading(_ stream: Int32) { reset(stream, NGHTTP2_NO_ERROR) }

  private func reset(_ stream: Int32, _ code: nghttp2_error_code) {
    unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code.rawValue)
  }

  /// No further request is taken; those that came are answered.
  func goAway() {
    let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
    unsafe nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
  }

  /// Ends the session for what the client does.
  func terminate(isFlood: Bool) {
    let code = isFlood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR
    unsafe nghttp2_session_terminate_session(session, code.rawValue)
  }
}

/// libnghttp2's options, for as long as a session is made.
@safe private final class HTTP2Options {
  let table: OpaquePointer

  init(_ limits: TransportLimits) throws(HTTP2Session.Failure) {
    var created: OpaquePointer?
    let code = unsafe nghttp2_option_new(&created)
    guard let created = unsafe created else { throw HTTP2Session.Failure(code: code) }
    unsafe table = created
    // Windows open when bytes are taken, not when they arrive.
    unsafe nghttp2_option_set_no_auto_window_update(created, 1)
    unsafe nghttp2_option_set_stream_reset_rate_limit(
      created, UInt64(limits.streamResetsBurst), UInt64(limits.streamResetsPerSecond))
    unsafe nghttp2_option_set_max_outbound_ack(created, limits.acknowledgementsQueuedMax)
    // Closed streams are of use only for priorities, which we do not serve.
    unsafe nghttp2_option_set_no_closed_streams(created, 1)
  }

  deinit { unsafe nghttp2_option_del(table) }
}

/// Header fields as libnghttp2 takes them; it copies them.
private struct HTTP2Fields {
  private var bytes: [UInt8] = []
  private var lengths: [(name: Int, value: Int)] = []

  init(_ headers: [(String, String)]) {
    for (name, value) in headers {
      bytes.append(contentsOf: name.utf8)
      bytes.append(contentsOf: value.utf8)
      lengths.append((name.utf8.count, value.utf8.count))
    }
  }

  func with(_ body: (UnsafePointer<nghttp2_nv>, Int) -> Void) {
    var bytes = bytes
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard var next = buffer.baseAddress else { return }
      var fields: [nghttp2_nv] = unsafe []
      for (name, value) in lengths {
        unsafe fields.append(
          nghttp2_nv(
            name: next, value: next + name, namelen: name, valuelen: value, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
        )
        unsafe next += name + value
      }
      unsafe fields.withUnsafeBufferPointer { unsafe body($0.baseAddress.unsafelyUnwrapped, $0.count) }
    }
  }
}
