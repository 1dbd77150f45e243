/// A text that must not be seen: keys, tokens, addresses with a password in them. Printing, dumping or interpolating it
/// shows a placeholder; whoever really needs it says `reveal()`, so that a search finds every such place.
package struct Secret: Sendable, Hashable {
  private let text: String

  package init(_ text: String) {
    self.text = text
  }

  /// The text itself. For the wire, never for logs or errors.
  package func reveal() -> String { text }

  /// What stands in its place wherever people look.
  package static let placeholder = "[secret]"
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { Self.placeholder }
  package var debugDescription: String { Self.placeholder }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
