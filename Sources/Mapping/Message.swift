import Bytes

/// One message on its way out. Its parts are nodes of the tape.
struct Message {
  enum Role: Equatable, Sendable {
    case user, assistant, system, tool
    /// A role of the client's own, such as `developer`.
    case given(Slice)

    init(_ role: MessageRole) {
      switch role {
      case .user: self = .user
      case .assistant: self = .assistant
      case .system: self = .system
      case .tool: self = .tool
      }
    }
  }

  struct Part {
    enum Kind {
      case text, reasoning, media
      /// Written as it stands.
      case other
    }
    var kind: Kind
    var node: Int
  }

  var role: Role
  var parts: [Part] = []
  var calls: [ToolCall] = []
  /// What a tool's message answers.
  var callID: Int?
  var name: Int?

  var isReasoningOnly: Bool { calls.isEmpty && !parts.isEmpty && parts.allSatisfy { $0.kind == .reasoning } }
}

/// A model's request to run a tool; nodes of the tape.
struct ToolCall {
  var id: Int?
  var name: Int?
  var arguments: Int?
}

/// The messages read so far.
struct Transcript {
  /// How deep messages may lie inside what they are wrapped in; deeper is written as JSON text.
  static let depthMax = 24

  var messages: [Message] = []
  /// The role of what names none.
  let role: Message.Role
  /// Whether the last message takes parts that stand alone in a list.
  var isOpen = false
  /// Whether the last message is an assistant's reasoning and nothing else: what it says next belongs to it.
  private var isReasoning = false

  init(role: Message.Role) { self.role = role }

  /// Whether the last message may yet grow.
  var isGrowing: Bool { isOpen || isReasoning }

  var hasSystem: Bool { messages.contains { $0.role == .system } }

  mutating func add(_ message: Message) {
    let thinks = message.role == .assistant && message.isReasoningOnly
    if isReasoning, message.role == .assistant {
      join(message)
    } else {
      messages.append(message)
    }
    isReasoning = thinks
    isOpen = false
  }

  /// Adds parts that stand alone: to the last message if that is made of such parts too.
  mutating func add(loose message: Message) {
    if isGrowing, messages[messages.count - 1].role == message.role {
      isReasoning = isReasoning && message.isReasoningOnly
      join(message)
    } else {
      isReasoning = message.role == .assistant && message.isReasoningOnly
      messages.append(message)
    }
    isOpen = true
  }

  /// Makes a message part of the last one.
  mutating func join(_ message: Message) {
    let last = messages.count - 1
    messages[last].parts += message.parts
    messages[last].calls += message.calls
  }

  /// The messages; none are left.
  mutating func drain() -> [Message] {
    defer { self = Transcript(role: role) }
    return messages
  }
}
