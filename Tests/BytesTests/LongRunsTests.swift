import Bytes
import Testing

@Suite struct LongRunsTests {
  private static func runs(_ text: [UInt8], _ slice: Slice) -> [Slice] {
    var search = LongRuns(slice)
    var found: [Slice] = []
    while let run = search.next(text.span) { found.append(run) }
    return found
  }

  /// The same without skipping anything.
  private static func allRuns(_ text: [UInt8], _ slice: Slice) -> [Slice] {
    var found: [Slice] = []
    var start = slice.start
    for index in slice.start...slice.end where index == slice.end || !LongRuns.isPart(text[index]) {
      let run = Slice(start, index)
      let isName = run.range.allSatisfy { !(0x30...0x5e).contains(text[$0]) }
      if index - start >= LongRuns.least, !isName { found.append(Slice(start, index)) }
      start = index + 1
    }
    return found
  }

  @Test(arguments: [19, 20, 21, 27, 28, 39, 40, 41, 1000])
  func `a run is found from twenty bytes on, wherever it stands`(length: Int) {
    for before in 0..<45 {
      for after in [0, 1, 7, 8, 20] {
        let text =
          [UInt8](repeating: 0x20, count: before) + [UInt8](repeating: 0x61, count: length - 1) + [0x30]
          + [UInt8](repeating: 0x22, count: after)
        let wanted = length < LongRuns.least ? [] : [Slice(before, before + length)]
        #expect(Self.runs(text, Slice(0, text.count)) == wanted, "\(before) \(length) \(after)")
      }
    }
  }

  @Test func `every run of random text is found, and nothing outside of the slice is looked for`() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var state = seed
    for _ in 0..<20_000 {
      let count = Int(Self.next(&state) % 200)
      // About one byte in sixteen ends a run.
      let isName = Self.next(&state) & 1 == 0
      let text = (0..<count).map { _ -> UInt8 in
        if isName, Self.next(&state) & 15 != 0 { return 0x5f + UInt8(Self.next(&state) % 0x20) }
        let random = Self.next(&state)
        return random & 15 == 0
          ? [0x20, 0x22, 0x23, 0x80, 0xff][Int((random >> 8) % 5)] : UInt8(0x24 + (random >> 8) % 0x5b)
      }
      let start = Int(Self.next(&state) % UInt64(count + 1))
      let slice = Slice(start, start + Int(Self.next(&state) % UInt64(count - start + 1)))
      #expect(Self.runs(text, slice) == Self.allRuns(text, slice), "seed \(seed)")
    }
  }

  @Test func `what ends a run is blank, quote, hash, and what is not ASCII`() {
    let ends = (UInt8.min...UInt8.max).filter { !LongRuns.isPart($0) }
    #expect(ends == [0x20, 0x22, 0x23] + Array(0x80...0xff))
  }

  private static func next(_ state: inout UInt64) -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 16
  }
}
