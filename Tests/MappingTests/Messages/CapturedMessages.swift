import Bytes

@testable import Mapping

/// Everything in the captures that holds messages, as JSON text.
struct CapturedMessages {
  var place: String
  var json: String

  /// Attributes whose value is messages, or holds them.
  private static let names = [
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.prompt",
    "gen_ai.completion", "ai.prompt", "ai.prompt.messages", "ai.response.toolCalls", "events", "all_messages_events",
    "pydantic_ai.all_messages", "langfuse.observation.input", "langfuse.observation.output", "mlflow.spanInputs",
    "mlflow.spanOutputs", "lk.pii.chat_ctx", "lk.pii.response.function_calls", "input.value", "output.value",
    "haystack.component.input", "haystack.component.output",
  ]
  /// Indexed families of attributes that are messages.
  private static let families = ["llm.input_messages.", "llm.output_messages.", "gen_ai.prompt.", "gen_ai.completion."]

  static let all: [CapturedMessages] = {
    let root = "\(MappingFixtures.folder)/../../Fixtures"
    var found: [CapturedMessages] = []
    for dialect in (try? Folder.names(in: root)) ?? [] where !dialect.contains(".") {
      for name in (try? Folder.names(in: "\(root)/\(dialect)")) ?? [] {
        for file in (try? Folder.names(in: "\(root)/\(dialect)/\(name)")) ?? [] where file.hasSuffix(".otlp.json") {
          guard let text = Folder.bytes(at: "\(root)/\(dialect)/\(name)/\(file)") else { continue }
          found += Capture(text, place: "\(name)/\(file)").messages()
        }
      }
    }
    return found
  }()

  /// One request body as OTLP/JSON.
  private struct Capture {
    var bytes: [UInt8]
    var place: String
    var tape = JSONTape()

    init(_ bytes: [UInt8], place: String) {
      self.bytes = bytes
      self.place = place
      _ = try? tape.parse(bytes.span, Slice(0, bytes.count))
    }

    func messages() -> [CapturedMessages] {
      var found: [CapturedMessages] = []
      for node in tape.nodes.indices where tape.nodes[node].kind == .object {
        if let list = member(node, "attributes") { found += messages(attributes: list) }
        if let body = member(node, "body"), let name = member(node, "eventName").map({ text($0) }) {
          // As the resolver does it, the event's name gives the role.
          let role = name.hasSuffix(".message") ? name.split(separator: ".").dropLast().last : nil
          let json = json(body)
          let isWithout = json.hasPrefix("{") && !json.contains("\"role\":")
          let named = role.flatMap { isWithout ? "{\"role\":\"\($0)\"," + json.dropFirst() : nil } ?? json
          found.append(CapturedMessages(place: "\(place) body", json: named))
        }
      }
      return found.filter { $0.json.hasPrefix("[") || $0.json.hasPrefix("{") }
    }

    private func messages(attributes list: Int) -> [CapturedMessages] {
      var found: [CapturedMessages] = []
      var families: [String: [(path: [String], json: String)]] = [:]
      for attribute in children(list) {
        guard let key = member(attribute, "key").map({ text($0) }), let value = member(attribute, "value") else {
          continue
        }
        if CapturedMessages.names.contains(key) {
          let text = member(value, "stringValue").map { unescaped($0) } ?? json(value)
          found.append(CapturedMessages(place: "\(place) \(key)", json: text))
        }
        for family in CapturedMessages.families where key.hasPrefix(family) {
          let path = key.dropFirst(family.count).split(separator: ".").map(String.init)
          if path.first.flatMap({ Int($0) }) != nil { families[family, default: []].append((path, json(value))) }
        }
      }
      for (family, members) in families {
        found.append(CapturedMessages(place: "\(place) \(family)N", json: nested(members)))
      }
      return found
    }

    /// Flattened members as one structure again.
    private func nested(_ members: [(path: [String], json: String)]) -> String {
      if let leaf = members.first(where: { $0.path.isEmpty }) { return leaf.json }
      var groups: [(name: String, members: [(path: [String], json: String)])] = []
      for member in members {
        let rest = (Array(member.path.dropFirst()), member.json)
        if let place = groups.firstIndex(where: { $0.name == member.path[0] }) {
          groups[place].members.append(rest)
        } else {
          groups.append((member.path[0], [rest]))
        }
      }
      if groups.allSatisfy({ Int($0.name) != nil }) {
        return groups.sorted { (Int($0.name) ?? 0) < (Int($1.name) ?? 0) }.map { nested($0.members) }.list
      }
      return "{" + groups.map { "\"\($0.name)\":\(nested($0.members))" }.joined(separator: ",") + "}"
    }

    /// An OTLP value as plain JSON.
    private func json(_ value: Int) -> String {
      guard let inner = children(value).first else { return "null" }
      switch bytes.span.string(tape.nodes[inner].key) {
      case "arrayValue": return children(member(inner, "values")).map { json($0) }.list
      case "kvlistValue":
        let members = children(member(inner, "values")).map { pair in
          "\"\(member(pair, "key").map { text($0) } ?? "")\":\(member(pair, "value").map { json($0) } ?? "null")"
        }
        return "{" + members.joined(separator: ",") + "}"
      case "stringValue", "bytesValue": return "\"\(text(inner))\""
      default: return text(inner)
      }
    }

    private func children(_ node: Int?) -> [Int] { node.map { tape.children(of: $0) } ?? [] }

    private func member(_ node: Int, _ name: String) -> Int? {
      children(node).first { bytes.span.string(tape.nodes[$0].key) == name }
    }

    /// A string as it stands between its quotes.
    private func text(_ node: Int) -> String { bytes.span.string(tape.nodes[node].text) }

    private func unescaped(_ node: Int) -> String {
      var text: [UInt8] = []
      JSONText.unescape(bytes.span, tape.nodes[node].text, into: &text)
      return String(decoding: text, as: UTF8.self)
    }
  }
}
