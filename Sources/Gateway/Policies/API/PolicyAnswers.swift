import Store
import Transport

/// Why a request of the policy API is refused.
struct PolicyRefusal: Error {
  var status: UInt16
  var detail: String
  /// Further members of the answer.
  var more: [JSONValue.Member]
  /// The methods that would have been right.
  var allow: String?

  init(_ status: UInt16, _ detail: String, _ more: [JSONValue.Member] = [], allow: String? = nil) {
    self.allow = allow
    self.status = status
    self.detail = detail
    self.more = more
  }

  var response: Response {
    var response = Response.json(
      status, .object([JSONValue.Member(name: "detail", value: .string(detail))] + more))
    if let allow { response.headers.append(("allow", allow)) }
    return response
  }

  static func store(_ error: StoreError) -> PolicyRefusal { PolicyRefusal(503, "\(error)") }
}

extension Response {
  static func json(_ status: UInt16, _ value: JSONValue, etag: String? = nil) -> Response {
    var response = Response(status: status, headers: [("content-type", "application/json")], body: value.bytes)
    if let etag { response.headers.append(("etag", etag)) }
    return response
  }
}

/// Conditions of a request on what is there (RFC 9110, section 13.1).
enum Precondition {
  /// Whether a list of entity tags, or `*`, has this one. For `If-None-Match` weak tags count too.
  static func matches(_ list: String, _ etag: String, isWeak: Bool) -> Bool {
    for item in list.split(separator: ",") {
      let trimmed = item.drop { $0 == " " || $0 == "\t" }
      let word = trimmed.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
      var tag = String(word)
      if tag == "*" { return true }
      if isWeak, tag.hasPrefix("W/") { tag = String(tag.dropFirst(2)) }
      if tag == etag { return true }
    }
    return false
  }
}

/// The query of a request.
struct PolicyQuery {
  private var values: [String: String] = [:]

  init(_ query: String?) throws(PolicyRefusal) {
    for pair in (query ?? "").split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = PolicyRoute.percentDecoded(String(parts[0]))
      let value = PolicyRoute.percentDecoded(parts.count > 1 ? String(parts[1]).replacing("+", with: " ") : "")
      guard let name, let value else { throw PolicyRefusal(422, "the query is not percent-encoded UTF-8") }
      guard values.updateValue(value, forKey: name) == nil else { throw PolicyRefusal(422, "\(name) is given twice") }
    }
  }

  func number(_ name: String, _ range: ClosedRange<Int>) throws(PolicyRefusal) -> Int? {
    guard let text = values[name] else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw PolicyRefusal(
        422, "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The name of a service; without one, the gateway's own policy is meant.
  func service() throws(PolicyRefusal) -> String {
    guard let name = values["service"] else { return PolicyService.gateway }
    guard PolicyRoute.isName(name) else {
      throw PolicyRefusal(422, "service is 1 to \(PolicyRoute.nameBytesMax) bytes of text without '/'")
    }
    return name
  }
}
