import Foundation
import Gateway
import Mapping
import Telemetry
import Testing

/// What sampling knows of an event before it is written (`EventFacts`).
@Suite struct FactsTests {
  @Test(arguments: FixtureCase.all)
  func `facts say what the events say`(fixture: FixtureCase) throws {
    var mapping = OfflineMapping(program: try FixtureCase.stock())
    for file in fixture.requests { _ = try mapping.add(file, FixtureFolder.read(file)) }
    for (facts, event) in try mapping.facts() {
      let object = try #require(JSONSerialization.jsonObject(with: Data(event)) as? [String: Any])
      let properties = try #require(object["properties"] as? [String: Any])
      let note = Comment(rawValue: String(decoding: event, as: UTF8.self))
      #expect(EventName(number: facts.name)?.rawValue == object["event"] as? String, note)
      #expect(facts.model == properties["$ai_model"] as? String ?? "", note)
      #expect(facts.service == properties["service.name"] as? String ?? "", note)
      #expect(facts.inputTokens == (properties["$ai_input_tokens"] as? NSNumber)?.int64Value ?? 0, note)
      #expect(facts.outputTokens == (properties["$ai_output_tokens"] as? NSNumber)?.int64Value ?? 0, note)
      #expect(facts.isError == (properties["$ai_is_error"] as? Bool == true), note)
      if let cost = (properties["$ai_total_cost_usd"] as? NSNumber)?.doubleValue {
        #expect(abs(Double(facts.nanoDollars) - cost * 1e9) <= 1, note)
      }
    }
  }
}
