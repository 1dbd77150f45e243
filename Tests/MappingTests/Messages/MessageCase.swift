import Bytes
import Testing

@testable import Mapping

/// One shape that messages come in, and what goes out.
struct MessageCase: CustomTestStringConvertible {
  /// Where it is seen.
  var seen: String
  var input: String
  var output: String
  var isOutput = false

  init(_ seen: String, _ input: String, _ output: String, isOutput: Bool = false) {
    self.seen = seen
    self.input = input
    self.output = output
    self.isOutput = isOutput
  }

  var testDescription: String { seen }

  func check(_ location: SourceLocation = #_sourceLocation) {
    #expect(Normaliser.messages(input, isOutput: isOutput) == "[\(output)]", sourceLocation: location)
  }
}

/// The normaliser by itself.
enum Normaliser {
  static func messages(_ input: String, instructions: String? = nil, isOutput: Bool = false) -> String {
    let mapper = Mapper(program: Program(MappingSet()))
    var out = ByteBuffer()
    let told = instructions.map { [mapper.parsed($0) ?? mapper.textNode(Array($0.utf8))] } ?? []
    if let root = mapper.parsed(input) {
      mapper.writeMessages(root, instructions: told, role: isOutput ? .assistant : .user, to: &out)
    } else {
      mapper.writeMessage(text: mapper.constant(Array(input.utf8)), role: isOutput ? .assistant : .user, to: &out)
    }
    return out.string
  }

  static func tools(_ input: String) -> String {
    let mapper = Mapper(program: Program(MappingSet()))
    var out = ByteBuffer()
    let text = mapper.constant(Array(input.utf8))
    return mapper.writeTools(Resolved(item: .value(.string(text))), to: &out) ? out.string : "no"
  }
}

extension Mapper {
  func parsed(_ text: String) -> Int? {
    node(.value(.string(constant(Array(text.utf8)))), attribute: -1)
  }
}
