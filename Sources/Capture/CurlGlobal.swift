import CCurl
import Glibc

/// libcurl's set-up for the whole process.
enum CurlGlobal {
  /// Done once, on first use; Swift makes that safe from any thread.
  static let result: CURLcode = {
    // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to the program: a connection that the peer closed must not end it.
    _ = signal(SIGPIPE, SIG_IGN)
    return hoglet_curl_global_init()
  }()

  /// What libcurl calls an error. The text holds no address and no secret.
  static func text(_ code: CURLcode) -> String {
    guard let text = unsafe curl_easy_strerror(code) else { return "error \(code.rawValue)" }
    return unsafe String(cString: text)
  }
}
