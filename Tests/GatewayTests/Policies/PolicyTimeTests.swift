import Testing

@testable import Gateway

@Suite struct PolicyTimeTests {
  @Test(
    arguments: [
      ("2026-11-20T10:30:00", 1_795_170_600), ("2026-11-20T10:30:00Z", 1_795_170_600),
      ("2026-11-20 10:30:00.123456", 1_795_170_600), ("2026-11-20T12:30:00+02:00", 1_795_170_600),
      ("2026-11-20T05:00:00.5-0530", 1_795_170_600), ("1970-01-01T00:00:00+01:00", 0),
    ] as [(String, Int64)])
  func `moments are read as clients write them`(text: String, seconds: Int64) {
    #expect(PolicyTime.seconds(.string(text)) == seconds)
  }

  @Test(arguments: [
    "", "yesterday", "2026-11-20", "2026-13-20T10:30:00", "2026-11-20T25:30:00", "2026-11-20T10:30:00+2",
    "2026-11-20T10:30:00+02:0", "2026-11-20T10:30:00X", "1969-11-20T10:30:00", "2026-11-20T1０:30:00",
  ])
  func `what is no moment is none`(text: String) {
    #expect(PolicyTime.seconds(.string(text)) == nil)
  }

  @Test func `seconds are read as numbers, and written with a zone`() {
    #expect(PolicyTime.seconds(1_795_170_600.9) == 1_795_170_600)
    #expect(PolicyTime.seconds(-1) == nil)
    #expect(PolicyTime.seconds(100_000_000_000) == 100_000_000_000)
    #expect(PolicyTime.seconds(100_000_000_001) == nil)
    #expect(PolicyTime.seconds(.number(.infinity)) == nil)
    #expect(PolicyTime.seconds(.bool(true)) == nil)
    #expect(PolicyTime.text(1_795_170_600) == "2026-11-20T10:30:00+00:00")
  }
}
