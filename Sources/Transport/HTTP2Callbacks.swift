import CNghttp2

/// The C functions libnghttp2 calls, each no more than the way to the delegate.
@safe final class HTTP2Callbacks {
  let table: OpaquePointer

  init() throws(HTTP2Session.Failure) {
    var created: OpaquePointer?
    let code = unsafe nghttp2_session_callbacks_new(&created)
    guard let created = unsafe created else { throw HTTP2Session.Failure(code: code) }
    unsafe table = created
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(created) { _, frame, user in
      if unsafe HTTP2Callbacks.kind(frame.unsafelyUnwrapped) == .request {
        unsafe HTTP2Callbacks.session(user).delegate.headersBegin(frame.unsafelyUnwrapped.pointee.hd.stream_id)
      }
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_header_callback(created) {
      _, frame, name, nameCount, value, count, _, user in
      guard unsafe HTTP2Callbacks.kind(frame.unsafelyUnwrapped) == .request else { return 0 }
      unsafe HTTP2Callbacks.session(user).delegate.header(
        frame.unsafelyUnwrapped.pointee.hd.stream_id, name: UnsafeBufferPointer(start: name, count: nameCount),
        value: UnsafeBufferPointer(start: value, count: count))
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(created) { _, frame, user in
      unsafe HTTP2Callbacks.session(user).delegate.frameReceived(HTTP2Callbacks.frame(frame.unsafelyUnwrapped))
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(created) { _, _, _, user in
      unsafe HTTP2Callbacks.session(user).delegate.clientErred()
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(created) { _, _, stream, bytes, count, user in
      unsafe HTTP2Callbacks.session(user).delegate.dataReceived(
        stream, UnsafeRawBufferPointer(start: bytes, count: count))
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_frame_send_callback(created) { _, frame, user in
      if unsafe HTTP2Callbacks.isFault(frame.unsafelyUnwrapped) {
        unsafe HTTP2Callbacks.session(user).delegate.resetProvoked()
      }
      let frame = unsafe HTTP2Callbacks.frame(frame.unsafelyUnwrapped)
      if frame.endsStream && (frame.kind == .data || frame.kind == .trailers) {
        unsafe HTTP2Callbacks.session(user).delegate.answerSent(frame.stream)
      }
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(created) { _, stream, _, user in
      unsafe HTTP2Callbacks.session(user).delegate.streamClosed(stream)
      return 0
    }
  }

  deinit { unsafe nghttp2_session_callbacks_del(table) }

  static let readData: nghttp2_data_source_read_callback = { _, stream, room, count, flags, _, user in
    let session = unsafe HTTP2Callbacks.session(user)
    let part = unsafe session.delegate.nextData(
      stream, into: UnsafeMutableRawBufferPointer(start: room, count: count))
    if part.isLast {
      unsafe flags.unsafelyUnwrapped.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
      if !part.trailers.isEmpty {
        unsafe flags.unsafelyUnwrapped.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
        session.submitTrailers(part.trailers, to: stream)
      }
    }
    return part.count
  }

  private static func session(_ user: UnsafeMutableRawPointer?) -> HTTP2Session {
    unsafe Unmanaged<HTTP2Session>.fromOpaque(user.unsafelyUnwrapped).takeUnretainedValue()
  }

  /// A stream that we reset for what the client did. One too many of them was never begun, and cost nothing.
  private static func isFault(_ frame: UnsafePointer<nghttp2_frame>) -> Bool {
    guard unsafe nghttp2_frame_type(UInt32(frame.pointee.hd.type)) == NGHTTP2_RST_STREAM else { return false }
    let code = unsafe frame.pointee.rst_stream.error_code
    return code != NGHTTP2_NO_ERROR.rawValue && code != NGHTTP2_REFUSED_STREAM.rawValue
  }

  private static func kind(_ frame: UnsafePointer<nghttp2_frame>) -> HTTP2Frame.Kind {
    switch unsafe nghttp2_frame_type(UInt32(frame.pointee.hd.type)) {
    case NGHTTP2_DATA: .data
    case NGHTTP2_HEADERS: unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST ? .request : .trailers
    case NGHTTP2_SETTINGS: .settings
    default: .other
    }
  }

  private static func frame(_ frame: UnsafePointer<nghttp2_frame>) -> HTTP2Frame {
    let flags = unsafe UInt32(frame.pointee.hd.flags)
    let kind = unsafe kind(frame)
    return unsafe HTTP2Frame(
      stream: frame.pointee.hd.stream_id, kind: kind, length: frame.pointee.hd.length,
      endsStream: flags & UInt32(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 && kind != .other && kind != .settings,
      isAcknowledgement: kind == .settings && flags & UInt32(NGHTTP2_FLAG_ACK.rawValue) != 0)
  }
}
