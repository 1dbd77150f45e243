import Bytes
import CCurl

/// One transfer: libcurl's easy handle with all that it points at.
///
/// The body is not copied: libcurl reads it where `RequestBody` holds it, so the body lives as long as this object, and
/// this object until the transfer has left its multi handle.
@safe final class CurlEasy {
  let id: UInt64
  let handle: UnsafeMutableRawPointer
  private let headers: CurlHeaderList
  private let body: RequestBody
  private let received: CurlReceived
  private var failed: (option: String, code: CURLcode)?

  init(_ request: HTTPRequest, _ settings: ClientSettings) throws(HTTPFailure) {
    // `Expect:` without a value keeps libcurl from asking first and waiting a second for the answer.
    guard let easy = unsafe curl_easy_init(), let list = CurlHeaderList(request.headers + ["Expect:"]) else {
      throw HTTPFailure(reason: "libcurl could not begin a request")
    }
    id = request.id
    unsafe handle = easy
    headers = list
    body = request.body
    received = CurlReceived(bytesMax: settings.responseBytesMax)
    setAddress(request.url, settings)
    setTrust(settings)
    setBody()
    setTimes(settings)
    setAnswer(settings)
    if let failed { throw HTTPFailure(reason: "libcurl refused \(failed.option): \(CurlGlobal.text(failed.code))") }
  }

  deinit { unsafe curl_easy_cleanup(handle) }

  /// What came of the transfer, once libcurl has said how it ended.
  func outcome(_ code: CURLcode) -> Result<HTTPAnswer, HTTPFailure> {
    var status = 0
    _ = unsafe hoglet_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    // A body that we cut short ends in a write error, but the answer is there. So is that of a server that refuses and
    // closes while we are still sending; only a success has to be whole.
    guard code == CURLE_OK || received.isCut || status >= 400, let status = UInt16(exactly: status), status >= 200
    else {
      return .failure(HTTPFailure(reason: CurlGlobal.text(code)))
    }
    return .success(HTTPAnswer(status: status, retryAfter: received.retryAfter, body: received.body))
  }

  private func setAddress(_ url: String, _ settings: ClientSettings) {
    let scheme = url.lowercased().hasPrefix("http://") ? "http" : "https"
    set(CURLOPT_URL, url, "the URL")
    set(CURLOPT_PROTOCOLS_STR, scheme, "the protocol")
    set(CURLOPT_FOLLOWLOCATION, 0, "no redirects")
    set(CURLOPT_NETRC, 0, "no netrc")
    // Both empty texts keep libcurl from asking the environment.
    set(CURLOPT_PROXY, settings.proxy ?? "", "the proxy")
    set(CURLOPT_NOPROXY, "", "the proxy's exceptions")
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1, "the proxy's headers")
    set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS), "HTTP/2")
    // Over HTTP/2, wait for the connection that is being made rather than make another.
    set(CURLOPT_PIPEWAIT, scheme == "https" ? 1 : 0, "multiplexing")
  }

  private func setTrust(_ settings: ClientSettings) {
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2), "TLS 1.2")
    set(CURLOPT_SSL_VERIFYPEER, 1, "certificate checks")
    set(CURLOPT_SSL_VERIFYHOST, 2, "host name checks")
    if let file = settings.caFile { set(CURLOPT_CAINFO, file, "the CA file") }
  }

  private func setBody() {
    set(CURLOPT_POST, 1, "POST")
    note(unsafe hoglet_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)), "the body's size")
    body.buffer.withSpan { span in
      // Leaves the closure on purpose: the memory belongs to `body`, which we hold and which no longer grows.
      unsafe span.withUnsafeBufferPointer { bytes in
        note(unsafe hoglet_curl_set_pointer(handle, CURLOPT_POSTFIELDS, bytes.baseAddress), "the body")
      }
    }
    set(CURLOPT_UPLOAD_BUFFERSIZE, CaptureLimits.uploadBufferBytes, "the upload buffer")
    note(unsafe hoglet_curl_set_list(handle, CURLOPT_HTTPHEADER, headers.head), "the headers")
  }

  private func setTimes(_ settings: ClientSettings) {
    let upload = Duration.seconds(body.count / CaptureLimits.uploadBytesPerSecond)
    set(CURLOPT_TIMEOUT_MS, (settings.timeout + upload).milliseconds, "the timeout")
    set(CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeout.milliseconds, "the connect timeout")
    // Whatever the body's size, nothing may stand still for longer than the timeout.
    set(CURLOPT_LOW_SPEED_LIMIT, 1, "the lowest speed")
    set(CURLOPT_LOW_SPEED_TIME, max(1, (settings.timeout.milliseconds + 999) / 1_000), "the lowest speed's time")
    set(CURLOPT_NOSIGNAL, 1, "no signals")
    set(CURLOPT_TCP_KEEPALIVE, 1, "keep-alive")
  }

  private func setAnswer(_ settings: ClientSettings) {
    set(CURLOPT_USERAGENT, settings.userAgent, "the user agent")
    let context = unsafe Unmanaged.passUnretained(received).toOpaque()
    note(unsafe hoglet_curl_set_callback(handle, CURLOPT_WRITEFUNCTION, curlOnBody), "the body's callback")
    note(unsafe hoglet_curl_set_pointer(handle, CURLOPT_WRITEDATA, context), "the body's context")
    note(unsafe hoglet_curl_set_callback(handle, CURLOPT_HEADERFUNCTION, curlOnHeader), "the headers' callback")
    note(unsafe hoglet_curl_set_pointer(handle, CURLOPT_HEADERDATA, context), "the headers' context")
  }

  private func set(_ option: CURLoption, _ value: Int, _ name: String) {
    note(unsafe hoglet_curl_set_long(handle, option, value), name)
  }

  /// libcurl copies the text.
  private func set(_ option: CURLoption, _ value: String, _ name: String) {
    note(unsafe hoglet_curl_set_string(handle, option, value), name)
  }

  private func note(_ code: CURLcode, _ option: String) {
    if code != CURLE_OK, failed == nil { failed = (option, code) }
  }
}

extension Duration {
  /// Rounded up, so that a wait is never shorter than it should be.
  var milliseconds: Int { Int((wholeNanoseconds + 999_999) / 1_000_000) }
}
