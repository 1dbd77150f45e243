import CCurl

/// The header lines of a request, as libcurl's linked list. Must outlive the transfer that uses it.
@safe final class CurlHeaderList {
  private(set) var head: UnsafeMutablePointer<curl_slist>?

  /// nil if a line could not be added, for want of memory or because it would break out of its line.
  init?(_ lines: [String]) {
    for line in lines {
      guard line.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x09 }), let longer = unsafe curl_slist_append(head, line) else {
        return nil
      }
      unsafe head = longer
    }
  }

  deinit { unsafe curl_slist_free_all(head) }
}
