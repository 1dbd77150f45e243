import Spool
import Testing

@testable import Gateway

@Suite struct AnswersTests {
  /// Exporters try again after 429 and 503 only, and when they are told to.
  @Test(
    arguments: [
      (.full(bytesMax: 1), 503, true), (.keyFull(bytesMax: 1), 429, true), (.diskLow(freeBytes: 1), 503, true),
      (.busy, 503, true), (.failed("no"), 503, true), (.closing, 503, true), (.tooManyLanes, 429, false),
    ] as [(Refusal, UInt16, Bool)])
  func `what the spool refuses is to be sent again, unless it never fits`(
    _ refusal: Refusal, _ status: UInt16, _ isToBeRetried: Bool
  ) {
    let answer = Answers.refused(refusal, .json)
    #expect(answer.status == status)
    #expect(answer.headers.contains { $0.0 == "Retry-After" } == isToBeRetried)
  }
}
