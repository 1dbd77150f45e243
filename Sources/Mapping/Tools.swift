import Bytes

/// Definitions of tools, whatever shape they come in.
extension Mapper {
  /// What a definition may be called.
  private enum ToolWord {
    static let name = names("name")
    static let description = names("description")
    static let function = names("function")
    static let toolSpec = names("toolSpec", "tool_spec")
    static let tool = names("tool")
    static let jsonSchema = names("json_schema")
    static let schema = names(
      "parameters", "input_schema", "inputSchema", "parameters_json_schema", "parametersJsonSchema", "json_schema")
    static let json = names("json")
    static let lists = names(
      "tools", "functions", "function_declarations", "functionDeclarations", "function_tools", "toolConfig")

    private static func names(_ names: String...) -> [[UInt8]] { names.map { Array($0.utf8) } }
  }

  /// How deep definitions may lie inside lists and wrappings.
  private static var depthMax: Int { 8 }

  /// OpenAI's shape: `[{type: "function", function: {name, description, parameters}}]`.
  func writeTools(_ found: Resolved, to out: inout ByteBuffer) -> Bool {
    guard let root = node(found.item, attribute: found.attribute) else { return false }
    out.append(UInt8(ascii: "["))
    let start = out.count
    writeTool(root, depth: 0, to: &out)
    if out.count > start { out.truncate(to: out.count - 1) }
    out.append(UInt8(ascii: "]"))
    return true
  }

  /// Writes a definition, or the several that are in it, each with a comma after it.
  private func writeTool(_ given: Int, depth: Int, to out: inout ByteBuffer) {
    let tool = node(.node(given), attribute: -1) ?? given
    switch tape.nodes[tool].kind {
    case .array where depth < Self.depthMax:
      for child in children(of: tool) { writeTool(child, depth: depth + 1, to: &out) }
    case .object where depth < Self.depthMax:
      let inner = member(tool, anyOf: ToolWord.function) ?? member(tool, anyOf: ToolWord.toolSpec)
      if let inner, isObject(inner) { return writeDefinition(inner, of: tool, to: &out) }
      if member(tool, anyOf: ToolWord.name) != nil { return writeDefinition(tool, of: tool, to: &out) }
      if let list = member(tool, anyOf: ToolWord.lists) ?? member(tool, anyOf: ToolWord.tool) {
        return writeTool(list, depth: depth + 1, to: &out)
      }
      // OpenInference: the whole definition, as JSON text.
      if let schema = member(tool, anyOf: ToolWord.jsonSchema), isString(schema) {
        return writeTool(schema, depth: depth + 1, to: &out)
      }
      writeDefinition(tool, of: tool, to: &out)
    case .string, .text:
      // Strands and LiveKit give names only.
      out.append("{\"type\":\"function\",\"function\":{\"name\":")
      writeString(tool, to: &out)
      out.append("}},")
    case .null: break
    default:
      write(tool, to: &out)
      out.append(UInt8(ascii: ","))
    }
  }

  private func writeDefinition(_ function: Int, of tool: Int, to out: inout ByteBuffer) {
    guard let name = member(function, anyOf: ToolWord.name), isString(name) else {
      // A provider's own tool: its type says it all.
      write(tool, to: &out)
      return out.append(UInt8(ascii: ","))
    }
    out.append("{\"type\":\"function\",\"function\":{\"name\":")
    writeString(name, to: &out)
    if let about = member(function, anyOf: ToolWord.description) {
      out.append(",\"description\":")
      writeAsText(about, to: &out)
    }
    if let schema = member(function, anyOf: ToolWord.schema).flatMap({ node(.node($0), attribute: -1) }) {
      out.append(",\"parameters\":")
      write(member(schema, anyOf: ToolWord.json) ?? schema, to: &out)
    }
    out.append("}},")
  }
}
