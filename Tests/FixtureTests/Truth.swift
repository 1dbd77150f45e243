import Foundation

/// `truth.json` of a capture: what the model endpoint really answered (Fixtures/README.md).
struct Truth {
  let json: [String: Any]

  init?(_ path: String) {
    guard let read = try? JSONSerialization.jsonObject(with: Data(FixtureFolder.read(path))) as? [String: Any] else {
      return nil
    }
    json = read
  }

  func ids(_ name: String) -> [String] { json[name] as? [String] ?? [] }
  var hasContent: Bool { json["content_captured"] as? Bool ?? false }

  /// Calls that left a span or a log record, each with the requests that it covers.
  var visible: [Call] {
    var answered: [String: [String: Any]] = [:]
    for call in json["calls"] as? [[String: Any]] ?? [] { answered["\(call["seq"] ?? "")"] = call }
    return (json["visible_calls"] as? [[String: Any]] ?? []).compactMap { visible in
      guard let own = answered["\(visible["seq"] ?? "")"] else { return nil }
      let covers = (visible["covers"] as? [Any] ?? []).compactMap { answered["\($0)"] }
      return Call(visible: visible, own: own, covers: covers)
    }
  }

  /// One visible call.
  struct Call {
    var visible: [String: Any]
    var own: [String: Any]
    var covers: [[String: Any]]

    var name: String { "call \(visible["seq"] ?? "?") (spans \(spans.joined(separator: ", ")))" }
    var spans: [String] { visible["spans"] as? [String] ?? [] }
    var event: String { visible["kind"] as? String == "embedding" ? "$ai_embedding" : "$ai_generation" }
    var isFailed: Bool { visible["failed"] as? Bool ?? false }
    func has(_ flag: String) -> Bool { visible[flag] as? Bool ?? false }
    func own(_ name: String) -> String? { own[name] as? String }
    func texts(_ name: String) -> [String] { own[name] as? [String] ?? [] }

    /// A number of the answer's usage, alone and over all requests that the call covers.
    func usage(_ name: String) -> [Int] {
      let each = covers.map { ($0["usage"] as? [String: Any])?[name] as? Int ?? 0 }
      return [(own["usage"] as? [String: Any])?[name] as? Int ?? 0, each.reduce(0, +)]
    }

    /// The value of `user_id` or `session_id` if it stands anywhere in the capture; several may be right.
    func identity(_ name: String) -> [String] {
      guard let stated = visible[name] as? [String: Any], (stated["where"] as? [Any])?.isEmpty == false else {
        return []
      }
      let more = (visible["\(name)_more"] as? [Any] ?? []).compactMap { ($0 as? [String: Any])?["value"] as? String }
      return [stated["value"] as? String].compactMap(\.self) + more
    }

    /// What the user said last, or the texts that were embedded.
    var prompts: [String] { own("last_user_text").map { [$0] } ?? texts("embedding_inputs") }
  }
}

/// The spans of a capture as they were sent, by id.
struct SentSpans {
  private(set) var spans: [String: [String: Any]] = [:]

  init(_ fixture: FixtureCase) {
    for path in fixture.jsonRequests {
      guard let root = try? JSONSerialization.jsonObject(with: Data(FixtureFolder.read(path))) as? [String: Any] else {
        continue
      }
      for resource in root["resourceSpans"] as? [[String: Any]] ?? [] {
        for scope in resource["scopeSpans"] as? [[String: Any]] ?? [] {
          for span in scope["spans"] as? [[String: Any]] ?? [] { spans[span["spanId"] as? String ?? ""] = span }
        }
      }
    }
  }

  /// The attributes of a span, each value as the text of its JSON.
  func attributes(_ id: String) -> [String: String] {
    var found: [String: String] = [:]
    for attribute in spans[id]?["attributes"] as? [[String: Any]] ?? [] {
      let value = attribute["value"] as? [String: Any] ?? [:]
      found[attribute["key"] as? String ?? ""] =
        value["stringValue"] as? String ?? value["intValue"] as? String ?? "\(value)"
    }
    return found
  }

  /// Everything of a span as one text.
  func text(_ id: String) -> String {
    guard let span = spans[id], let data = try? JSONSerialization.data(withJSONObject: span) else { return "" }
    return String(decoding: data, as: UTF8.self)
  }
}
