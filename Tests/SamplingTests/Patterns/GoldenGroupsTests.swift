import Bytes
import Glibc
import Sampling
import Testing

/// The files of `Tests/Patterns/golden`: lines, and for each the number of the group that the executable specification of
/// the design puts it in. They were made by it, not by this code.
@Suite struct GoldenGroupsTests {
  @Test(arguments: ["formats", "mutated", "fragments", "words"])
  func `lines are grouped as the specification groups them`(name: String) throws {
    let bytes = try Self.read("\(name).log")
    let lines = Self.lines(bytes)
    let numbers = try Self.read("\(name).groups")
    let groups = Self.lines(numbers).map { numbers.span.string($0) }
    try #require(lines.count == groups.count && lines.count > 800)
    var miner = PatternMiner()
    let ids = lines.map { miner.pattern(of: bytes.span, $0).id }
    var idOfGroup: [String: PatternID] = [:]
    var groupOfID: [PatternID: String] = [:]
    for (index, group) in groups.enumerated() {
      let id = miner.canonical(ids[index])
      let text = bytes.span.string(lines[index])
      #expect(idOfGroup[group, default: id] == id, "line \(index + 1) is apart from its group: \(text)")
      #expect(groupOfID[id, default: group] == group, "line \(index + 1) is in another's group: \(text)")
      idOfGroup[group] = id
      groupOfID[id] = group
    }
  }

  private static func lines(_ bytes: [UInt8]) -> [Slice] {
    var lines: [Slice] = []
    var start = 0
    for index in bytes.indices where bytes[index] == 0x0a {
      lines.append(Slice(start, index))
      start = index + 1
    }
    if start < bytes.count { lines.append(Slice(start, bytes.count)) }
    return lines
  }

  private struct Missing: Error {}

  private static func read(_ name: String) throws -> [UInt8] {
    let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    guard let file = unsafe fopen("/\(here)/Patterns/golden/\(name)", "r") else { throw Missing() }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }
}
