import Bytes
import Sampling
import Testing

@Suite struct ThresholdTests {
  /// From the table in OpenTelemetry's specification: 1/2, 1/4, 1/1024, 10 %.
  @Test(arguments: [
    (1.0, "0"), (0.5, "8"), (0.25, "c"), (0.75, "4"), (1.0 / 1024, "ffc"), (0.1, "e6666666666668"),
  ])
  func `a probability is written as the specification has it`(probability: Double, th: String) throws {
    #expect(SamplingThreshold(probability: probability).th == th)
    let read = try #require(SamplingThreshold(th: Array(th.utf8)))
    #expect(abs(read.probability - probability) < 1e-12)
  }

  @Test(arguments: ["", "g", "E6", "-1", "0x8", "123456789abcdef"])
  func `what is not one to fourteen digits is no threshold`(text: String) {
    #expect(SamplingThreshold(th: Array(text.utf8)) == nil)
  }

  @Test func `the least probability still keeps something, and certainty everything`() {
    let least = SamplingThreshold(probability: 1e-30)
    #expect(least.keeps(SamplingThreshold.end - 1) && !least.keeps(SamplingThreshold.end - 2))
    #expect(SamplingThreshold(probability: 1) == .keepAll && SamplingThreshold.keepAll.keeps(0))
  }

  @Test func `what the stricter of two keeps, the other keeps`() {
    let (strict, mild) = (SamplingThreshold(probability: 0.1), SamplingThreshold(probability: 0.3))
    #expect(mild < strict)
    for step in UInt64(0)..<1_000 {
      let random = step * (SamplingThreshold.end / 1_000)
      #expect(!strict.keeps(random) || mild.keeps(random))
    }
  }
}

@Suite struct TraceStateTests {
  @Test(
    arguments: [
      ("ot=th:8", "8", nil), ("a=b, ot=rv:0123456789abcd;th:c,x=ot", "c", 0x0123_4567_89ab_cd),
      ("ot=rv:123", nil, nil), ("ot=th:zz;rv:ffffffffffffff", nil, 0xff_ffff_ffff_ffff), ("notot=th:8", nil, nil),
      ("", nil, nil), ("ot=", nil, nil), ("ot=;;th:4;", "4", nil),
    ] as [(String, String?, UInt64?)])
  func `threshold and randomness are read, and what is malformed is passed over`(
    text: String, th: String?, randomness: UInt64?
  ) {
    let bytes = Array(text.utf8)
    let state = TraceState(bytes.span, Slice(0, bytes.count))
    #expect(state.threshold?.th == th)
    #expect(state.randomness == randomness)
  }
}
