import Synchronization
import Testing

@testable import Gateway

@Suite struct BellTests {
  @Test("a bell that nobody hung up is silent")
  func silent() {
    Bell().ring()
  }

  @Test("a bell rings at the same depth of the stack however often it rang")
  func often() {
    let rung = Atomic(0)
    let deepest = Atomic(0)
    let bell = Bell()
    bell.set {
      rung.add(1, ordering: .relaxed)
      deepest.store(Self.stackAddress(), ordering: .relaxed)
    }
    bell.ring()
    let first = deepest.load(ordering: .relaxed)
    for _ in 0..<1_000 { bell.ring() }
    #expect(rung.load(ordering: .relaxed) == 1_001)
    #expect(first - deepest.load(ordering: .relaxed) == 0)
  }

  /// Where the stack stands.
  @inline(never) private static func stackAddress() -> Int {
    var here = 0
    return unsafe withUnsafePointer(to: &here) { Int(bitPattern: $0) }
  }
}
